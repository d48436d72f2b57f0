"""Operations over the socket: every one with its replies and events, the rules of `op_id`, and the order."""

import asyncio
from typing import Any

import pytest

from cavalcade.domain.features.membership import Join, Leave
from cavalcade.domain.model import Role
from cavalcade.domain.operations import Operation
from cavalcade.server.sockets import connection

from .conftest import Gateway
from .peer import Peer, place


async def _pair(gateway: Gateway, session_id: str) -> tuple[Peer, Peer]:
    anna, ben = [await Peer.connect(gateway, session_id, who) for who in (1, 2)]
    await anna.join()
    await ben.join()
    return anna, ben


async def _seen(peer: Peer, **expected: Any) -> Any:
    """The next event, which must have these fields; returns its data."""
    event = await peer.receive("event")
    assert event.keys() == {"offset", "at", "by", "op_id", "type", "data", "mark"}
    assert {name: event[name] for name in expected} == expected
    return event["data"]


async def test_profile_set_changes_name_and_color_for_all(gateway: Gateway) -> None:
    anna, ben = await _pair(gateway, await gateway.session(2))
    assert await ben.do("profile:set", {"op_id": "1", "name": "Ben B", "color": "#ABCDEF"}) == {"offset": 3}
    for peer in (anna, ben):
        data = await _seen(peer, offset=3, by=2, op_id="1", type="profile_changed")
        assert data == {"participant": 2, "name": "Ben B", "initials": "BB", "color": "#abcdef"}


async def test_sharing_set_pauses_and_resumes(gateway: Gateway) -> None:
    anna, ben = await _pair(gateway, await gateway.session(2))
    assert await ben.do("sharing:set", {"op_id": "1", "on": False}) == {"offset": 3}
    assert await _seen(anna, type="sharing_changed", by=2) == {"participant": 2, "on": False}
    assert await ben.do("sharing:set", {"op_id": "2", "on": True}) == {"offset": 4}
    assert await _seen(anna, type="sharing_changed") == {"participant": 2, "on": True}


async def test_session_set_renames_and_extends_by_the_host_alone(gateway: Gateway) -> None:
    session_id = await gateway.session(2)
    anna, ben = await _pair(gateway, session_id)
    assert (await ben.refused("session:set", {"op_id": "1", "name": "Mine"}))["reason"] == "forbidden"
    assert await anna.do("session:set", {"op_id": "1", "name": "Alps", "extend_s": 60}) == {"offset": 3}
    data = await _seen(ben, type="session_changed", by=1)
    assert data["session"]["name"] == "Alps"
    stored = await gateway.store.load(session_id)
    assert stored is not None
    assert stored.state.session.expires_at == data["session"]["expires_at"]


async def test_host_claim_is_refused_while_the_host_is_there(gateway: Gateway) -> None:
    _, ben = await _pair(gateway, await gateway.session(2))
    await asyncio.sleep(1.1)  # longer than a host may be away in these tests; they are connected all the time
    assert (await ben.refused("host:claim", {"op_id": "1"}))["reason"] == "forbidden"


async def test_host_claim_succeeds_when_the_host_was_away_long_enough(gateway: Gateway) -> None:
    anna, ben = await _pair(gateway, await gateway.session(2))
    await anna.socket.close()
    while "1" not in (await ben.receive("presence_diff"))["leaves"]:
        pass
    assert (await ben.refused("host:claim", {"op_id": "1"}))["reason"] == "forbidden"
    await asyncio.sleep(1.1)  # as long as a host may be away in these tests
    assert await ben.do("host:claim", {"op_id": "2"}) == {"offset": 3}
    assert await _seen(ben, type="host_changed", by=2) == {"participant": 2}


async def test_leave_goes_for_good_and_names_the_next_host(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "LINGER_S", 0.05)
    anna, ben = await _pair(gateway, await gateway.session(2))
    assert await anna.do("leave", {"op_id": "1"}) == {"offset": 4}
    assert await _seen(ben, type="participant_left") == {"participant": 1, "reason": "left"}
    assert await _seen(ben, type="host_changed") == {"participant": 2}
    await anna.receive("phx_close")
    assert await anna.close_code() == 4401
    # The channel is closed after the reply: a client drops whatever comes later.
    assert [m.event for m in anna.received if m.event in {"phx_reply", "phx_close"}][-2:] == ["phx_reply", "phx_close"]
    assert anna.unread("event")[-1]["type"] == "participant_left"


