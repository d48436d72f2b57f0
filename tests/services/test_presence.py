"""Presence: who is connected now, over all connections of each participant."""

from typing import Any

from cavalcade.server.fanout import MAX_CONNECTIONS

from .conftest import Gateway
from .peer import Peer


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
