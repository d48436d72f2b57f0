"""What the WebSocket side counts; none of it is labelled by session."""

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from cavalcade.server.processes.clock import AdaptiveClock
from cavalcade.server.processes.stall_watchdog import StallWatchdog

_BUCKETS: Final = (0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0)


class SocketMetrics:
    """The counters of one process's sockets."""

    def __init__(self, registry: CollectorRegistry) -> None:
        """Registers them."""
        self.connections = Gauge("cavalcade_connections", "WebSocket connections open now.", registry=registry)
        self.sessions = Gauge("cavalcade_sessions_hosted", "Sessions with connections here.", registry=registry)
        self.loop_lag = Gauge("cavalcade_loop_lag_seconds", "How late the event loop runs.", registry=registry)
        self.stalls = Gauge("cavalcade_loop_stalls", "Times the event loop was blocked.", registry=registry)
        self.window = Gauge("cavalcade_flush_window_seconds", "The flush window in use.", registry=registry)
        self.handshakes_refused = Counter(
            "cavalcade_handshakes_refused", "Handshakes answered without a socket.", ["reason"], registry=registry
        )
        self.connections_crowded_out = Counter(
            "cavalcade_connections_crowded_out",
            "Connections closed because too many waited to join.",
            registry=registry,
        )
        self.connections_closed = Counter(
            "cavalcade_connections_closed", "Connections that this side closed.", ["code"], registry=registry
        )
        self.malformed_frames = Counter(
            "cavalcade_malformed_frames", "Frames that closed their connection.", registry=registry
        )
        self.positions_received = Counter(
            "cavalcade_positions_received", "Positions that were valid.", registry=registry
        )
        self.positions_refused = Counter(
            "cavalcade_positions_refused", "Positions that were not valid.", registry=registry
        )
        self.operations = Counter(
            "cavalcade_operations", "Operations by their outcome.", ["operation", "outcome"], registry=registry
        )
        self.operation_seconds = Histogram(
            "cavalcade_operation_seconds",
            "Time from an operation's frame to its reply, waiting for its turn included.",
            buckets=_BUCKETS,
            registry=registry,
        )

    def measure(self, sessions: int, clock: AdaptiveClock, watchdog: StallWatchdog) -> None:
        """Takes what nothing counts by itself: how many sessions have connections here, and how the loop fares."""
        self.sessions.set(sessions)
        self.loop_lag.set(clock.lag_s)
        self.window.set(clock.window_s())
        self.stalls.set(watchdog.stalls)
