"""Readers of changes: nothing is lost that matters, and memory has a bound."""

import pytest

from cavalcade.client.changes import Change, Closed, ConnectionChanged, ConnectionState, PositionsReceived
from cavalcade.client.errors import ChangesMissed
from cavalcade.client.watchers import MAX_UNREAD, Reader
from cavalcade.domain.fix import Position


async def test_positions_conflate_until_they_are_read() -> None:
    reader = Reader()
    for time in range(10_000):
        reader.put(PositionsReceived(time, {time % 2: Position(time, 0, 0)}))
    assert await anext(reader) == PositionsReceived(9_999, {0: Position(9_998, 0, 0), 1: Position(9_999, 0, 0)})


async def test_other_changes_come_in_order_up_to_the_end() -> None:
    reader = Reader()
    changes: list[Change] = [ConnectionChanged(ConnectionState.CLOSED), Closed("left")]
    for change in changes:
        reader.put(change)
    assert [change async for change in reader] == changes


async def test_a_reader_that_is_far_too_slow_is_told() -> None:
    reader = Reader()
    for _ in range(MAX_UNREAD):
        reader.put(ConnectionChanged(ConnectionState.JOINED))
    reader.put(Closed("left"))
    with pytest.raises(ChangesMissed):
        await anext(reader)
    assert await anext(reader) == Closed("left")
