"""The hub: cold loads, events in whatever order they come, and what was lost on the way."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
import sqlalchemy.event
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cavalcade.domain.events import Event
from cavalcade.domain.features.profile import SetProfile
from cavalcade.domain.operations import Operation
from cavalcade.services import hub as hub_module

from .conftest import Gateway, running_gateway
from .peer import Peer, eventually, place


@pytest.fixture
def statements(gateway: Gateway) -> list[str]:
    """The statements that the gateway sends to PostgreSQL from now on, but for the comparison of offsets."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if "max_participants" in statement or "events" in statement:
            sent.append(statement)

    sqlalchemy.event.listen(gateway.store._engine.sync_engine, "before_cursor_execute", note)
    return sent


@pytest.fixture
async def elsewhere(migrated_url: str, redis_url: str) -> AsyncIterator[Gateway]:
    """Another process, whose publications are lost."""
    async with running_gateway(migrated_url, redis_url) as running:
        running.writer.announce = lambda *_: None  # type: ignore[method-assign]
        yield running


async def _events(gateway: Gateway, session_id: str, names: Sequence[str]) -> list[Event]:
    """Events that are stored and that no other process has heard of."""
    for name in names:
        await gateway.backend.submit(session_id, Operation(1, SetProfile(name=name)))
    return await gateway.store.events_after(session_id, 2)


async def test_a_storm_of_connections_costs_one_query_for_their_session(
    gateway: Gateway, statements: list[str]
) -> None:
    session_id = await gateway.session(20)
    statements.clear()
    peers = [await Peer.connect(gateway, session_id, who) for who in range(1, 21)]
    replies = await asyncio.gather(*(peer.join() for peer in peers))
    assert len(replies) == 20
    assert len(statements) == 1


async def test_a_storm_on_many_sessions_is_read_in_batches(gateway: Gateway, statements: list[str]) -> None:
    session_ids = [await gateway.session(2) for _ in range(30)]
    statements.clear()
    peers = [await Peer.connect(gateway, session_id, who) for session_id in session_ids for who in (1, 2)]
    for joined in await asyncio.gather(*(peer.join() for peer in peers)):
        assert joined["offset"] == 2
    assert len(statements) <= 10


async def test_who_comes_back_soon_is_served_from_memory(gateway: Gateway, statements: list[str]) -> None:
    session_id = await gateway.session(2)
    async with await Peer.connect(gateway, session_id, 1) as anna, await Peer.connect(gateway, session_id, 2) as ben:
        await anna.join()
        await ben.join()
        await anna.do("profile:set", {"op_id": "1", "name": "Anna"})
    await eventually(lambda: len(gateway.sockets) == 0)
    statements.clear()
    async with await Peer.connect(gateway, session_id, 2) as ben:
        assert [event["offset"] for event in (await ben.join(offset=2))["events"]] == [3]
    assert statements == []


async def test_a_session_without_connections_is_let_go_after_a_while(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_module, "LINGER_S", 0.05)
    session_id = await gateway.session(1)
    async with await Peer.connect(gateway, session_id, 1) as anna:
        await anna.join()
        await asyncio.sleep(0.1)
        assert session_id in gateway.hub.hosted
    await eventually(lambda: session_id not in gateway.hub.hosted)
    assert not gateway.hub.broker._sessions


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.permutations(range(8)), st.lists(st.integers(0, 7), max_size=8), st.integers(1, 4))
async def test_events_in_any_order_and_twice_are_delivered_in_order_once(
    gateway: Gateway, elsewhere: Gateway, order: list[int], doubled: list[int], at_once: int
) -> None:
    session_id = await gateway.session(2)
    async with await Peer.connect(gateway, session_id, 2) as ben:
        await ben.join()
        gateway.hub._check = _nothing  # type: ignore[method-assign]
        events = await _events(elsewhere, session_id, [f"Anna {n}" for n in range(8)])
        arriving = [events[n] for n in [*order, *doubled]]
        for at in range(0, len(arriving), at_once):
            gateway.hub.receive(session_id, arriving[at : at + at_once])
        seen = [(await ben.receive("event"))["offset"] for _ in events]
        assert seen == list(range(3, 11))
        await ben.round_trip()
        assert not ben.unread("event")
        assert gateway.hub.hosted[session_id].early == {}


