"""The model of the slow line: how long what is sent takes, and what is lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.slow_line import OneWay


def test_a_packet_takes_its_length_and_the_delay() -> None:
    way = OneWay(bytes_s=1_000, delay_s=0.5, queue_bytes=10_000)
    assert way.next_at is None
    assert way.send(b"a" * 100, now=10.0)
    assert way.next_at == pytest.approx(10.6)
    assert way.arrived(10.59) == []
    assert way.arrived(10.61) == [b"a" * 100]
    assert way.next_at is None


def test_what_waits_for_too_long_is_lost_and_what_comes_later_is_not() -> None:
    way = OneWay(bytes_s=1_000, delay_s=0.5, queue_bytes=250)
    assert [way.send(bytes([number]) * 100, now=0.0) for number in range(4)] == [True, True, False, False]
    assert way.send(b"b" * 100, now=0.1)
    assert b"".join(way.arrived(9.0)) == b"\0" * 100 + b"\1" * 100 + b"b" * 100


@given(st.lists(st.tuples(st.floats(0, 0.5), st.integers(1, 1_500)), max_size=40))
def test_nothing_is_faster_than_the_line_or_overtakes(sent: list[tuple[float, int]]) -> None:
    way = OneWay(bytes_s=10_000, delay_s=0.1, queue_bytes=5_000)
    now = 0.0
    taken: list[tuple[float, bytes]] = []
    got: list[tuple[float, bytes]] = []
    for index, (pause, length) in enumerate(sent):
        now += pause
        got += [(now, packet) for packet in way.arrived(now)]
        packet = index.to_bytes(2) * length
        if way.send(packet, now):
            taken.append((now, packet))
    while (at := way.next_at) is not None:
        got += [(at, packet) for packet in way.arrived(at)]
    assert [packet for _, packet in got] == [packet for _, packet in taken]
    for (left, packet), (came, _) in zip(taken, got, strict=True):
        # Never before its own time, never after all that may wait before it.
        assert left + len(packet) / 10_000 + 0.1 <= came + 1e-9
    carried = sum(len(packet) for _, packet in taken)
    if taken:
        assert got[-1][0] >= taken[0][0] + carried / 10_000 + 0.1 - 1e-9
