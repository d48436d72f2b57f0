"""What a node measures beside its sockets and its API."""

import asyncio
from typing import Final

from prometheus_client import CollectorRegistry, Gauge

from cavalcade.monolith.registry import Registry
from cavalcade.monolith.watchdog import StallWatchdog
from cavalcade.server.clock import AdaptiveClock

INTERVAL_S: Final = 1.0


class NodeMetrics:
    """Sessions, restarts and the loop."""

    def __init__(
        self, metrics: CollectorRegistry, registry: Registry, clock: AdaptiveClock, watchdog: StallWatchdog
    ) -> None:
        """Registers the gauges."""
        self._registry, self._clock, self._watchdog = registry, clock, watchdog
        self._sessions = Gauge("cavalcade_session_places", "Sessions that have a place here.", registry=metrics)
        self._processes = Gauge("cavalcade_session_processes", "Session processes that run.", registry=metrics)
        self._restarts = Gauge("cavalcade_session_restarts", "Session processes started again.", registry=metrics)
        self._given_up = Gauge("cavalcade_sessions_given_up", "Sessions that failed too often.", registry=metrics)
        self._lag = Gauge("cavalcade_node_loop_lag_seconds", "How late the event loop runs.", registry=metrics)
        self._stalls = Gauge("cavalcade_loop_stalls", "Times the event loop was blocked.", registry=metrics)

    async def run(self) -> None:
        """Measures once a second, until cancelled."""
        while True:
            places = self._registry.places.values()
            self._sessions.set(len(places))
            self._processes.set(sum(place.task is not None for place in places))
            self._restarts.set(self._registry.restarts)
            self._given_up.set(self._registry.given_up)
            self._lag.set(self._clock.lag_s)
            self._stalls.set(self._watchdog.stalls)
            await asyncio.sleep(INTERVAL_S)
