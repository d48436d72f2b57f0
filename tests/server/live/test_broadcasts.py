"""Short-lived news: of each key the newest wins, the same everywhere, within bounds; and who is sent what of it."""

import asyncio
import json
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cavalcade.domain.audience import MEMBERS
from cavalcade.server.live.broadcasts import (
    KEPT_MS,
    MAX_KEYS,
    MAX_NAME,
    MAX_PAYLOAD,
    Broadcast,
    Broadcasts,
    by_event,
)
from cavalcade.server.live.fanout import Fanout
from cavalcade.server.live.send_queue import SendQueue
from cavalcade.server.processes.clock import AdaptiveClock, now_ms

NOW = 1_800_000_000_000


def news(
    key: str = "1", at: int = NOW, payload: Mapping[str, object] | None = None, event: str = "reached"
) -> Broadcast:
    """A broadcast to everybody."""
    return Broadcast(event, key, None, at, payload)


anything = st.builds(
    Broadcast,
    event=st.sampled_from(["reached", "reachability"]),
    key=st.sampled_from("abcdef"),
    audience=st.sampled_from((None, MEMBERS)),
    at=st.integers(NOW - 5, NOW),
    payload=st.none() | st.fixed_dictionaries({"offset": st.integers(1, 3)}),
)


@given(st.lists(anything, max_size=30), st.randoms(use_true_random=False))
def test_whatever_the_order_and_however_often_the_same_is_left(told: list[Broadcast], random: object) -> None:
    one, other = Broadcasts(), Broadcasts()
    for broadcast in told:
        one.take(broadcast, NOW)
    again = [*told, *told]
    random.shuffle(again)  # type: ignore[attr-defined]  # a `random.Random`, as hypothesis gives it
    for broadcast in again:
        other.take(broadcast, NOW)
    assert set(map(repr, one.current(NOW))) == set(map(repr, other.current(NOW)))


@given(st.lists(anything, max_size=30))
def test_the_newest_of_each_key_is_kept_and_sent_once(told: list[Broadcast]) -> None:
    kept = Broadcasts()
    for broadcast in told:
        kept.take(broadcast, NOW)
    newest = {one.slot: max(other.order for other in told if other.slot == one.slot) for one in told}
    assert {one.slot: one.order for one in kept.current(NOW)} == newest
    to_send, own = kept.to_send()
    assert {one.slot for one in to_send} == newest.keys()
    assert own == to_send
    kept.mark_sent(to_send)
    assert kept.to_send() == ([], [])
    for broadcast in told:
        assert not kept.take(broadcast, NOW), "nothing is new about what is known"


def test_a_key_that_was_withdrawn_is_not_brought_back_by_what_is_older() -> None:
    kept = Broadcasts()
    assert kept.take(news(at=NOW - 1, payload={"offset": 3}), NOW)
    assert kept.take(news(at=NOW), NOW)
    assert not kept.take(news(at=NOW - 1, payload={"offset": 3}), NOW)
    assert [one.payload for one in kept.current(NOW)] == [None]


def test_there_are_bounds_to_keys_and_time() -> None:
    kept = Broadcasts()
    for number in range(MAX_KEYS + 10):
        kept.take(news(key=str(number), at=NOW + number, payload={}), NOW + number)
    assert len(kept) == MAX_KEYS
    assert len(kept.unsent) == MAX_KEYS
    assert "9" not in {one.key for one in kept.current(NOW)}, "the oldest have gone"
    assert not kept.take(news(key="old", at=NOW - 1, payload={}), NOW), "as would one that is older than all"
    assert len(kept.current(NOW + KEPT_MS + 10)) == MAX_KEYS - 1
    assert not kept.current(NOW + KEPT_MS + MAX_KEYS + 10)
    assert not kept.unsent
    assert not kept.take(news(at=NOW), NOW + KEPT_MS), "too old to be news"


def test_what_a_clock_that_was_ahead_has_sent_gives_way() -> None:
    kept = Broadcasts()
    kept.take(news(at=NOW + 3_600_000, payload={"offset": 1}), NOW)
    assert kept.take(news(at=NOW + 1, payload={"offset": 2}), NOW + 1)
    assert not kept.take(news(at=NOW, payload={"offset": 9}), NOW + 1)
    kept.take(news(at=NOW + 3_600_000, payload={"offset": 3}), NOW + 3_600_000)
    assert kept.take(news(at=NOW + 2, payload={"offset": 4}), NOW + 2), "the clock of this process was ahead as well"


@pytest.mark.parametrize(
    "given_",
    [
        {"event": ""},
        {"event": "with space"},
        {"key": "x" * (MAX_NAME + 1)},
        {"key": "ö"},
        {"payload": {"text": "x" * MAX_PAYLOAD}},
        {"payload": {"number": float("nan")}},
        {"payload": {"bytes": b""}},
        {"at": -1},
    ],
)
def test_what_is_out_of_bounds_is_refused(given_: Mapping[str, object]) -> None:
    right: dict[str, object] = {
        "event": "reached",
        "key": "1",
        "audience": None,
        "at": NOW,
        "payload": {},
    }
    Broadcast(**right)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="broadcast"):
        Broadcast(**{**right, **given_})  # type: ignore[arg-type]


def test_clients_read_a_map_of_keys_for_each_event_that_they_may_read() -> None:
    told = [
        news(key="1", payload={"offset": 3}),
        news(key="2"),
        Broadcast("reachability", "1", MEMBERS, NOW, {"state": "page"}),
    ]
    assert by_event(told, lambda _: True) == {
        "reached": {"1": {"offset": 3}, "2": None},
        "reachability": {"1": {"state": "page"}},
    }
    assert by_event(told, lambda audience: audience is None) == {
        "reached": {"1": {"offset": 3}, "2": None},
    }


