"""Messages and signals: who reads them and from when on, in which order, how many, and that what is removed is gone."""

import asyncio
from collections.abc import Iterable, Sequence

import httpx
import pytest

from cavalcade.client import (
    ErrorCode,
    LiveSession,
    Membership,
    Post,
    Rejected,
    SessionOver,
    Signal,
    join_session,
    read_messages,
)
from cavalcade.client.changes import EventReceived
from cavalcade.domain.events import Event
from cavalcade.domain.features.chat import Addressee, MessageSent, Newcomers, SendMessage, SessionChat, SetChat, Writers
from cavalcade.wire.frame import Message
from testbed.installations.proxy import Proxy
from tests.scenarios.people import SOON, Group, through
from tests.scenarios.raw_socket import RawSocket, open_socket


def texts(events: Iterable[Event]) -> list[str | None]:
    """What the messages among some events say; None where that is not there."""
    return [
        event.change.text if isinstance(event.change, MessageSent) else None
        for event in events
        if event.change.type == MessageSent.type
    ]


async def read(membership: Membership, before: int | None = None, limit: int | None = None) -> list[str | None]:
    """What somebody can read of the chat over HTTP, newest first."""
    return texts(await read_messages(membership, before=before, limit=limit))


async def heard(session: LiveSession, wanted: Sequence[str]) -> None:
    """Reads what a session was told since it was connected, until it has as many messages; they are those wanted."""
    found: list[str | None] = []
    async with asyncio.timeout(60):
        async for change in session.changes():
            if isinstance(change, EventReceived):
                found += texts([change.event])
            if len(found) >= len(wanted):
                break
    assert found == list(wanted)


async def viewer_of(group: Group) -> Membership:
    """Somebody with the viewers' link."""
    assert group.host.viewer_link is not None
    return await join_session(group.host.viewer_link, name="Vic")


def is_event(message: Message, kind: str) -> bool:
    return message.event == "event" and isinstance(message.payload, dict) and message.payload["type"] == kind


async def test_members_read_each_other_and_viewers_only_where_they_may(server: str) -> None:
    async with Group(server) as group:
        anna, ben = await group.pair()
        vic = await viewer_of(group)
        async with open_socket(vic) as viewer:
            await viewer.join()
            hears = asyncio.create_task(heard(ben, ["Fuel in 20 km?"]))
            first = await anna.send_message("  Fuel in\t20 km?\r\n")
            await hears
            seen = await viewer.until(lambda m: is_event(m, "message_sent"))
            assert isinstance(seen.payload, dict)
            assert (seen.payload["offset"], seen.payload["data"], seen.payload["audience"]) == (first, None, "chat")
            await ben.send_signal(Signal.SEEN, reply_to=first)
            second = await ben.send_message("Yes\nat the bridge", to=Addressee.LEAD)
            for membership in (group.host, ben.membership):
                assert await read(membership) == ["Yes\nat the bridge", None, "Fuel in 20 km?"]
                assert await read(membership, limit=1) == ["Yes\nat the bridge"]
                assert await read(membership, before=second, limit=1) == [None]
                assert await read(membership, before=first) == []
            answer = (await ben.messages(before=second, limit=1))[0].change
            assert answer == MessageSent(2, None, Signal.SEEN, Addressee.ALL, first)
            assert await read(vic) == [None, None, None]
            refused, response = await viewer.ask("chat:send", {"op_id": "v1", "text": "Hello"})
            assert (refused, response["reason"]) == ("error", "forbidden")
            await anna.ask(SetChat(viewers_read=True))
            assert await read(vic) == ["Yes\nat the bridge", None, "Fuel in 20 km?"]
            await anna.send_message("Now you can read")
            told = await viewer.until(lambda m: is_event(m, "message_sent") and m.payload["data"] is not None)  # type: ignore[index]
            assert told.payload["data"]["text"] == "Now you can read"  # type: ignore[index]


async def test_only_leaders_write_where_the_host_says_so(server: str) -> None:
    async with Group(server) as group:
        anna, ben = await group.pair()
        with pytest.raises(Rejected) as forbidden:
            await ben.ask(SetChat(writers=Writers.LEADERS))
        assert forbidden.value.code is ErrorCode.FORBIDDEN
        await anna.ask(SetChat(writers=Writers.LEADERS))
        await ben.wait_for(lambda s: s.state.features.of(SessionChat).writers is Writers.LEADERS, SOON)
        with pytest.raises(Rejected) as forbidden:
            await ben.send_message("Hello")
        assert forbidden.value.code is ErrorCode.FORBIDDEN
        await ben.send_signal(Signal.FUEL)
        await anna.set_post(Post.LEAD, 2)
        await ben.send_message("Hello")
        with pytest.raises(Rejected) as wrong:
            await ben.ask(SendMessage("a\u202eb", None, None, 1))
        assert [error.pointer for error in wrong.value.errors] == ["/text"]
        with pytest.raises(Rejected) as wrong:
            await ben.send_message("Hello", reply_to=1)
        assert [error.pointer for error in wrong.value.errors] == ["/reply_to"]