async def test_session_end_ends_for_all(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "LINGER_S", 0.05)
    anna, ben = await _pair(gateway, await gateway.session(2))
    assert (await ben.refused("session:end", {"op_id": "1"}))["reason"] == "forbidden"
    assert await anna.do("session:end", {"op_id": "1"}) == {"offset": 3}
    assert await _seen(ben, type="session_ended", by=1) == {"reason": "ended"}
    for peer in (anna, ben):
        await peer.receive("phx_close")
        assert await peer.close_code() == 4404
        events = [m.event for m in peer.received if m.event in {"phx_reply", "event", "phx_close"}]
        assert events[-1] == "phx_close"


@pytest.mark.parametrize("last", ["leave", "session:end"])
async def test_after_leave_or_end_session_not_found_means_done(gateway: Gateway, last: str) -> None:
    anna, _ = await _pair(gateway, await gateway.session(2))
    refs = [
        await anna.send(last, {"op_id": "1"}),
        await anna.send(last, {"op_id": "1"}),
        await anna.send(last, {"op_id": "2"}),
        await anna.send("profile:set", {"op_id": "3", "name": "Ghost"}),
    ]
    done, again, *late = [await anna.reply(ref) for ref in refs]
    assert done["status"] == "ok"
    assert again == done
    assert [reply["response"]["reason"] for reply in late] == ["session_not_found"] * 2


async def test_fixes_kept_while_offline_move_the_avatar_to_the_newest(gateway: Gateway) -> None:
    anna, ben = await _pair(gateway, await gateway.session(2))
    now = place().fix_time
    fixes: list[object] = [{"lat": 60 + n / 100, "lon": 25, "fix_time": now - 1000 * n} for n in (2, 0, 1)]
    response = await ben.do("fixes:send", {"op_id": "1", "fixes": [*fixes, {"lat": 91, "lon": 0}, "nonsense"]})
    assert response == {"offset": 2, "accepted": 3}
    (seen,) = (await anna.receive("positions"))["positions"]
    assert seen == {"participant": 2, "lat": 60, "lon": 25, "fix_time": now}
    assert await ben.do("fixes:send", {"op_id": "1", "fixes": [*fixes, {"lat": 91, "lon": 0}, "nonsense"]}) == response
    assert not anna.unread("event")


async def test_at_most_500_fixes_are_taken_at_once(gateway: Gateway) -> None:
    anna, _ = await _pair(gateway, await gateway.session(2))
    fix = {"lat": 1, "lon": 2}
    assert (await anna.do("fixes:send", {"op_id": "1", "fixes": [fix] * 500}))["accepted"] == 500
    refused = await anna.refused("fixes:send", {"op_id": "2", "fixes": [fix] * 501})
    assert (refused["reason"], refused["errors"][0]["pointer"]) == ("invalid_request", "/fixes")


@pytest.mark.parametrize(
    ("event", "payload", "pointers"),
    [
        ("profile:set", {"name": "x"}, ["/op_id"]),
        ("profile:set", {"op_id": "", "name": "x"}, ["/op_id"]),
        ("profile:set", {"op_id": "x" * 65}, ["/op_id"]),
        ("profile:set", {"op_id": "\u00e9"}, ["/op_id"]),
        ("profile:set", {"op_id": 7, "name": 5, "color": "red"}, ["/op_id", "/name", "/color"]),
        ("sharing:set", {"op_id": "1"}, ["/on"]),
        ("sharing:set", {"op_id": "1", "on": "yes"}, ["/on"]),
        ("session:set", {"op_id": "1", "extend_s": -5}, ["/extend_s"]),
        ("session:set", {"op_id": "1", "extend_s": 30 * 86400}, ["/extend_s"]),
        ("leave", {"op_id": "1", "more": 1}, ["/more"]),
        ("session:end", [], ["", "/op_id"]),
        ("host:claim", None, ["", "/op_id"]),
        ("fixes:send", {"op_id": "1", "fixes": {}}, ["/fixes"]),
    ],
)
async def test_an_invalid_operation_names_every_bad_field(
    gateway: Gateway, event: str, payload: object, pointers: list[str]
) -> None:
    anna, _ = await _pair(gateway, await gateway.session(2))
    refused = await anna.refused(event, payload)
    assert (refused["reason"], refused["retry"]) == ("invalid_request", False)
    assert [error["pointer"] for error in refused["errors"]] == pointers