class Wire:
    """The connection under a send queue, which keeps what is written."""

    def __init__(self) -> None:
        self.written: list[bytes] = []

    def write_text(self, frame: bytes) -> None:
        """A frame."""
        self.written.append(frame)

    def write_binary(self, frame: bytes) -> None: ...

    def close(self, code: int) -> None: ...

    def fail(self) -> None: ...

    def finish(self, code: int) -> None: ...

    @property
    def told(self) -> list[tuple[str, object]]:
        """The broadcasts in it."""
        decoded = (json.loads(frame) for frame in self.written)
        return [(event, payload) for *_, event, payload in decoded if not event.startswith("presence")]


class Audienced:
    """A fan-out to a member, 1, and a viewer, 2, that is flushed by hand."""

    def __init__(self) -> None:
        self.told: list[Broadcast] = []
        self._at = now_ms() - 1000
        self.fanout = Fanout("anything", AdaptiveClock(10), due=lambda: None, told=self.told.extend)
        self.fanout.may_read = lambda who, audience: who == 1 or audience is None
        self.member, self.viewer = Wire(), Wire()
        self.queues = [SendQueue(self.member, 1, "json", "1"), SendQueue(self.viewer, 2, "json", "2")]
        for queue in self.queues:
            self.fanout.add(queue)
            queue.open(0, [])

    def send(self, event: str, key: str, payload: Mapping[str, object] | None, audience: str | None) -> None:
        """Broadcasts, each a millisecond after the one before."""
        self._at += 1
        self.fanout.broadcast(Broadcast(event, key, audience, self._at, payload))


async def test_an_audience_gets_what_is_for_it_and_frames_are_encoded_once_for_each() -> None:
    stage = Audienced()
    more = Wire()
    queue = SendQueue(more, 1, "json", "3")
    stage.fanout.add(queue)
    queue.open(0, [])
    stage.send("reached", "1", {"offset": 1}, None)
    stage.send("reachability", "1", {"state": "page"}, MEMBERS)
    stage.fanout.flush()
    assert stage.member.told == [("reached", {"1": {"offset": 1}}), ("reachability", {"1": {"state": "page"}})]
    assert stage.viewer.told == [("reached", {"1": {"offset": 1}})]
    assert [id(frame) for frame in more.written[-2:]] == [id(frame) for frame in stage.member.written[-2:]]
    assert [one.event for one in stage.told] == ["reached", "reachability"]
    stage.fanout.stop()


async def test_what_came_from_elsewhere_is_not_told_to_others_again() -> None:
    stage = Audienced()
    stage.fanout.broadcast(news(at=now_ms(), payload={"offset": 1}), is_own=False)
    stage.fanout.flush()
    assert stage.viewer.told == [("reached", {"1": {"offset": 1}})]
    assert stage.told == []
    stage.fanout.stop()


async def test_a_burst_is_one_frame_and_the_next_waits_for_its_interval() -> None:
    stage = Audienced()
    for offset in range(50):
        stage.send("reached", "1", {"offset": offset}, None)
    stage.fanout.flush()
    stage.send("reached", "1", {"offset": 50}, None)
    stage.fanout.flush()  # at once, so it is too soon
    assert stage.viewer.told == [("reached", {"1": {"offset": 49}})]
    assert stage.fanout.broadcasts.unsent
    stage.fanout.stop()


async def test_a_flush_comes_by_itself_for_what_had_to_wait() -> None:
    fanout = Fanout("anything", AdaptiveClock(10))
    wire = Wire()
    queue = SendQueue(wire, 1, "json", "1")
    fanout.add(queue)
    queue.open(0, [])
    for offset in (1, 2):
        fanout.broadcast(news(at=now_ms() - 10 + offset, payload={"offset": offset}))
        async with asyncio.timeout(5):
            while ("reached", {"1": {"offset": offset}}) not in wire.told:  # noqa: ASYNC110 - a timer gives no sign
                await asyncio.sleep(0.01)
    fanout.stop()


async def test_a_slow_reader_gets_the_newest_of_each_key_and_what_was_withdrawn() -> None:
    stage = Audienced()
    stage.send("reached", "1", {"offset": 1}, None)
    stage.send("reached", "2", {"offset": 1}, None)
    stage.fanout.flush()
    stage.queues[1].pause()
    for offset in (2, 3):
        stage.send("reached", "1", {"offset": offset}, None)
        stage.send("reachability", "1", {"state": "page"}, MEMBERS)
        stage.fanout._broadcast_at = float("-inf")
        stage.fanout.flush()
    stage.send("reached", "2", None, None)
    stage.fanout._broadcast_at = float("-inf")
    stage.fanout.flush()
    assert len(stage.viewer.told) == 1
    stage.queues[1].resume()
    assert stage.viewer.told[1:] == [("reached", {"1": {"offset": 3}, "2": None})]
    assert stage.fanout.broadcasts_for(2) == {"reached": {"1": {"offset": 3}}}
    assert stage.fanout.broadcasts_for(1) == {"reached": {"1": {"offset": 3}}, "reachability": {"1": {"state": "page"}}}
    stage.fanout.stop()


async def test_what_cannot_be_sent_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Audienced()

    def broken(_: object) -> None:
        raise RuntimeError

    stage.send("reached", "1", {"offset": 1}, None)
    monkeypatch.setattr(stage.member, "write_text", broken)
    with pytest.raises(RuntimeError):
        stage.fanout.flush()
    assert stage.fanout.broadcasts.unsent
    stage.fanout.stop()