async def _nothing() -> None:
    """In place of the comparison of offsets."""


async def test_a_gap_is_fetched_after_50_ms(gateway: Gateway, elsewhere: Gateway) -> None:
    assert hub_module.GAP_S == 0.05
    session_id = await gateway.session(2)
    async with await Peer.connect(gateway, session_id, 2) as ben:
        await ben.join()
        gateway.hub._check = _nothing  # type: ignore[method-assign]
        events = await _events(elsewhere, session_id, ["A", "B", "C"])
        begun = asyncio.get_running_loop().time()
        gateway.hub.receive(session_id, [events[2]])
        assert gateway.hub.hosted[session_id].stored.state.offset == 2
        assert [(await ben.receive("event"))["offset"] for _ in events] == [3, 4, 5]
        assert asyncio.get_running_loop().time() - begun < 0.5


async def test_a_lost_publication_is_made_up_for_within_about_a_second(gateway: Gateway, elsewhere: Gateway) -> None:
    session_id = await gateway.session(2)
    async with await Peer.connect(gateway, session_id, 2) as ben:
        await ben.join()
        begun = asyncio.get_running_loop().time()
        await _events(elsewhere, session_id, ["A", "B"])
        assert [(await ben.receive("event"))["offset"] for _ in range(2)] == [3, 4]
        assert asyncio.get_running_loop().time() - begun < 1.5


async def test_events_read_beyond_what_is_applied_are_not_delivered_twice(gateway: Gateway, elsewhere: Gateway) -> None:
    session_id = await gateway.session(2)
    async with await Peer.connect(gateway, session_id, 1) as anna, await Peer.connect(gateway, session_id, 2) as ben:
        await anna.join()
        gateway.hub._check = _nothing  # type: ignore[method-assign]
        events = await _events(elsewhere, session_id, ["A", "B"])
        response = await ben.join(offset=1)
        assert [event["offset"] for event in response["events"]] == [2]
        assert response["offset"] == 2
        gateway.hub.receive(session_id, events)
        assert [(await ben.receive("event"))["offset"] for _ in events] == [3, 4]


async def test_a_session_that_was_purged_meanwhile_is_closed_and_leaves_nothing(gateway: Gateway) -> None:
    session_id = await gateway.session(2)
    async with await Peer.connect(gateway, session_id, 1) as anna:
        await anna.join()
        # As for a process that slept through the end, the purge and the tombstone.
        async with gateway.store._engine.connect() as connected:
            await connected.exec_driver_sql(f"DELETE FROM sessions WHERE id = '{session_id}'")
        gateway.backend.report(session_id, 1, place())
        gateway.writer.flush()
        gateway.hub.check_soon()
        assert await anna.close_code() == 4404
        assert await gateway.backend.positions(session_id) == {}
        assert session_id not in gateway.hub.hosted


async def test_what_is_published_while_a_session_is_loaded_is_not_lost(
    gateway: Gateway, other_gateway: Gateway
) -> None:
    session_id = await gateway.session(2)
    read = gateway.hub._loads.load

    async def read_slowly(session_id: str) -> Any:
        found = await read(session_id)
        await other_gateway.backend.submit(session_id, Operation(1, SetProfile(name="Meanwhile")))
        await eventually(lambda: gateway.hub._arrived[session_id])
        return found

    gateway.hub._loads.load = read_slowly  # type: ignore[method-assign]
    async with await Peer.connect(gateway, session_id, 2) as ben:
        response = await ben.join()
        assert response["offset"] == 3
        assert response["snapshot"]["participants"][0]["name"] == "Meanwhile"