async def test_an_unknown_operation_is_refused(gateway: Gateway) -> None:
    anna, _ = await _pair(gateway, await gateway.session(2))
    assert (await anna.refused("session:explode", {"op_id": "1"}))["reason"] == "invalid_request"


async def test_a_viewer_shares_nothing_and_becomes_no_host(gateway: Gateway) -> None:
    session_id = await gateway.session(1)
    await gateway.backend.submit(session_id, Operation(None, Join(Role.VIEWER)))
    anna, vera = await _pair(gateway, session_id)
    for event, payload in [
        ("sharing:set", {"op_id": "1", "on": True}),
        ("host:claim", {"op_id": "2"}),
        ("fixes:send", {"op_id": "3", "fixes": []}),
    ]:
        assert (await vera.refused(event, payload))["reason"] == "forbidden"
    await vera.send("position", {"lat": 1, "lon": 2})
    await vera.round_trip()
    await anna.send("position", {"lat": 3, "lon": 4})
    (seen,) = (await anna.receive("positions"))["positions"]
    assert seen["participant"] == 1


async def test_the_same_again_gets_the_same_reply_and_no_second_event(gateway: Gateway) -> None:
    session_id = await gateway.session(2)
    anna, ben = await _pair(gateway, session_id)
    first = await anna.do("profile:set", {"op_id": "1", "name": "Anna", "color": "#000000"})
    await ben.do("profile:set", {"op_id": "1", "name": "Ben"})  # the id is unique per participant
    again = await anna.do("profile:set", {"color": "#000000", "op_id": "1", "name": "Anna"})
    assert first == again == {"offset": 3}
    async with await Peer.connect(gateway, session_id, 1) as elsewhere:
        await elsewhere.join()
        assert await elsewhere.do("profile:set", {"op_id": "1", "name": "Anna", "color": "#000000"}) == first
    await ben.round_trip()
    assert [event["offset"] for event in ben.unread("event")] == [3, 4]


async def test_the_same_many_times_at_once_is_done_once(gateway: Gateway) -> None:
    session_id = await gateway.session(2)
    peers = [await Peer.connect(gateway, session_id, 1) for _ in range(4)]
    for peer in peers:
        await peer.join()
    refs = [(peer, await peer.send("profile:set", {"op_id": "1", "name": "Anna"})) for peer in peers for _ in range(3)]
    replies = [await peer.reply(ref) for peer, ref in refs]
    assert all(reply == {"status": "ok", "response": {"offset": 3}} for reply in replies)
    assert (await gateway.store.offsets([session_id]))[session_id] == (1, 3)


async def test_other_content_under_the_same_id_is_refused(gateway: Gateway) -> None:
    anna, _ = await _pair(gateway, await gateway.session(2))
    await anna.do("profile:set", {"op_id": "1", "name": "Anna"})
    for event, payload in [
        ("profile:set", {"op_id": "1", "name": "Anne"}),
        ("sharing:set", {"op_id": "1", "on": False}),
    ]:
        refused = await anna.refused(event, payload)
        assert (refused["reason"], refused["retry"]) == ("op_id_reused", False)


async def test_operations_that_changed_nothing_are_remembered_too(gateway: Gateway) -> None:
    anna, ben = await _pair(gateway, await gateway.session(2))
    assert await anna.do("sharing:set", {"op_id": "1", "on": True}) == {"offset": 2}
    await ben.do("profile:set", {"op_id": "1", "name": "Ben"})
    assert await anna.do("sharing:set", {"op_id": "1", "on": True}) == {"offset": 2}
    assert (await anna.refused("sharing:set", {"op_id": "1", "on": False}))["reason"] == "op_id_reused"


async def test_failures_are_not_remembered(gateway: Gateway) -> None:
    anna, ben = await _pair(gateway, await gateway.session(2))
    assert (await ben.refused("session:set", {"op_id": "1", "name": "Ours"}))["reason"] == "forbidden"
    await anna.do("leave", {"op_id": "1"})
    assert await ben.do("session:set", {"op_id": "1", "name": "Ours"}) == {"offset": 5}


