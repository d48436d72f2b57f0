"""What a node measures beside its sockets and its API."""

import asyncio
from typing import Final

from prometheus_client import CollectorRegistry, Gauge

from cavalcade.monolith.node_status import NodeStatus
from cavalcade.monolith.registry import Registry
from cavalcade.server.processes.clock import AdaptiveClock
from cavalcade.server.processes.stall_watchdog import StallWatchdog
from cavalcade.server.sockets.socket_metrics import SocketMetrics

INTERVAL_S: Final = 1.0


_CLUSTER: Final = {
    "is_draining": "Whether this node gives its sessions away, to stop.",
    "lease_s": "Seconds for which this node's lease stands; below zero where it is over.",
    "others": "Other nodes that this one knows.",
    "owned": "Sessions that this node owns.",
    "taken_over": "Sessions taken over since the start.",
    "handed_over": "Sessions given away since the start.",
    "superseded": "Sessions that another node took over from this one since the start.",
    "calls_passed_on": "API calls passed on to other nodes since the start.",
    "sockets_passed_on": "Sockets passed on to other nodes since the start.",
    "stood_still": "Times this node stood still for longer than its lease.",
}
"""What `reports.NodeReport` says, as gauges."""


class NodeMetrics:
    """Sessions, restarts and the loop."""

    def __init__(
        self,
        metrics: CollectorRegistry,
        sockets: SocketMetrics,
        registry: Registry,
        *,
        clock: AdaptiveClock,
        watchdog: StallWatchdog,
        status: NodeStatus,
    ) -> None:
        """Registers the gauges of a node, beside those that it has in common with a gateway."""
        self._status = status
        self._cluster = {
            name: Gauge(f"cavalcade_node_{name}", about, registry=metrics) for name, about in _CLUSTER.items()
        }
        self._sockets, self._registry, self._clock, self._watchdog = sockets, registry, clock, watchdog
        self._sessions = Gauge("cavalcade_session_places", "Sessions that have an entry here.", registry=metrics)
        self._processes = Gauge("cavalcade_session_processes", "Session processes that run.", registry=metrics)
        self._restarts = Gauge("cavalcade_session_restarts", "Session processes started again.", registry=metrics)
        self._given_up = Gauge("cavalcade_sessions_given_up", "Sessions that failed too often.", registry=metrics)

    async def run(self) -> None:
        """Measures once a second, until cancelled."""
        while True:
            entries = self._registry.entries.values()
            self._sessions.set(len(entries))
            self._processes.set(sum(entry.task is not None for entry in entries))
            self._restarts.set(self._registry.restarts)
            self._given_up.set(self._registry.given_up)
            self._sockets.measure(sum(bool(entry.audience) for entry in entries), self._clock, self._watchdog)
            report = self._status.report()
            for name, gauge in self._cluster.items():
                value = getattr(report, name)
                gauge.set(len(value) if isinstance(value, tuple) else value)
            await asyncio.sleep(INTERVAL_S)