async def test_newcomers_see_of_what_was_before_them_what_the_host_says(server: str) -> None:
    async with Group(server) as group:
        anna = await group.connect(group.host)
        await anna.send_message("before")
        await anna.ask(SetChat(newcomers_see=Newcomers.NONE))
        ben = await group.join("Ben")
        await anna.send_message("after")

        async def caught_up() -> list[str | None]:
            async with open_socket(ben) as socket:
                events = (await socket.join(offset=0))["events"]
            assert isinstance(events, list)
            assert [event["offset"] for event in events] == list(range(1, len(events) + 1))
            sent = [event["data"] for event in events if event["type"] == "message_sent"]
            return [data and data["text"] for data in sent]

        assert (await caught_up(), await read(ben)) == ([None, "after"], ["after", None])
        for chosen in (Newcomers.RECENT, Newcomers.ALL):
            await anna.ask(SetChat(newcomers_see=chosen))
            assert (await caught_up(), await read(ben)) == (["before", "after"], ["after", "before"])


async def test_what_is_written_in_dead_zones_arrives_once_and_in_order(server: str, wire: Proxy) -> None:
    """Twenty are more than may be written at once: the rest waits as it is asked to, and nothing overtakes it."""
    async with Group(server) as group:
        anna = await group.connect(group.host)
        ben = await group.connect(through(wire, await group.join("Ben")))
        cleo = await group.connect(await group.join("Cleo"))
        wanted = [f"message {number}" for number in range(20)]
        hears = [asyncio.create_task(heard(session, wanted)) for session in (anna, ben, cleo)]
        sending: list[asyncio.Task[int]] = []
        for begin in (0, 7, 14):
            wire.cut()
            await anna.wait_for(lambda s: 2 not in s.present, 30)
            sending += [asyncio.create_task(ben.send_message(text)) for text in wanted[begin : begin + 7]]
            await asyncio.sleep(0)  # they are in the outbox now
            wire.mend()
            await anna.wait_for(lambda s: 2 in s.present, 30)
        offsets = await asyncio.wait_for(asyncio.gather(*sending), 60)
        await asyncio.gather(*hears)
        assert offsets == sorted(offsets)
        assert await read(group.host) == wanted[::-1]


async def test_a_signal_that_waits_keeps_only_the_same_signal_waiting(server: str) -> None:
    async with Group(server) as group:
        ben = await group.connect(await group.join("Ben"))
        await ben.send_signal(Signal.FUEL)
        again = [asyncio.create_task(ben.send_signal(Signal.FUEL)) for _ in range(2)]
        await asyncio.sleep(0)  # they are in the outbox now
        await asyncio.wait_for(ben.send_message("Here"), SOON)
        await asyncio.wait_for(ben.send_signal(Signal.BREAK), SOON)
        await asyncio.wait_for(ben.leave(), SOON)
        assert [type(one) for one in await asyncio.gather(*again, return_exceptions=True)] == [SessionOver] * 2


async def ask(socket: RawSocket, op_id: str, **payload: object) -> tuple[str, object, object]:
    status, response = await socket.ask("chat:send", {"op_id": op_id, **payload})
    return status, response.get("reason"), response.get("retry_after_s")


async def test_who_writes_too_much_is_asked_to_wait_and_what_is_stored_is_answered_all_the_same(server: str) -> None:
    async with Group(server) as group:
        ben = await group.join("Ben")
        async with open_socket(ben) as socket, open_socket(ben) as other:
            await socket.join()
            await other.join()
            assert (await ask(socket, "s1", signal="fuel"))[0] == "ok"
            status, reason, wait_s = await ask(other, "s2", signal="fuel")
            assert (status, reason) == ("error", "too_many_requests")
            assert isinstance(wait_s, int)
            assert 1 <= wait_s <= 20
            assert (await other.ask("chat:send", {"op_id": "s2", "signal": "fuel"}))[1]["same"] == ["signal"]
            assert (await ask(other, "s1", signal="fuel"))[0] == "ok"  # the same one again is not another one
            assert (await ask(other, "s3", signal="break"))[0] == "ok"
            answers = [await ask(socket, f"m{number}", text="Hi") for number in range(70)]
            first = next(place for place, answer in enumerate(answers) if answer[0] == "error")
            assert first >= 8
            assert {answer[1] for answer in answers if answer[0] == "error"} == {"too_many_requests"}
            assert (await ask(other, "m0", text="Hi"))[0] == "ok"


