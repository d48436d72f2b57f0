"""Joins: the forms of the reply, what comes after it, and what is refused."""

import asyncio

import pytest

from cavalcade.domain.features.ending import EndSession
from cavalcade.domain.features.membership import Join, Leave
from cavalcade.domain.features.profile import SetProfile
from cavalcade.domain.model import Role
from cavalcade.domain.operations import Operation
from cavalcade.server.sessions import backend as server_backend
from cavalcade.server.sockets import connection

from .conftest import Gateway
from .peer import Peer, offset_of, place


@pytest.fixture
def short_linger(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that was told not to come back is closed at once."""
    monkeypatch.setattr(connection, "LINGER_S", 0.05)


async def _rename(gateway: Gateway, session_id: str, times: int) -> None:
    for number in range(times):
        await gateway.backend.submit(session_id, Operation(1, SetProfile(name=f"Anna {number}")))


async def test_a_join_without_an_offset_gets_a_snapshot(gateway: Gateway) -> None:
    session_id = await gateway.session(members=2)
    async with await Peer.connect(gateway, session_id, 2) as ben:
        response = await ben.join()
        assert response.keys() == {"offset", "mark", "server_time", "me", "mode", "positions", "snapshot"}
        assert (response["offset"], response["me"], response["mode"], response["positions"]) == (2, 2, "json", [])
        assert response["snapshot"]["session"]["id"] == session_id
        assert [person["role"] for person in response["snapshot"]["participants"]] == ["host", "member"]


async def test_those_who_left_are_not_in_the_snapshot(gateway: Gateway) -> None:
    session_id = await gateway.session(members=3)
    await gateway.backend.submit(session_id, Operation(2, Leave()))
    async with await Peer.connect(gateway, session_id, 3) as cleo:
        response = await cleo.join()
        assert [person["id"] for person in response["snapshot"]["participants"]] == [1, 3]


@pytest.mark.parametrize("is_hosted", [False, True])
async def test_a_join_with_an_offset_in_range_gets_the_events_after_it(gateway: Gateway, *, is_hosted: bool) -> None:
    session_id = await gateway.session(members=2)
    async with await Peer.connect(gateway, session_id, 1) as anna, await Peer.connect(gateway, session_id, 2) as ben:
        if is_hosted:  # then some of the events are in the gateway's memory
            await anna.join()
        await _rename(gateway, session_id, 3)
        response = await ben.join(offset=1)
        assert "snapshot" not in response
        assert [event["offset"] for event in response["events"]] == [2, 3, 4, 5]
        assert response["offset"] == 5


async def test_a_join_with_the_newest_offset_gets_no_events(gateway: Gateway) -> None:
    session_id = await gateway.session(members=2)
    async with await Peer.connect(gateway, session_id, 2) as ben:
        assert (await ben.join(offset=2))["events"] == []


async def test_an_offset_ahead_gets_a_snapshot(gateway: Gateway) -> None:
    session_id = await gateway.session(members=2)
    async with await Peer.connect(gateway, session_id, 2) as ben:
        response = await ben.join(offset=3)
        assert "events" not in response
        assert response["snapshot"]["session"]["id"] == session_id


async def test_an_offset_too_far_back_gets_a_snapshot(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    assert server_backend.MAX_MISSED == 1000
    monkeypatch.setattr("cavalcade.server.sessions.local_session.MAX_MISSED", 5)
    session_id = await gateway.session(members=1)
    await _rename(gateway, session_id, 6)
    async with await Peer.connect(gateway, session_id, 1) as anna:
        assert "snapshot" in await anna.join(offset=1)
        assert [event["offset"] for event in (await anna.join(offset=2))["events"]] == [3, 4, 5, 6, 7]


@pytest.mark.parametrize("offset", [-1, 1.5, "2", True, [], 2**60])
async def test_a_bad_offset_is_named_in_the_refusal(gateway: Gateway, offset: object) -> None:
    session_id = await gateway.session()
    async with await Peer.connect(gateway, session_id, 1) as anna:
        reply = await anna.try_to_join(offset=offset)
        assert (reply["status"], reply["response"]["reason"]) == ("error", "invalid_request")
        assert reply["response"]["errors"][0]["pointer"] == "/offset"
        assert (await anna.join())["offset"] == 1


@pytest.mark.parametrize("mode", ["json", "binary"])
async def test_positions_in_the_reply_are_the_json_list_in_either_mode(gateway: Gateway, mode: str) -> None:
    session_id = await gateway.session(members=2)
    async with await Peer.connect(gateway, session_id, 1) as anna, await Peer.connect(gateway, session_id, 2) as ben:
        await anna.join(mode="binary")
        sent = place()
        await anna.move(sent)
        await anna.positions()
        response = await ben.join(mode=mode)
        assert response["mode"] == mode
        assert response["positions"] == [{"participant": 1, "lat": 60.17, "lon": 24.94, "fix_time": sent.fix_time}]


async def test_the_reply_comes_before_any_broadcast_to_that_join(gateway: Gateway) -> None:
    """Others rename and move without a pause while one joins again and again: offsets follow without a hole."""
    session_id = await gateway.session(members=4)
    stop = asyncio.Event()

    async def wander(who: int) -> None:
        async with await Peer.connect(gateway, session_id, who) as peer:
            await peer.join(mode="binary")
            number = 0
            while not stop.is_set():
                number += 1
                await peer.move(place())
                await peer.do("profile:set", {"op_id": f"{who}-{number}", "name": f"{who} {number}"})

    async with asyncio.TaskGroup() as group:
        for who in (1, 2, 3):
            group.create_task(wander(who))
        async with await Peer.connect(gateway, session_id, 4) as dora:
            offset: int | None = None
            for turn in range(150):
                connection_of_turn = dora if turn % 2 else await Peer.connect(gateway, session_id, 4)
                offset = await _check_join(connection_of_turn, offset if turn % 3 else None)
                if connection_of_turn is not dora:
                    await connection_of_turn.socket.close()
        stop.set()


async def _check_join(peer: Peer, known: int | None) -> int:
    """Joins and reads two events: nothing comes before the reply, and offsets go on from it one by one."""
    before = len(peer.received)
    parameters = {} if known is None else {"offset": known}
    response = await peer.join(mode="binary", **parameters)
    mine: int = response["offset"]
    if known is not None:
        assert [event["offset"] for event in response["events"]] == list(range(known + 1, mine + 1))
    # A second join on the same connection: what was sent on the channel before it lies before the reply.
    at = next(i for i, m in enumerate(peer.received) if i >= before and m.event == "phx_reply")
    if before == 0:
        assert at == 0
    following = [offset_of(m) for m in peer.received[at:] if m.event == "event"]
    while len(following) < 2:
        message = await peer.next(lambda m: m.event == "event" and offset_of(m) > mine)
        following.append(offset_of(message))
    assert following == list(range(mine + 1, mine + 1 + len(following)))
    return mine


async def test_a_join_over_an_open_channel_closes_the_old_one_after_its_reply(gateway: Gateway) -> None:
    session_id = await gateway.session()
    async with await Peer.connect(gateway, session_id, 1) as anna:
        await anna.join()
        first = anna.join_ref
        await anna.join()
        closed = await anna.next(lambda m: m.event == "phx_close")
        assert closed.join_ref == first
        await anna.round_trip()
        assert gateway.hub.hosted[session_id].fanout.present.keys() == {1}
        assert len(gateway.hub.hosted[session_id].fanout) == 1


async def test_after_a_leave_of_the_channel_nothing_more_is_delivered(gateway: Gateway) -> None:
    session_id = await gateway.session(members=2)
    async with await Peer.connect(gateway, session_id, 1) as anna, await Peer.connect(gateway, session_id, 2) as ben:
        await anna.join()
        await ben.join()
        assert await ben.ask("phx_leave", {}) == {"status": "ok", "response": {}}
        await ben.receive("phx_close")
        await anna.do("profile:set", {"op_id": "1", "name": "Anna"})
        assert await ben.ask("profile:set", {"op_id": "1", "name": "Ben"}) == {
            "status": "error",
            "response": {"reason": "unmatched topic"},
        }
        assert not ben.unread("event")
        assert (await ben.join())["offset"] == 3  # leaving the channel is not leaving the session


@pytest.mark.usefixtures("short_linger")
async def test_an_unknown_session_is_not_found_and_closed_with_4404(gateway: Gateway) -> None:
    async with await Peer.connect(gateway, "zzzzzzzzzz", 1) as nobody:
        reply = await nobody.try_to_join()
        assert (reply["response"]["reason"], reply["response"]["retry"]) == ("session_not_found", False)
        assert await nobody.close_code() == 4404


async def test_an_ended_session_is_not_found(gateway: Gateway) -> None:
    session_id = await gateway.session()
    await gateway.backend.submit(session_id, Operation(1, EndSession()))
    async with await Peer.connect(gateway, session_id, 1) as anna:
        assert (await anna.try_to_join())["response"]["reason"] == "session_not_found"


async def test_an_expired_session_is_not_found_even_before_it_is_swept(gateway: Gateway) -> None:
    session_id = await gateway.session(lifetime_s=1)
    async with await Peer.connect(gateway, session_id, 1) as anna:
        await anna.join()
        await asyncio.sleep(1)  # as long as it lives; nothing ends it, since nobody sweeps here
        assert (await anna.try_to_join())["response"]["reason"] == "session_not_found"


@pytest.mark.usefixtures("short_linger")
async def test_who_left_is_unauthorized_and_closed_with_4401(gateway: Gateway) -> None:
    session_id = await gateway.session(members=2)
    await gateway.backend.submit(session_id, Operation(2, Leave()))
    async with await Peer.connect(gateway, session_id, 2) as ben:
        reply = await ben.try_to_join()
        assert (reply["response"]["reason"], reply["response"]["retry"]) == ("unauthorized", False)
        assert await ben.close_code() == 4401


async def test_a_refused_client_has_five_seconds_to_close_by_itself(gateway: Gateway) -> None:
    assert connection.LINGER_S == 5
    async with await Peer.connect(gateway, "zzzzzzzzzz", 1) as nobody:
        await nobody.try_to_join()
        await nobody.round_trip()
        await nobody.socket.close()
        assert nobody.socket.close_code == 1000


async def test_who_has_just_joined_over_http_is_let_in_though_the_gateway_has_not_heard(gateway: Gateway) -> None:
    session_id = await gateway.session()
    async with await Peer.connect(gateway, session_id, 1) as anna, await Peer.connect(gateway, session_id, 2) as ben:
        await anna.join()
        hub, gateway.backend._hub = gateway.backend._hub, None
        gateway.writer.announce, announce = lambda *_: None, gateway.writer.announce  # type: ignore[method-assign]  # lost
        await gateway.backend.submit(session_id, Operation(None, Join(Role.MEMBER)))
        gateway.backend._hub, gateway.writer.announce = hub, announce  # type: ignore[method-assign]
        response = await ben.join()
        assert (response["me"], response["offset"]) == (2, 2)
        assert (await anna.receive("event"))["offset"] == 2


@pytest.mark.usefixtures("short_linger")
async def test_a_join_that_another_one_replaces_leaves_nobody_behind(gateway: Gateway) -> None:
    session_id = await gateway.session(members=2)
    async with await Peer.connect(gateway, session_id, 1) as anna, await Peer.connect(gateway, session_id, 2) as ben:
        await anna.join()
        await ben.send("phx_join", {}, joins=True)
        await ben.send("phx_join", {}, topic="session:abcdefghij", joins=True)
        assert await ben.close_code() == 4401
        await anna.round_trip()
        assert gateway.hub.hosted[session_id].fanout.present.keys() == {1}


async def test_many_joins_at_once_on_one_connection_leave_one_subscription(gateway: Gateway) -> None:
    session_id = await gateway.session(members=2)
    async with await Peer.connect(gateway, session_id, 2) as ben:
        refs = [await ben.send("phx_join", {}, joins=True) for _ in range(20)]
        assert (await ben.reply(refs[-1]))["status"] == "ok"
        await ben.round_trip()
        assert len(gateway.hub.hosted[session_id].fanout) == 1
