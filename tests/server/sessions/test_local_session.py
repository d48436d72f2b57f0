"""A session as one process has it: folded, logged, delivered, and told to people who come back."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cavalcade.domain.errors import ErrorCode, Rejected
from cavalcade.domain.events import ContentLeftOut, Event, UnknownChange
from cavalcade.domain.feature import Change
from cavalcade.domain.features.profile import ProfileChanged
from cavalcade.domain.features.settings import SessionChanged
from cavalcade.domain.features.sharing import SharingChanged
from cavalcade.domain.fix import Position
from cavalcade.domain.model import Role
from cavalcade.domain.session import replay
from cavalcade.server.live.fanout import Fanout
from cavalcade.server.live_storage.live_state import LivePositionWriter
from cavalcade.server.live_storage.redis_link import RedisLink
from cavalcade.server.processes.clock import AdaptiveClock
from cavalcade.server.sessions import local_session
from cavalcade.server.sessions.backend import MAX_MISSED
from cavalcade.server.sessions.local_session import AnotherHistory, LocalSession
from cavalcade.storage.sessions import SessionStore
from cavalcade.storage.stored import Stored
from cavalcade.wire.codec import decode_features
from cavalcade.wire.messages import Since
from tests.domain.strategies import session_with

HERE = Position(5, 600_000_000, 240_000_000)


class Shelf:
    """In the place of PostgreSQL: it has events, tells them a moment later, and counts how often it is asked."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.asked = 0

    async def events_after(self, _: str, offset: int) -> Sequence[Event]:
        """The later ones."""
        self.asked += 1
        await asyncio.sleep(0)
        return [event for event in self.events if event.offset > offset]


def _local() -> tuple[LocalSession, LivePositionWriter]:
    """A session of a host and a member which has come here just now, and what writes its live state."""
    state = session_with(Role.HOST, Role.MEMBER)
    writer = LivePositionWriter(RedisLink("redis://nowhere"))
    return LocalSession(Stored(state, 1, b"", b""), Fanout(state.session.id, AdaptiveClock(100)), writer), writer


def _next(local: LocalSession, change: Change) -> Event:
    return Event(local.state.offset + 1, 0, 1, None, change, f"mark {local.state.offset + 1}")


def _renamed(local: LocalSession) -> Event:
    return _next(local, ProfileChanged(1, f"Name {local.state.offset}", "N", "#112233"))


@given(st.lists(st.booleans(), max_size=40), st.data())
def test_a_client_that_comes_back_is_told_each_later_event_once(applies: list[bool], data: st.DataObject) -> None:
    async def scenario() -> None:
        local, _ = _local()
        begun_with, first = local.state, local.state.offset
        shelf = Shelf()
        history = []
        for applied in applies:  # the others were stored before it came here
            event = _renamed(local)
            history.append(event)
            if applied or local.log:
                local.apply(event)
            else:
                local.stored = replace(local.stored, state=replay(local.state, [event]))
        shelf.events = [*history, _renamed(local)]  # PostgreSQL may know more
        offset = data.draw(st.integers(first, local.state.offset))
        since = Since(offset, data.draw(st.sampled_from((None, f"mark {offset}"))))
        told = await local.events_since(since, cast("SessionStore", shelf))
        assert told == history[offset - first :]
        assert replay(begun_with, history) == local.state
        assert shelf.asked <= (local.logged_since(since) is None)

    asyncio.run(scenario())


@pytest.mark.parametrize("logged", [True, False])
@pytest.mark.parametrize("behind", [0, 1, 2])
async def test_a_client_that_knows_another_history_is_noticed(logged: bool, behind: int) -> None:
    local, _ = _local()
    shelf = Shelf()
    for _ in range(3):
        shelf.events.append(_renamed(local))
        local.apply(shelf.events[-1])
    if not logged:
        local.log.clear()
    offset = local.state.offset - behind
    with pytest.raises(AnotherHistory):
        await local.events_since(Since(offset, "from before the restore"), cast("SessionStore", shelf))
    assert len(await local.events_since(Since(offset), cast("SessionStore", shelf))) == behind


