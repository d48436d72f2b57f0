"""What both backends hold for each session that has connections: flushes that fail, and clocks that step."""

import asyncio
import json
from collections.abc import Mapping

import pytest

from cavalcade.domain.events import Event, UnknownChange
from cavalcade.domain.fix import Position
from cavalcade.domain.model import Role
from cavalcade.server.live import fanout as fanout_module
from cavalcade.server.live.fanout import Fanout
from cavalcade.server.live.send_queue import SendQueue
from cavalcade.server.processes.clock import AdaptiveClock, now_ms
from cavalcade.server.processes.steady_clock import Step
from tests.domain.strategies import session_with

HOUR = 3_600_000


class Wire:
    """The connection under a send queue: it breaks as often as a test says, and tells of what it takes."""

    def __init__(self, breaks: int) -> None:
        self.breaks = breaks
        self.taken: asyncio.Queue[bytes] = asyncio.Queue()

    def write_text(self, frame: bytes) -> None:
        """A frame."""
        if self.breaks:
            self.breaks -= 1
            raise RuntimeError("this connection breaks")
        self.taken.put_nowait(frame)

    def write_binary(self, frame: bytes) -> None: ...

    def close(self, code: int) -> None: ...

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
