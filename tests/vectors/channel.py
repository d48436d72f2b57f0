"""What the sans-I/O channel does about what happens, by the Python client; the page's channel is held to the same.

A sequence is a list of steps: when, what happens, what is to be done, and what is different then. What happens is
written here by hand, from the contract.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Self

from cavalcade.client.actions import Action, Dial, Disconnect, Settle, Transmit, Withhold
from cavalcade.client.channel import Channel
from cavalcade.client.errors import SessionOver, Withdrawn
from cavalcade.client.resumption import Resumption
from cavalcade.client.timing import Timing
from cavalcade.domain.errors import Rejected
from cavalcade.domain.fix import DEGREE, Fix, Position
from cavalcade.wire.frame import Message, encode_binary_broadcast, encode_text
from cavalcade.wire.positions import pack_positions

SESSION: Final = "abcdefghij"
TOPIC: Final = f"session:{SESSION}"
LUCK: Final = 0.5
"""What each drawn number is."""

NOW: Final = 1_000_000
"""The server's time when a sequence begins."""


def _person(who: int, *, role: str = "member", sharing: bool = True) -> dict[str, object]:
    return {
        "id": who, "name": f"Rider {who}", "initials": f"R{who}", "color": "#e5484d", "role": role, "sharing": sharing,
        "joined_at": 0,
    }  # fmt: skip


def _snapshot(*, role: str = "host", sharing: bool = True) -> dict[str, object]:
    return {
        "session": {
            "id": SESSION, "name": "Trip", "created_at": 0, "expires_at": 10**13, "time_asked_by": None,
        },
        "participants": [_person(1, role=role, sharing=sharing), _person(2)],
    }  # fmt: skip


