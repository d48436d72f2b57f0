"""What the HTTP side counts; routes are named by their template, so that no session can be told from the labels."""

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector

UNMATCHED: Final = "unmatched"
"""The route of a request that no handler takes: its path could be anything."""

_METHODS: Final = frozenset({"GET", "POST", "PATCH", "DELETE", "PUT", "HEAD", "OPTIONS"})
_BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 2.5, 5.0)


def new_registry() -> CollectorRegistry:
    """Where a process registers what it measures; what the kernel says of the process is in it from the beginning."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    return registry


class HttpMetrics:
    """The counters of one process's HTTP calls."""

    def __init__(self, registry: CollectorRegistry) -> None:
        """Registers them."""
        self._requests = Counter(
            "cavalcade_http_requests", "Answered requests.", ["method", "route", "status"], registry=registry
        )
        self._seconds = Histogram(
            "cavalcade_http_request_seconds",
            "Time from a request's head to the end of its answer.",
            ["method", "route"],
            buckets=_BUCKETS,
            registry=registry,
        )

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Counts an answer."""
        method = method if method in _METHODS else "other"
        self._requests.labels(method, route, status).inc()
        self._seconds.labels(method, route).observe(seconds)
