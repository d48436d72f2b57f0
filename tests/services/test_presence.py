"""Presence: who is connected now, over all connections of each participant."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from cavalcade.domain.features.membership import Leave
from cavalcade.domain.operations import Operation
from cavalcade.server.live.fanout import MAX_CONNECTIONS
from cavalcade.server.live.send_queue import SendQueue
from cavalcade.server.sessions.backend import Attachment
from cavalcade.wire.messages import Since

from .conftest import Gateway
from .peer import Peer, eventually

TURNS = range(6)
"""How many turns of the loop after an attachment something happens; an answer needs two or three to come back."""


def _refs(presence: Any, who: int) -> list[str]:
    return [meta["phx_ref"] for meta in presence[str(who)]["metas"]]


async def test_the_state_follows_the_reply_and_holds_everybody_with_oneself(gateway: Gateway) -> None:
    session_id = await gateway.session(2)
    async with await Peer.connect(gateway, session_id, 1) as anna, await Peer.connect(gateway, session_id, 2) as ben:
        await anna.join()
        assert (await anna.receive("presence_state")).keys() == {"1"}
        await ben.join()
        state = await ben.next(lambda m: m.event == "presence_state")
        assert state.join_ref == ben.join_ref
        assert isinstance(state.payload, dict)
        assert state.payload.keys() == {"1", "2"}
        assert [m.event for m in ben.received[:2]] == ["phx_reply", "presence_state"]
        diff = await anna.receive("presence_diff")
        assert diff == {"joins": {"2": state.payload["2"]}, "leaves": {}}


async def test_several_connections_of_a_participant_are_several_metas(gateway: Gateway) -> None:
    session_id = await gateway.session(2)
    async with await Peer.connect(gateway, session_id, 1) as anna:
        await anna.join()
        phone, laptop = [await Peer.connect(gateway, session_id, 2) for _ in range(2)]
        await phone.join()
        first = _refs((await anna.receive("presence_diff"))["joins"], 2)
        await laptop.join()
        second = _refs((await anna.receive("presence_diff"))["joins"], 2)
        assert sorted(first + second) == sorted(_refs(await laptop.receive("presence_state"), 2))
        assert len(set(first + second)) == 2
        await phone.socket.close()
        diff = await anna.receive("presence_diff")
        assert (_refs(diff["leaves"], 2), diff["joins"]) == (first, {})
        laptop.socket.transport.abort()  # without a goodbye
        assert _refs((await anna.receive("presence_diff"))["leaves"], 2) == second


async def test_the_oldest_of_four_connections_makes_room_for_a_fifth(gateway: Gateway) -> None:
    session_id = await gateway.session(2)
    async with await Peer.connect(gateway, session_id, 1) as anna:
        await anna.join()
        tabs = [await Peer.connect(gateway, session_id, 2) for _ in range(MAX_CONNECTIONS + 1)]
        for tab in tabs:
            await tab.join()
        assert await tabs[0].close_code() == 4409
        await anna.round_trip()
        present = gateway.hub.hosted[session_id].fanout.present
        assert len(present[2]) == 4
        diffs = anna.unread("presence_diff")
        joined = {ref for diff in diffs if diff["joins"] for ref in _refs(diff["joins"], 2)}
        left = {ref for diff in diffs if diff["leaves"] for ref in _refs(diff["leaves"], 2)}
        assert sorted(joined - left) == sorted(present[2])
        for tab in tabs[1:]:
            await tab.round_trip()


async def test_when_the_last_connection_goes_it_is_noted_when_they_were_seen(gateway: Gateway) -> None:
    session_id = await gateway.session(2)
    async with await Peer.connect(gateway, session_id, 1) as anna:
        await anna.join()
        phone, laptop = [await Peer.connect(gateway, session_id, 2) for _ in range(2)]
        for peer in (phone, laptop):
            await peer.join()
        await phone.socket.close()
        await anna.next(lambda m: m.event == "presence_diff" and m.payload["leaves"])
        assert await gateway.live.seen_at(session_id, 2) is None
        await laptop.socket.close()
        await anna.next(lambda m: m.event == "presence_diff" and m.payload["leaves"])
        assert await gateway.live.seen_at(session_id, 2) is not None


def _after_attaching(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch, turns: int, happens: Callable[[], object]
) -> None:
    """Has something happen so many turns of the loop after participant 2 was attached."""
    attach = gateway.backend.attach

    def later(left: int) -> None:
        if left == 0:
            happens()
        else:
            asyncio.get_running_loop().call_soon(later, left - 1)

    async def attach_and_more(session_id: str, send_queue: SendQueue, since: Since | None) -> Attachment:
        attachment = await attach(session_id, send_queue, since)
        if send_queue.participant == 2:
            later(turns)
        return attachment

    monkeypatch.setattr(gateway.backend, "attach", attach_and_more)


@pytest.mark.parametrize("turns", TURNS)
async def test_nobody_is_present_whose_connection_was_lost_while_they_joined(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch, turns: int
) -> None:
    session_id = await gateway.session(2)
    async with await Peer.connect(gateway, session_id, 1) as anna, await Peer.connect(gateway, session_id, 2) as ben:
        await anna.join()
        (connection,) = (each for each in gateway.sockets._connections if not each.is_joined)
        transport = connection._transport
        assert transport is not None
        _after_attaching(gateway, monkeypatch, turns, lambda: connection.on_ws_disconnected(transport))
        await ben.send("phx_join", {}, joins=True)
        assert (await anna.receive("presence_diff"))["joins"].keys() == {"2"}
        assert (await anna.receive("presence_diff"))["leaves"].keys() == {"2"}
        assert gateway.hub.hosted[session_id].fanout.present.keys() == {1}


@pytest.mark.parametrize("turns", TURNS)
async def test_nobody_is_present_who_left_while_they_joined(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch, turns: int
) -> None:
    session_id = await gateway.session(2)
    async with await Peer.connect(gateway, session_id, 1) as anna, await Peer.connect(gateway, session_id, 2) as ben:
        await anna.join()
        leaving: list[asyncio.Task[Any]] = []

        def leave() -> None:
            leaving.append(asyncio.create_task(gateway.backend.submit(session_id, Operation(2, Leave()))))

        _after_attaching(gateway, monkeypatch, turns, leave)
        await ben.join()
        assert (await anna.receive("presence_diff"))["joins"].keys() == {"2"}
        assert (await anna.receive("presence_diff"))["leaves"].keys() == {"2"}
        await eventually(lambda: gateway.hub.hosted[session_id].fanout.present.keys() == {1})
        await ben.receive("phx_close")
        await asyncio.gather(*leaving)