@dataclass
class Story:
    """One sequence while it is written down."""

    name: str
    resumption: Mapping[str, object] | None = None
    steps: list[dict[str, object]] = field(default_factory=list)
    before: dict[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        resumption = None if self.resumption is None else Resumption.from_dict(self.resumption)
        self.channel = Channel(
            SESSION, 1, mode="binary", timing=Timing(), random=lambda: LUCK, resumption=resumption
        )  # fmt: skip

    def start(self, at: int = 0) -> Self:
        return self._step(at, "start", None, self.channel.start(at))

    def tick(self, at: int) -> Self:
        return self._step(at, "tick", None, self.channel.tick(at))

    def opened(self, at: int) -> Self:
        return self._step(at, "opened", None, self.channel.opened(at))

    def lost(self, at: int, code: int = 1006) -> Self:
        return self._step(at, "lost", code, self.channel.lost(at, code))

    def submit(self, at: int, op_id: str, event: str, **fields: object) -> Self:
        actions = self.channel.submit(op_id, event, fields, at)
        return self._step(at, "submit", {"event": event, "payload": {"op_id": op_id, **fields}}, actions)

    def report(self, at: int, lat: float, fix_time: int) -> Self:
        fix = Fix(lat, 25.0, fix_time)
        return self._step(at, "report", {"lat": lat, "lon": 25.0, "fix_time": fix_time}, self.channel.report(fix))

    def close(self, at: int) -> Self:
        return self._step(at, "close", None, self.channel.close())

    def said(
        self, at: int, event: str, payload: object, *, join_ref: str | None = None, ref: str | None = None
    ) -> Self:
        text = encode_text(Message(join_ref, ref, TOPIC, event, payload)).decode()
        return self._step(at, "text", json.loads(text), self.channel.received(text, at))

    def answered(self, at: int, ref: str, response: object, *, status: str = "ok", join_ref: str = "1") -> Self:
        payload = {"status": status, "response": response}
        return self.said(at, "phx_reply", payload, join_ref=join_ref, ref=ref)

    def joined(self, at: int, ref: str = "1", *, offset: int = 5, **fields: object) -> Self:
        head = {"offset": offset, "server_time": NOW + at, "me": 1, "mode": "binary", "positions": []}
        return self.answered(at, ref, {**head, **fields}, join_ref=ref)

    def heard(self, at: int, offset: int, kind: str, **data: object) -> Self:
        event = {"offset": offset, "at": NOW, "by": 1, "op_id": None, "type": kind, "data": data, "mark": f"m{offset}"}
        return self.said(at, "event", event)

    def beat(self, at: int, ref: str) -> Self:
        text = encode_text(Message(None, ref, "phoenix", "phx_reply", {"status": "ok", "response": {}})).decode()
        return self._step(at, "text", json.loads(text), self.channel.received(text, at))

    def positions(self, at: int, *positions: tuple[int, int, int]) -> Self:
        frame = encode_binary_broadcast(
            TOPIC,
            "positions",
            pack_positions(NOW + at, [(who, _at(degrees, fix_time)) for who, degrees, fix_time in positions]),
        )
        return self._step(at, "bytes", frame.hex(), self.channel.received(frame, at))

    def to_dict(self) -> dict[str, object]:
        return {"name": self.name, "resumption": self.resumption, "steps": self.steps}

    def _step(self, at: int, kind: str, what: object, actions: Iterable[Action]) -> Self:
        channel = self.channel
        state = channel.replica.state
        then: dict[str, object] = {
            "connection": channel.connection.value,
            "closed": None if channel.closed is None else channel.closed.reason,
            "deadline": channel.deadline,
            "is_sharing": channel.is_sharing,
            "waiting": [operation.op_id for operation in channel.waiting],
            "offset": None if state is None else state.offset,
            "positions": {
                str(who): [where.lat / DEGREE, where.fix_time]
                for who, where in sorted(channel.replica.positions.items())
            },
            "present": sorted(channel.replica.present),
        }
        different = {name: value for name, value in then.items() if value != self.before.get(name, ...)}
        done = [one for one in map(_action, actions) if one is not None]
        self.steps.append({"at": at, kind: what, "actions": done, "then": different})
        self.before = then
        return self


def _at(degrees: int, fix_time: int) -> Position:
    return Position(fix_time, degrees * DEGREE, 25 * DEGREE, None, None, None, None, None)


def _action(action: Action) -> object | None:
    match action:
        case Dial():
            return {"type": "dial"}
        case Transmit(frame=str() as text):
            return {"type": "send", "text": json.loads(text)}
        case Transmit(frame=bytes() as frame):
            return {"type": "send", "bytes": frame.hex()}
        case Withhold():
            return {"type": "withhold"}
        case Disconnect(code=code):
            return {"type": "disconnect", "code": code}
        case Settle(op_id=op_id, outcome=outcome):
            said = {"refused": _reason(outcome)} if isinstance(outcome, Exception) else {"ok": outcome}
            return {"type": "settle", "op_id": op_id, **said}
        case _:
            return None


def _reason(error: Exception) -> str:
    if isinstance(error, Rejected):
        return error.code.value
    if isinstance(error, Withdrawn):
        return "withdrawn"
    assert isinstance(error, SessionOver)
    return error.reason


def _joined(name: str, snapshot: Mapping[str, object] | None = None) -> Story:
    """A sequence that begins joined, at 0 ms and offset 5."""
    return Story(name).start().opened(0).joined(0, mark="m5", snapshot=snapshot or _snapshot())


def sequences() -> list[dict[str, object]]:
    """All of them."""
    return [
        sequence.to_dict() for sequence in (*_connections(), *_operations(), *_urgent(), *_sharing(), *_what_comes())
    ]


def _connections() -> list[Story]:
    return [
        _joined("heartbeats while they are answered, and silence")
        .tick(4_000).beat(4_100, "2").tick(8_100).tick(12_099).tick(12_100).tick(12_150),
        _joined("whatever comes after a heartbeat is a sign of life")
        .tick(4_000).heard(7_000, 6, "host_changed", participant=2).tick(8_000).tick(11_000),
        Story("a join without an answer").start().opened(0).tick(9_999).tick(10_000).tick(10_050),
        Story("dials that fail wait longer each time").start().lost(10).tick(60).lost(70).tick(170).lost(180).tick(380),
        _joined("a lost connection goes on where it was")
        .heard(10, 6, "profile_changed", participant=1, name="A", initials="A", color="#112233")
        .lost(20).tick(70).opened(80).joined(90, "2", offset=6, events=[], mark="m6"),
        _joined("a gap leads to a join from the beginning")
        .heard(10, 7, "host_changed", participant=2).tick(60).joined(70, "2", offset=7, snapshot=_snapshot()),
        _joined("a channel that crashed is joined again over the same socket")
        .said(10, "phx_error", {}, join_ref="1").tick(60).joined(70, "2", events=[]),
        _joined("a channel that the server closes stays closed").said(10, "phx_close", {}, join_ref="1").tick(5_000),
        _joined("what belongs to an older join is not listened to")
        .said(10, "phx_error", {}, join_ref="1").tick(60).said(61, "phx_close", {}, join_ref="1")
        .heard(62, 6, "host_changed", participant=2).joined(70, "2", events=[]),
        Story("a join that is refused for a while").start().opened(0)
        .answered(10, "1", {"reason": "too_many_requests", "retry": True, "retry_after_s": 3}, status="error")
        .tick(3_059).tick(3_060).joined(3_070, "2", snapshot=_snapshot()),
        Story("a join that is refused for good").start().opened(0)
        .answered(10, "1", {"reason": "session_not_found", "retry": False}, status="error").tick(9_000),
        *(
            _joined(f"closed with {code}").submit(5, "a", "leave").lost(10, code).tick(5_000)
            for code in (1012, 4401, 4404, 4409)
        ),
        _joined("closed from this side").submit(5, "a", "time:ask").close(10),
    ]  # fmt: skip


def _too_many(seconds: int, *same: str) -> dict[str, object]:
    """A refusal for which only operations wait that are alike in these fields."""
    return {"reason": "too_many_requests", "retry": True, "retry_after_s": seconds, "same": list(same)}


def _operations() -> list[Story]:
    name = {"name": "Zoë"}
    return [
        Story("operations wait for the join and go one at a time").start().submit(0, "a", "profile:set", **name)
        .submit(1, "b", "time:ask").opened(2).joined(3, snapshot=_snapshot())
        .answered(10, "2", {"offset": 6}).answered(20, "3", {"offset": 7}),
        _joined("without an answer the same goes again").submit(10, "a", "profile:set", **name)
        .tick(4_000).beat(4_001, "3").tick(8_001).beat(8_002, "4").tick(10_010).answered(10_020, "5", {"offset": 6}),
        _joined("an answer that is lost with the connection").submit(10, "a", "profile:set", **name).lost(20).tick(70)
        .opened(80).joined(90, "3", events=[]).answered(100, "2", {"offset": 6}, join_ref="3")
        .answered(110, "4", {"offset": 6}, join_ref="3"),
        _joined("refused for a while, others wait behind it").submit(10, "a", "profile:set", **name)
        .submit(11, "b", "time:ask")
        .answered(20, "2", {"reason": "too_many_requests", "retry": True, "retry_after_s": 2}, status="error")
        .tick(2_069).tick(2_070).answered(2_080, "3", {"offset": 6}),
        _joined("a signal that was given a moment ago keeps only the same signal waiting")
        .submit(10, "a", "chat:send", signal="fuel").submit(11, "b", "chat:send", signal="fuel", to="lead")
        .submit(12, "c", "chat:send", signal="wait_for_me").submit(13, "d", "chat:send", text="Here")
        .submit(14, "e", "sharing:set", on=False).submit(15, "f", "chat:send", text="Out", signal="fuel")
        .answered(20, "2", _too_many(20, "signal"), status="error").answered(30, "3", {"offset": 6})
        .answered(40, "4", {"offset": 7}).answered(50, "5", {"offset": 8}).tick(20_019).tick(20_070)
        .answered(20_080, "7", {"offset": 9}).answered(20_090, "8", {"offset": 10}),
        _joined("messages that are too many keep their order, and no other operations waiting")
        .submit(10, "a", "chat:send", text="1").submit(11, "b", "chat:send", text="2").submit(12, "c", "time:ask")
        .answered(20, "2", _too_many(1), status="error").answered(30, "3", {"offset": 6}).tick(1_070)
        .answered(1_080, "4", {"offset": 7}).answered(1_090, "5", {"offset": 8}),
        _joined("leaving does not wait for messages that are too many").submit(10, "a", "chat:send", text="1")
        .submit(11, "b", "leave").answered(20, "2", _too_many(2), status="error").answered(30, "3", {"offset": 6}),
        _joined("two that wait for rates of their own, over a lost connection")
        .submit(10, "a", "chat:send", text="1").submit(11, "b", "alert:raise", kind="stopped")
        .answered(20, "2", _too_many(2), status="error").answered(30, "3", _too_many(300), status="error")
        .submit(40, "c", "chat:send", text="2").submit(50, "d", "time:ask").lost(60).tick(200).opened(210)
        .joined(220, "5", events=[]).answered(230, "6", {"offset": 6}, join_ref="5").tick(2_100),
        _joined("refused for good, others go on").submit(10, "a", "session:end").submit(11, "b", "time:ask")
        .answered(20, "2", {"reason": "forbidden", "retry": False}, status="error")
        .answered(30, "3", {"offset": 6}),
        _joined("a push to a channel that the server lost").submit(10, "a", "time:ask")
        .answered(20, "2", {"reason": "unmatched topic"}, status="error").tick(70).joined(80, "3", events=[]),
        Story("of statuses that wait only the newest goes").start().submit(0, "a", "status:set", status="fuel")
        .submit(1, "b", "profile:set", **name).submit(2, "c", "status:set", status="break")
        .submit(3, "d", "status:set", participant=2, status="going_home").submit(4, "e", "status:set")
        .opened(5).joined(6, snapshot=_snapshot()).answered(10, "2", {"offset": 6}).answered(11, "3", {"offset": 7})
        .answered(12, "4", {"offset": 8}),
        _joined("a status that is on its way is not replaced, and the newest comes after it")
        .submit(10, "a", "status:set", status="fuel").submit(11, "b", "status:set", status="break")
        .submit(12, "c", "status:set").answered(20, "2", {"offset": 6}).answered(30, "3", {"offset": 7}),
        _joined("a status whose answer was lost is replaced").submit(10, "a", "status:set", status="fuel").lost(20)
        .submit(30, "b", "status:set", status="break").tick(70).opened(80).joined(90, "3", events=[])
        .answered(100, "4", {"offset": 7}, join_ref="3"),
        _joined("leaving is acknowledged").submit(10, "a", "leave").answered(20, "2", {"offset": 6}),
        _joined("leaving twice is leaving").submit(10, "a", "leave")
        .answered(20, "2", {"reason": "session_not_found", "retry": False}, status="error"),
        _joined("the end comes before its answer").submit(10, "a", "session:end").submit(11, "b", "time:ask")
        .heard(20, 6, "session_ended", reason="ended"),
        Story(
            "a page that was loaded again goes on with what it knew and could not send",
            {
                "offset": 5, "mark": "m5", "snapshot": _snapshot(),
                "operations": [{"event": "sharing:set", "payload": {"op_id": "a", "on": False}}],
            },
        ).start().opened(0).joined(10, events=[]).answered(20, "2", {"offset": 6}),
    ]  # fmt: skip


def _urgent() -> list[Story]:
    name, lost = {"name": "Zoë"}, {"kind": "lost"}
    return [
        _joined("an SOS waits behind nothing").submit(10, "a", "profile:set", **name).submit(11, "b", "time:ask")
        .submit(12, "s", "sos:raise", **lost).answered(20, "3", {"offset": 6}).answered(30, "2", {"offset": 7}),
        _joined("of what is urgent one waits for the other").submit(10, "s", "sos:raise", **lost)
        .submit(11, "c", "sos:clear", sos=6, reason="false_alarm").submit(12, "a", "time:ask")
        .answered(20, "2", {"offset": 6}),
        _joined("an SOS that is refused for a while keeps nothing else waiting").submit(10, "s", "sos:raise", **lost)
        .answered(20, "2", {"reason": "too_many_requests", "retry": True, "retry_after_s": 2}, status="error")
        .submit(30, "a", "profile:set", **name).answered(40, "3", {"offset": 6}).tick(2_070)
        .answered(2_080, "4", {"offset": 7}),
        _joined("an SOS goes while others are refused for a while").submit(10, "a", "profile:set", **name)
        .answered(20, "2", {"reason": "too_many_requests", "retry": True, "retry_after_s": 2}, status="error")
        .submit(30, "s", "sos:raise", **lost).answered(40, "3", {"offset": 6}).tick(2_070),
        _joined("an SOS without an answer goes again under the same id").submit(10, "a", "time:ask")
        .submit(500, "s", "sos:raise", **lost).answered(600, "2", {"offset": 6}).tick(4_000).beat(4_001, "4")
        .tick(8_001).beat(8_002, "5").tick(10_500).answered(10_510, "6", {"offset": 7}),
        Story("offline, an SOS goes before what was asked for earlier").start().submit(0, "a", "time:ask")
        .submit(1, "s", "sos:raise", **lost).opened(2).joined(3, snapshot=_snapshot()).lost(4).tick(54).opened(60)
        .joined(70, "4", events=[]).answered(80, "5", {"offset": 6}, join_ref="4")
        .answered(90, "6", {"offset": 7}, join_ref="4"),
        Story("one's own SOS resumes sharing after a pause that waits").start().submit(0, "a", "sharing:set", on=False)
        .submit(1, "s", "sos:raise", **lost).opened(2).joined(3, snapshot=_snapshot()).answered(10, "2", {"offset": 6})
        .answered(11, "3", {"offset": 7}).answered(12, "4", {"offset": 8}),
        Story("an SOS for somebody else changes no pause").start().submit(0, "a", "sharing:set", on=False)
        .submit(1, "s", "sos:raise", participant=2, **lost),
        Story(
            "after a restart an SOS goes first, too",
            {
                "offset": 5, "mark": "m5", "snapshot": _snapshot(),
                "operations": [
                    {"event": "time:ask", "payload": {"op_id": "a"}},
                    {"event": "sos:raise", "payload": {"op_id": "s", **lost}},
                ],
            },
        ).start().opened(0).joined(10, events=[]).answered(20, "2", {"offset": 6}).answered(30, "3", {"offset": 7}),
        _joined("an SOS that was under way when the session ended").submit(10, "s", "sos:raise", **lost)
        .heard(20, 6, "session_ended", reason="ended"),
    ]  # fmt: skip


def _sharing() -> list[Story]:
    return [
        _joined("a pause holds from the moment it is asked for").report(5, 60.0, NOW)
        .submit(10, "a", "sharing:set", on=False).report(11, 60.1, NOW + 11).answered(20, "2", {"offset": 6})
        .report(21, 60.2, NOW + 21).heard(30, 6, "sharing_changed", participant=1, on=False)
        .report(31, 60.3, NOW + 31),
        _joined("what was asked for last counts").submit(10, "a", "sharing:set", on=False)
        .submit(11, "b", "sharing:set", on=True).report(12, 60.0, NOW + 12),
        _joined("sharing resumes before the server knows", snapshot=_snapshot(sharing=False))
        .submit(10, "a", "sharing:set", on=True).report(11, 60.0, NOW + 11).answered(20, "2", {"offset": 6})
        .heard(30, 6, "sharing_changed", participant=1, on=True),
        _joined("paused and resumed on another page").report(5, 60.0, NOW)
        .heard(10, 6, "sharing_changed", participant=1, on=False).report(11, 60.0, NOW + 11)
        .heard(20, 7, "sharing_changed", participant=1, on=True).report(21, 60.0, NOW + 21),
        _joined("paused elsewhere while away").report(5, 60.0, NOW).lost(10).tick(60).opened(70)
        .joined(80, "3", offset=6, events=[{
            "offset": 6, "at": NOW, "by": 1, "op_id": "x", "type": "sharing_changed",
            "data": {"participant": 1, "on": False}, "mark": "m6",
        }]),
        _joined("who only watches does not share", snapshot=_snapshot(role="viewer")).report(5, 60.0, NOW),
        _joined("the newest fix goes out again where the server has an older one").report(5, 60.0, NOW + 5)
        .lost(10).report(20, 60.1, NOW + 20).report(21, 60.0, NOW + 5).tick(60).opened(70)
        .joined(80, "3", events=[], positions=[{"participant": 1, "lat": 60.0, "lon": 25.0, "fix_time": NOW + 5}]),
        _joined("and not where it has it").report(5, 60.0, NOW + 5).lost(10).tick(60).opened(70)
        .joined(80, "3", events=[], positions=[{"participant": 1, "lat": 60.0, "lon": 25.0, "fix_time": NOW + 5}]),
        _joined("kept fixes stay here once a pause was asked for").lost(10)
        .submit(20, "a", "fixes:send", fixes=[{"lat": 60.0, "lon": 25.0, "fix_time": NOW}])
        .submit(30, "b", "sharing:set", on=False),
        _joined("kept fixes that were on their way, likewise")
        .submit(20, "a", "fixes:send", fixes=[{"lat": 60.0, "lon": 25.0, "fix_time": NOW}])
        .submit(30, "b", "sharing:set", on=False).lost(40),
    ]  # fmt: skip


def _what_comes() -> list[Story]:
    return [
        _joined("an older place is refused, an equally old one is taken").positions(100, (1, 60, NOW), (2, 61, NOW))
        .positions(200, (2, 62, NOW)).positions(300, (2, 63, NOW - 1), (9, 1, NOW)),
        _joined("of those in the answer to a join an older one is refused, and who is not in it has no place")
        .report(5, 60.0, NOW + 5).positions(100, (1, 60, NOW + 5), (2, 60, NOW + 100)).lost(200).tick(300).opened(300)
        .joined(310, "3", events=[], positions=[
            {"participant": 1, "lat": 61.0, "lon": 25.0, "fix_time": NOW},
            {"participant": 2, "lat": 61.0, "lon": 25.0, "fix_time": NOW + 50},
        ]).lost(400).tick(500).opened(500)
        .joined(510, "5", events=[], positions=[{"participant": 2, "lat": 62.0, "lon": 25.0, "fix_time": NOW + 100}]),
        _joined("a time that lies ahead does not stand for ever").positions(100, (2, 60, NOW + 100)).lost(200).tick(300)
        .opened(300)
        .answered(300, "2", {
            "offset": 5, "server_time": NOW - 60_000, "me": 1, "mode": "binary", "events": [],
            "positions": [{"participant": 2, "lat": 61.0, "lon": 25.0, "fix_time": NOW - 60_000}],
        }, join_ref="2"),
        _joined("who left has no place").positions(100, (2, 60, NOW))
        .heard(110, 6, "participant_left", participant=2, reason="left").positions(120, (2, 60, NOW + 20)),
        _joined("one's own leaving on another page").heard(10, 6, "participant_left", participant=1, reason="left"),
        _joined("an unknown type moves the offset").heard(10, 6, "poll_opened", text="hi"),
        _joined("presence, and what comes before it").said(5, "presence_diff", {
            "joins": {"2": {"metas": [{"phx_ref": "b"}]}}, "leaves": {},
        }).said(10, "presence_state", {"1": {"metas": [{"phx_ref": "a"}]}})
        .said(20, "presence_diff", {
            "joins": {"2": {"metas": [{"phx_ref": "c"}]}}, "leaves": {"2": {"metas": [{"phx_ref": "b"}]}},
        })
        .said(30, "presence_diff", {"joins": {}, "leaves": {"2": {"metas": [{"phx_ref": "c"}]}}}),
    ]  # fmt: skip
