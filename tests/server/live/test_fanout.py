"""What both backends hold for each session that has connections: flushes that fail, and clocks that step."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import replace

import pytest

from cavalcade.domain.events import Event, UnknownChange
from cavalcade.domain.features.chat import Addressee, MessageRemoved, MessageSent
from cavalcade.domain.fix import Position
from cavalcade.domain.model import Role, SessionState
from cavalcade.server.live import fanout as fanout_module
from cavalcade.server.live.broadcasts import Broadcast
from cavalcade.server.live.fanout import Fanout
from cavalcade.server.live.send_queue import CLOSE_FAILED, SendQueue
from cavalcade.server.processes.clock import AdaptiveClock, now_ms
from cavalcade.server.processes.steady_clock import Step
from cavalcade.wire.frame import Message, encode_text
from cavalcade.wire.messages import event_to_dict
from tests.domain.strategies import session_with

HOUR = 3_600_000


class Wire:
    """The connection under a send queue: it breaks as often as a test says, and tells of what it takes."""

    def __init__(self, breaks: int) -> None:
        self.breaks = breaks
        self.taken: asyncio.Queue[bytes] = asyncio.Queue()
        self.closed: asyncio.Queue[int] = asyncio.Queue()

    def write_text(self, frame: bytes) -> None:
        """A frame."""
        if self.breaks:
            self.breaks -= 1
            raise RuntimeError("this connection breaks")
        self.taken.put_nowait(frame)

    def write_binary(self, frame: bytes) -> None: ...

    def close(self, code: int) -> None:
        """The close of the connection."""
        self.closed.put_nowait(code)

    def fail(self) -> None: ...

    def finish(self, code: int) -> None: ...


async def test_a_flush_that_fails_is_told_of_and_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fanout_module, "AGAIN_S", 0.3)  # longer than somebody who was shown waits to be shown again
    failures = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: failures.append(context["exception"]))
    stored: list[Mapping[int, Position]] = []
    fanout = Fanout("anything", AdaptiveClock(10), changed=stored.append)
    wire = Wire(breaks=1)
    send_queue = SendQueue(wire, 1, "json", "1")
    send_queue.open(0, [])
    fanout.add(send_queue)
    fanout.accept(2, Position(1, 600_000_000, 240_000_000))
    async with asyncio.timeout(5):
        assert b'"lat":60' in await wire.taken.get()
    assert [type(failure) for failure in failures] == [RuntimeError]
    assert [list(positions) for positions in stored] == [[2], [2]]
    fanout.accept(2, Position(2, 610_000_000, 240_000_000))
    async with asyncio.timeout(5):
        assert b'"lat":61' in await wire.taken.get()
    assert len(failures) == 1
    fanout.stop()


async def test_after_a_step_of_the_clock_nobody_is_frozen_in_the_future() -> None:
    now = now_ms()
    fanout = Fanout("anything", AdaptiveClock(10))
    wire = Wire(breaks=0)
    send_queue = SendQueue(wire, 1, "json", "1")
    send_queue.open(0, [])
    fanout.add(send_queue)
    stood = Position(now - 5_000, 590_000_000, 240_000_000)
    fanout.restore({1: stood, 2: Position(now + HOUR, 600_000_000, 240_000_000)})
    async with asyncio.timeout(5):
        assert b'"lat":60' in await wire.taken.get()
    fanout.correct(Step(since=now + HOUR, by=-HOUR))  # believed: the clock was an hour ahead
    assert fanout.newest[1] == stood
    assert now <= fanout.newest[2].fix_time <= now_ms()
    async with asyncio.timeout(5):
        shown = json.loads(await wire.taken.get())[4]["positions"]
    assert [(one["participant"], one["fix_time"]) for one in shown] == [(2, fanout.newest[2].fix_time)]
    assert fanout.accept(2, Position(now_ms(), 610_000_000, 240_000_000))
    async with asyncio.timeout(5):
        assert b'"lat":61' in await wire.taken.get()
    fanout.stop()


async def test_a_fix_from_the_future_makes_room_and_none_is_taken_from_elsewhere() -> None:
    now = now_ms()
    fanout = Fanout("anything", AdaptiveClock(10))
    fanout.restore({1: Position(now + HOUR, 600_000_000, 240_000_000)})
    assert fanout.accept(1, Position(now, 610_000_000, 240_000_000))
    assert not fanout.accept(1, Position(now - 1, 620_000_000, 240_000_000)), "the newest wins, as ever"
    fanout.accept_from_elsewhere([(2, Position(now + HOUR, 600_000_000, 240_000_000))])
    assert now <= fanout.newest[2].fix_time <= now_ms()
    fanout.stop()


async def test_who_may_not_read_an_event_gets_it_without_its_content() -> None:
    state = session_with(Role.HOST, Role.MEMBER, Role.VIEWER)
    fanout = Fanout("anything", AdaptiveClock(10))
    wires = {who: Wire(0) for who in (*state.participants, 9)}
    for who, wire in wires.items():
        send_queue = SendQueue(wire, who, "json", f"ref {who}")
        fanout.add(send_queue)
        send_queue.open(0, [])
    frames: dict[int, list[bytes]] = {}
    for offset, audience in ((1, "members"), (2, None), (3, "of a newer version")):
        change = UnknownChange("poll_opened", {"text": "hello"})
        fanout.deliver(Event(offset, 0, 1, None, change, audience=audience), state)
    for who, wire in wires.items():
        sent = [wire.taken.get_nowait() for _ in range(wire.taken.qsize())]
        frames[who] = [frame for frame in sent if b'"event"' in frame]
    read = {who: [json.loads(frame)[4]["data"] is not None for frame in sent] for who, sent in frames.items()}
    assert read == {1: [True, True, False], 2: [True, True, False], 3: [False, True, False], 9: [False, True, False]}
    assert frames[1][0] is frames[2][0]  # encoded once for each audience
    assert frames[3][0] is frames[9][0]


async def _behind() -> tuple[Fanout, SendQueue, Wire, SessionState]:
    """A reader whose transport is full, before their channel is open and after."""
    state = session_with(Role.HOST, Role.MEMBER)
    fanout, wire = Fanout("anything", AdaptiveClock(10)), Wire(0)
    slow = SendQueue(wire, 2, "json", "ref", paused=True)
    fanout.add(slow)
    return fanout, slow, wire, state


def _said(offset: int, text: str) -> Event:
    return Event(offset, 0, 1, None, MessageSent(1, text, None, Addressee.ALL, None), audience="chat")


async def test_what_waits_for_a_slow_reader_is_scrubbed_before_it_goes_out() -> None:
    fanout, slow, wire, state = await _behind()
    told = [event_to_dict(_said(3, "in the answer to a join")), event_to_dict(_said(4, "kept"))]
    answer = encode_text(Message("1", "1", "t", "phx_reply", {"status": "ok", "response": {"events": told}}))
    slow.skip_to(4)
    fanout.deliver(_said(5, "before it is open"), state)
    slow.open(4, [answer])
    fanout.deliver(_said(6, "after that"), state)
    fanout.deliver(_said(7, "kept as well"), state)
    fanout.deliver(replace(_said(8, "x"), change=MessageRemoved(3), scrubs=(3, 5, 6)), state)
    slow.resume()
    frames = [wire.taken.get_nowait() for _ in range(wire.taken.qsize())]
    payloads = [json.loads(frame)[4] for frame in frames]
    events = [*payloads[0]["response"]["events"], *(one for one in payloads[1:] if "offset" in one)]
    data = {event["offset"]: event["data"] and event["data"].get("text") for event in events}
    assert data == {3: None, 4: "kept", 5: None, 6: None, 7: "kept as well", 8: None}
    assert slow.waiting_bytes == 0  # what is counted is what waited
    fanout.stop()


async def test_a_reader_whose_transport_stays_full_after_something_was_scrubbed_is_cut_off(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fanout_module, "STALE_S", 0.01)
    fanout, slow, wire, state = await _behind()
    other = SendQueue(recovers := Wire(0), 1, "json", "other", paused=True)
    fanout.add(other)
    slow.open(2, [])
    other.open(2, [])
    fanout.deliver(replace(_said(3, "x"), change=MessageRemoved(2), scrubs=(2,)), state)
    other.resume()
    other.pause()
    async with asyncio.timeout(5):
        assert await wire.closed.get() == CLOSE_FAILED
    assert recovers.closed.empty()
    fanout.stop()


async def test_what_somebody_told_of_themselves_is_withdrawn_when_they_go() -> None:
    fanout, _, _, _ = await _behind()
    for who in (1, 2):
        fanout.broadcast(Broadcast("reached", str(who), "members", now_ms() + 500, {"participant": who, "offset": 3}))
    fanout.may_read = lambda _, __: True
    fanout.withdraw_reports(2)
    late = Broadcast("reached", "2", "members", now_ms() + 500, {"participant": 2, "offset": 3})
    fanout.broadcast(late, is_own=False)  # of a process whose clock is ahead
    assert fanout.broadcasts_for(1) == {"reached": {"1": {"participant": 1, "offset": 3}}}
    fanout.stop()
