"""What the WebSocket side counts; none of it is labelled by session."""

from prometheus_client import CollectorRegistry, Counter, Gauge


class SocketMetrics:
    """The counters of one process's sockets."""

    def __init__(self, registry: CollectorRegistry) -> None:
        """Registers them."""
        self.connections = Gauge("cavalcade_connections", "WebSocket connections open now.", registry=registry)
        self.sessions = Gauge("cavalcade_sessions_hosted", "Sessions with connections here.", registry=registry)
        self.loop_lag = Gauge("cavalcade_loop_lag_seconds", "How late the event loop runs.", registry=registry)
        self.window = Gauge("cavalcade_flush_window_seconds", "The flush window in use.", registry=registry)
        self.handshakes_refused = Counter(
            "cavalcade_handshakes_refused", "Handshakes answered without a socket.", ["reason"], registry=registry
        )
        self.connections_crowded_out = Counter(
            "cavalcade_connections_crowded_out",
            "Connections closed because too many waited to join.",
            registry=registry,
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
