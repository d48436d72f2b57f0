"""The line of numbers about a ride."""

from cavalcade.simulate.statistics import Statistics


def test_a_ride_that_has_not_begun() -> None:
    assert Statistics(3).summary() == "0 of 3 riders connected, 0 fixes sent, 0 received"


def test_latencies() -> None:
    statistics = Statistics(1, connected=1, sent=100, received=100)
    for milliseconds in range(1, 101):
        statistics.echo(milliseconds / 1000)
    assert statistics.summary().endswith("back after 50 ms (p50), 99 ms (p99)")