async def test_an_event_without_a_mark_is_compared_with_nothing() -> None:
    local, _ = _local()
    shelf = Shelf()
    for _ in range(2):  # as a process of a version without marks appends them
        shelf.events.append(replace(_renamed(local), mark=None))
        local.apply(shelf.events[-1])
    for behind in (0, 1):
        known = Since(local.state.offset - behind, "a mark")
        assert await local.events_since(known, cast("SessionStore", shelf)) == shelf.events[2 - behind :]


async def test_events_that_come_while_storage_is_read_are_told_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_session, "LOG_LENGTH", 2)
    local, _ = _local()
    first, shelf = local.state.offset, Shelf()
    for _ in range(5):
        shelf.events.append(_renamed(local))
        local.apply(shelf.events[-1])
    assert [event.offset for event in local.log] == [first + 4, first + 5]
    reading = asyncio.create_task(local.events_since(Since(first), cast("SessionStore", shelf)))
    await asyncio.sleep(0)  # it has been asked
    shelf_knew = len(shelf.events)
    for _ in range(2):
        local.apply(_renamed(local))
    assert [event.offset for event in await reading] == list(range(first + 1, first + shelf_knew + 3))


async def test_a_pause_takes_a_position_out_and_an_extension_has_the_others_written_again() -> None:
    local, writer = _local()
    session_id = local.state.session.id
    for who in (1, 2):
        local.fanout.accept(who, HERE)
    local.apply(_next(local, SharingChanged(1, on=False)))
    assert local.fanout.newest == {2: HERE}
    assert writer.unwritten(session_id).over({}) == {}
    longer = replace(local.state.session, expires_at=local.state.session.expires_at + 1)
    local.apply(_next(local, SessionChanged(longer)))
    assert writer.unwritten(session_id).over({}) == {2: HERE}
    assert local.shown([(1, HERE), (2, HERE), (3, HERE)]) == {2: HERE}
    local.fanout.stop()


async def test_only_those_in_a_running_session_are_let_in() -> None:
    local, _ = _local()
    session = local.state.session
    local.admit(2, session.expires_at - 1)
    with pytest.raises(Rejected) as stranger:
        local.admit(3, session.expires_at - 1)
    assert stranger.value.code is ErrorCode.UNAUTHORIZED
    with pytest.raises(Rejected) as late:
        local.admit(2, session.expires_at)
    assert late.value.code is ErrorCode.SESSION_NOT_FOUND


async def test_a_client_too_far_behind_or_ahead_gets_everything() -> None:
    local, _ = _local()
    local.stored = replace(local.stored, state=replace(local.state, offset=MAX_MISSED + 10))
    newest = local.state.offset
    assert not local.resumes(None)
    offsets = (9, 10, newest, newest + 1)
    assert [local.resumes(Since(offset)) for offset in offsets] == [False, True, True, False]


async def test_what_is_scrubbed_is_remembered_by_nobody_whatever_scrubs_it() -> None:
    local, _ = _local()
    first = local.state.offset
    for event in (_renamed(local), _next(local, UnknownChange("poll_opened", {"text": "a secret"}))):
        local.apply(replace(event, offset=local.state.offset + 1))
    local.apply(replace(_next(local, UnknownChange("message_removed", {})), scrubs=(first + 1, first + 2)))
    told = local.logged_since(Since(first))
    assert told is not None
    assert [event.change for event in told[:2]] == [ContentLeftOut("profile_changed"), ContentLeftOut("poll_opened")]
    assert "a secret" not in repr(local.log)


async def test_a_session_that_is_not_whole_is_taken_as_it_was_read_with_what_came_since() -> None:
    local, _ = _local()
    local.apply(_next(local, UnknownChange("poll_opened", {})))
    read = replace(
        local.stored, state=replace(local.state, features=decode_features({"poll": {}}), unknown=frozenset())
    )
    local.apply(_renamed(local))
    assert local.state.unknown == {"poll_opened"}
    local.complete(replace(read, state=replace(read.state, offset=local.state.offset + 1)))  # more than has come here
    assert local.state.unknown
    local.complete(read)
    assert (local.state.unknown, local.state.features.foreign) == (frozenset(), {"poll": {}})
    assert local.state.participants[1].name.startswith("Name")
