"""What is measured of a process's sockets rather than counted."""

from prometheus_client import CollectorRegistry

from cavalcade.server.processes.clock import AdaptiveClock
from cavalcade.server.processes.stall_watchdog import StallWatchdog
from cavalcade.server.sockets.socket_metrics import SocketMetrics


def test_it_shows_sessions_and_how_the_loop_fares() -> None:
    registry = CollectorRegistry()
    clock, watchdog = AdaptiveClock(100), StallWatchdog()
    clock.observe(0.2)
    watchdog.stalls = 3
    SocketMetrics(registry).measure(7, clock, watchdog)
    names = ("sessions_hosted", "loop_lag_seconds", "flush_window_seconds", "loop_stalls")
    assert [registry.get_sample_value(f"cavalcade_{name}") for name in names] == [7, 0.2, 0.2, 3]