async def test_operations_of_one_connection_are_carried_out_in_order(gateway: Gateway) -> None:
    session_id = await gateway.session(2)
    anna, ben = await _pair(gateway, session_id)
    refs = [await anna.send("profile:set", {"op_id": str(n), "name": f"Anna {n}"}) for n in range(16)]
    assert [(await anna.reply(ref))["response"]["offset"] for ref in refs] == list(range(3, 19))
    names = [(await ben.receive("event"))["data"]["name"] for _ in refs]
    assert names == [f"Anna {n}" for n in range(16)]


async def test_beyond_16_waiting_operations_there_are_too_many(gateway: Gateway) -> None:
    anna, _ = await _pair(gateway, await gateway.session(2))
    frames = [await anna.send("profile:set", {"op_id": str(n), "name": f"Anna {n}"}) for n in range(40)]
    replies = [await anna.reply(ref) for ref in frames]
    refused = [reply["response"] for reply in replies if reply["status"] == "error"]
    assert len(replies) == 40
    assert refused
    assert all((response["reason"], response["retry"]) == ("too_many_requests", True) for response in refused)
    assert sum(reply["status"] == "ok" for reply in replies) >= 16


async def test_an_sos_passes_operations_that_wait(gateway: Gateway) -> None:
    session_id = await gateway.session(2)
    anna, ben = await _pair(gateway, session_id)
    async with gateway.backend._turns.setdefault(session_id, asyncio.Lock()):  # nothing else goes on
        waiting = [await anna.send("profile:set", {"op_id": str(n), "name": f"Anna {n}"}) for n in range(40)]
        assert await anna.do("sos:raise", {"op_id": "s", "kind": "lost"}) == {"offset": 3}
        assert (await ben.receive("event"))["type"] == "sos_raised"
    assert {(await anna.reply(ref))["status"] for ref in waiting} == {"ok", "error"}


async def test_an_alert_about_somebody_else_needs_their_silence(gateway: Gateway) -> None:
    anna, ben = await _pair(gateway, await gateway.session(2))
    about_ben = {"kind": "no_news", "participant": 2}
    assert (await anna.refused("alert:raise", {"op_id": "1", **about_ben}))["reason"] == "forbidden"
    assert await anna.do("alert:raise", {"op_id": "2", "kind": "stopped"}) == {"offset": 3}
    assert await ben.do("alert:raise", {"op_id": "1", "kind": "straggler"}) == {"offset": 4}
    ben.socket.transport.abort()
    async with asyncio.timeout(10):
        # He has to have been away for a second here, and the server alone knows since when.
        while (await anna.ask("alert:raise", {"op_id": "3", **about_ben}))["status"] == "error":  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    assert await anna.do("alert:raise", {"op_id": "4", **about_ben}) == {"offset": 5}


async def test_a_push_without_a_ref_is_carried_out_without_a_reply(gateway: Gateway) -> None:
    anna, ben = await _pair(gateway, await gateway.session(2))
    await anna.socket.send(f'["{anna.join_ref}",null,"{anna.topic}","profile:set",{{"op_id":"1","name":"Anna"}}]')
    assert (await ben.receive("event"))["data"]["name"] == "Anna"
    await anna.round_trip()
    assert len([m for m in anna.received if m.event == "phx_reply"]) == 2


async def test_what_was_refused_on_old_knowledge_is_asked_again(gateway: Gateway) -> None:
    session_id = await gateway.session(2)
    anna, ben = await _pair(gateway, session_id)
    hub, gateway.backend._hub = gateway.backend._hub, None  # as another process would; its publication is lost
    announce, gateway.writer.announce = gateway.writer.announce, lambda *_: None  # type: ignore[method-assign]

    await gateway.backend.submit(session_id, Operation(1, Leave()))
    gateway.backend._hub, gateway.writer.announce = hub, announce  # type: ignore[method-assign]
    assert await ben.do("session:set", {"op_id": "1", "name": "Ours"}) == {"offset": 5}
    assert [(await ben.receive("event"))["offset"] for _ in range(3)] == [3, 4, 5]
    assert anna.join_ref