async def test_what_is_removed_is_gone_for_those_who_come_back_too(server: str) -> None:
    async with Group(server) as group:
        anna, ben = await group.pair()
        async with open_socket(ben.membership) as socket:
            await socket.join()
            status, response = await socket.ask("chat:send", {"op_id": "mine", "text": "xyzzy plugh"})
            assert status == "ok"
            message = response["offset"]
            assert isinstance(message, int)
            cleo = await group.connect(await group.join("Cleo"))
            with pytest.raises(Rejected) as forbidden:
                await cleo.remove_message(message)
            assert forbidden.value.code is ErrorCode.FORBIDDEN
            removed = await anna.remove_message(message)
            assert await anna.remove_message(message) == removed  # there is nothing left to remove
            for member in (ben.membership, cleo.membership):
                async with open_socket(member) as again:
                    events = (await again.join(offset=0))["events"]
                    assert "xyzzy" not in str(events)
                assert await read(member) == [None]
            # The same again gets its old answer, and anything else under its id, too: nobody can find out what it said.
            for text in ("xyzzy plugh", "guessed"):
                assert await socket.ask("chat:send", {"op_id": "mine", "text": text}) == ("ok", {"offset": message})
        for wrong in (1, removed + 100):
            with pytest.raises(Rejected) as invalid:
                await anna.remove_message(wrong)
            assert [error.pointer for error in invalid.value.errors] == ["/message"]


async def test_how_far_the_chat_was_on_whose_screen_is_told_to_members(server: str) -> None:
    async with Group(server) as group:
        anna, ben = await group.pair()
        vic = await viewer_of(group)
        async with open_socket(vic) as viewer:
            await viewer.join()
            offset = await anna.send_message("Hello")
            await ben.wait_for(lambda s: s.state.offset >= offset, SOON)
            ben.reached(offset + 50)  # no more than it knows is told
            await anna.wait_for(lambda s: s.reached_by.get(2, 0) >= offset, SOON)
            cleo = await group.connect(await group.join("Cleo"))
            await cleo.wait_for(lambda s: s.reached_by.get(2, 0) >= offset, SOON)
            refused, response = await viewer.ask("chat:reached", {"offset": 1})
            assert (refused, response["reason"]) == ("error", "forbidden")
            await ben.leave()
            for session in (anna, cleo):
                await session.wait_for(lambda s: 2 not in s.reached_by, SOON)
            async with open_socket(group.host) as socket:
                await socket.join()
                await socket.ask("profile:set", {"op_id": "p", "name": "Ann"})
                # A withdrawal may be under way still; what was withdrawn is not told again.
                assert {str(message.payload) for message in socket.received if message.event == "reached"} <= {
                    str({"2": None})
                }
            assert "reached" not in {message.event for message in viewer.received}
            for payload, pointer in (({"offset": 10_000}, "/offset"), ({}, "/offset"), ({"offset": 1, "to": 2}, "/to")):
                async with open_socket(cleo.membership) as socket:
                    await socket.join()
                    refused, response = await socket.ask("chat:reached", payload)
                    assert (refused, response["reason"]) == ("error", "invalid_request")
                    assert [error["pointer"] for error in response["errors"]] == [pointer]  # type: ignore[attr-defined]
            async with open_socket(cleo.membership) as socket:
                await socket.join()
                assert (await socket.ask("chat:reached", {"offset": 1}))[0] == "ok"
                refused, response = await socket.ask("chat:reached", {"offset": 2})
                assert (refused, response["reason"], response["retry"]) == ("error", "too_many_requests", True)


@pytest.mark.parametrize(
    ("query", "pointers"),
    [
        ({"limit": "0"}, ["/limit"]),
        ({"limit": "101", "before": "-1"}, ["/before", "/limit"]),
        ({"before": "x"}, ["/before"]),
        ({"after": "1"}, ["/after"]),
    ],
)
async def test_a_page_that_cannot_be_is_refused_with_each_bad_field(
    server: str, query: dict[str, str], pointers: list[str]
) -> None:
    async with Group(server) as group, httpx.AsyncClient() as http:
        address = f"{server}/api/sessions/{group.host.session_id}/messages"
        right = {"Authorization": f"Bearer {group.host.token}"}
        answer = await http.get(address, params=query, headers=right)
        assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")
        assert [error["pointer"] for error in answer.json()["errors"]] == pointers
        assert (await http.get(address)).status_code == 401
