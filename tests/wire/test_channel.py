"""Every rule of Phoenix's channels that a server with one topic has to keep."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from cavalcade.domain import commands
from cavalcade.domain.errors import Rejected
from cavalcade.domain.session import OPERATIONS
from cavalcade.wire.channel import JoinRequested, Left, Pushed, Received, Send, ServerChannel, event_frame
from cavalcade.wire.errors import DecodeError
from cavalcade.wire.frame import Undecoded, encode_client_push
from tests.wire.test_frame import JSON

if TYPE_CHECKING:
    from collections.abc import Sequence

TOPIC = "session:abcdefghij"
OTHER = "session:zzzzzzzzzz"


def receive(channel: ServerChannel, *elements: object) -> Received:
    return channel.receive_text(json.dumps(elements))


def pushed(ref: str | None, event: str, payload: object, rest: str = "]") -> Pushed:
    """A push whose payload nobody has decoded yet."""
    return Pushed(ref, event, Undecoded(json.dumps(payload).encode() + rest.encode()))


def requested(channel: ServerChannel, join_ref: str = "1", topic: str = TOPIC) -> JoinRequested:
    request = receive(channel, join_ref, join_ref, topic, "phx_join", {})
    assert isinstance(request, JoinRequested)
    return request


def joined(join_ref: str = "1") -> ServerChannel:
    channel = ServerChannel("abcdefghij")
    channel.accept(requested(channel, join_ref), {})
    return channel


def read(frames: Sequence[bytes]) -> list[object]:
    return [json.loads(frame) for frame in frames]


def sent(received: Received) -> object:
    assert isinstance(received, Send)
    return json.loads(received.frame)


def reply(
    join_ref: str | None, ref: str | None, status: str = "ok", response: object = None, topic: str = TOPIC
) -> object:
    return [join_ref, ref, topic, "phx_reply", {"status": status, "response": {} if response is None else response}]


def closed(join_ref: str) -> object:
    return [join_ref, join_ref, TOPIC, "phx_close", {}]


UNMATCHED = {"reason": "unmatched topic"}


class TestJoin:
    def test_is_answered_with_its_own_refs(self) -> None:
        channel = ServerChannel("abcdefghij")
        request = receive(channel, "3", "4", TOPIC, "phx_join", {"offset": 7})
        assert request == JoinRequested("3", "4", TOPIC, {"offset": 7})
        assert isinstance(request, JoinRequested)
        assert channel.is_current(request)
        assert channel.join_ref is None
        assert read(channel.accept(request, {"a": 1})) == [reply("3", "4", response={"a": 1})]
        assert channel.joined
        assert not channel.is_current(request)

    def test_the_second_of_two_replies_first_and_closes_the_old_channel_then(self) -> None:
        channel = joined("1")
        request = requested(channel, "5")
        assert channel.join_ref == "1"
        assert read(channel.accept(request, {})) == [reply("5", "5"), closed("1")]
        assert channel.join_ref == "5"

    def test_one_that_was_replaced_before_its_answer_gets_none(self) -> None:
        channel = ServerChannel("abcdefghij")
        first, second = requested(channel, "1"), requested(channel, "2")
        assert not channel.is_current(first)
        assert channel.accept(first, {}) == []
        assert not channel.joined
        assert read(channel.accept(second, {})) == [reply("2", "2")]

    def test_two_alike_are_two(self) -> None:
        channel = ServerChannel("abcdefghij")
        first, second = requested(channel), requested(channel)
        assert first == second
        assert not channel.is_current(first)
        assert channel.accept(first, {}) == []
        assert channel.accept(second, {}) != []

    def test_is_accepted_once(self) -> None:
        channel = ServerChannel("abcdefghij")
        request = requested(channel)
        assert channel.accept(request, {}) != []
        assert channel.accept(request, {}) == []

    def test_may_be_refused(self) -> None:
        channel = ServerChannel("abcdefghij")
        request = requested(channel)
        response = {"reason": "unauthorized", "retry": False}
        assert read(channel.refuse(request, response)) == [reply("1", "1", "error", response)]
        assert not channel.joined
        assert channel.accept(request, {}) == []

    def test_a_refusal_leaves_an_open_channel_open(self) -> None:
        channel = joined("1")
        channel.refuse(requested(channel, "2"), {})
        assert channel.join_ref == "1"
        assert receive(channel, "1", "9", TOPIC, "leave", {}) == pushed("9", "leave", {})

    def test_to_another_session_can_only_be_refused_and_disturbs_nothing(self) -> None:
        channel = ServerChannel("abcdefghij")
        own, other = requested(channel, "1"), requested(channel, "2", OTHER)
        assert other.topic == OTHER
        assert channel.is_current(own)
        assert channel.is_current(other)
        with pytest.raises(ValueError, match="another session"):
            channel.accept(other, {})
        assert read(channel.refuse(other, {})) == [reply("2", "2", "error", topic=OTHER)]
        assert not channel.is_current(other)
        assert read(channel.accept(own, {})) == [reply("1", "1")]

    def test_without_join_ref_its_ref_serves(self) -> None:
        channel = ServerChannel("abcdefghij")
        request = receive(channel, None, "4", TOPIC, "phx_join", {})
        assert isinstance(request, JoinRequested)
        assert read(channel.accept(request, {})) == [reply("4", "4")]

    def test_without_any_ref_it_is_answered_all_the_same(self) -> None:
        channel = ServerChannel("abcdefghij")
        request = receive(channel, None, None, TOPIC, "phx_join", {})
        assert isinstance(request, JoinRequested)
        assert read(channel.accept(request, {})) == [reply("", None)]
        assert receive(channel, None, "2", TOPIC, "leave", {}) == pushed("2", "leave", {})

    @pytest.mark.parametrize("payload", [None, [], "x", 1, True])
    def test_its_payload_may_be_anything(self, payload: object) -> None:
        request = receive(ServerChannel("abcdefghij"), "1", "1", TOPIC, "phx_join", payload)
        assert request == JoinRequested("1", "1", TOPIC, payload)

    def test_a_topic_may_be_longer_than_a_binary_frame_can_hold(self) -> None:
        channel, long = ServerChannel("abcdefghij"), "session:" + "é" * 5_000
        request = requested(channel, "1", long)
        assert read(channel.refuse(request, {})) == [reply("1", "1", "error", topic=long)]
        assert sent(receive(channel, None, "2", "t" * 5_000, "e", {})) == reply(
            None, "2", "error", UNMATCHED, "t" * 5_000
        )


class TestPush:
    @pytest.mark.parametrize("payload", [{}, {"a": 1}, None, [], "x", 1])
    @pytest.mark.parametrize("ref", ["2", None])
    def test_reaches_the_joined_channel(self, payload: object, ref: str | None) -> None:
        assert receive(joined(), "1", ref, TOPIC, "position", payload) == pushed(ref, "position", payload)

    def test_may_be_binary(self) -> None:
        frame = encode_client_push("1", "2", TOPIC, "position", b"\x00" * 25)
        assert joined().receive_binary(frame) == Pushed("2", "position", b"\x00" * 25)
        assert joined().receive_binary(memoryview(frame)) == Pushed("2", "position", b"\x00" * 25)

    def test_without_join_ref_is_taken(self) -> None:
        assert receive(joined(), None, "2", TOPIC, "leave", {}) == pushed("2", "leave", {})

    def test_with_a_stale_join_ref_is_dropped(self) -> None:
        channel = joined("5")
        assert receive(channel, "1", "2", TOPIC, "leave", {}) is None
        assert channel.receive_binary(encode_client_push("1", "2", TOPIC, "position", b"")) is None

    def test_before_the_join_or_elsewhere_is_unmatched(self) -> None:
        channel = ServerChannel("abcdefghij")
        assert sent(receive(channel, "1", "2", TOPIC, "leave", {})) == reply(None, "2", "error", UNMATCHED)
        requested(channel)
        assert sent(receive(channel, "1", "2", TOPIC, "leave", {})) == reply(None, "2", "error", UNMATCHED)
        for topic in (OTHER, "room:1", ""):
            assert sent(receive(joined(), "1", "2", topic, "leave", {})) == reply(None, "2", "error", UNMATCHED, topic)

    def test_unmatched_without_ref_needs_no_answer(self) -> None:
        assert receive(ServerChannel("abcdefghij"), None, None, TOPIC, "position", {}) is None

    @pytest.mark.parametrize("event", ["phx_reply", "phx_close", "phx_error", "phx_other"])
    def test_a_client_cannot_speak_for_the_server(self, event: str) -> None:
        channel = joined()
        assert sent(receive(channel, "1", "2", TOPIC, event, {})) == reply(None, "2", "error", UNMATCHED)
        assert channel.joined

    def test_extra_elements_are_ignored(self) -> None:
        assert receive(joined(), "1", "2", TOPIC, "leave", {}, "more", 7) == pushed("2", "leave", {}, ', "more", 7]')

    def test_a_reply_carries_both_refs(self) -> None:
        frame = joined("3").reply("8", "error", {"reason": "forbidden"})
        assert json.loads(frame) == reply("3", "8", "error", {"reason": "forbidden"})

    def test_a_message_to_one_channel_carries_its_join_ref(self) -> None:
        assert json.loads(joined("3").push("presence_state", {"1": {}})) == [
            "3",
            None,
            TOPIC,
            "presence_state",
            {"1": {}},
        ]

    def test_a_broadcast_carries_no_ref(self) -> None:
        assert json.loads(event_frame(TOPIC, {"offset": 1})) == [None, None, TOPIC, "event", {"offset": 1}]


class TestHeartbeat:
    def test_is_answered_joined_or_not(self) -> None:
        for channel in (ServerChannel("abcdefghij"), joined()):
            assert sent(receive(channel, None, "7", "phoenix", "heartbeat", {})) == reply(None, "7", topic="phoenix")

    @pytest.mark.parametrize(("ref", "event"), [(None, "heartbeat"), ("7", "other"), ("7", "phx_join")])
    def test_nothing_else_is_said_on_its_topic(self, ref: str | None, event: str) -> None:
        assert receive(ServerChannel("abcdefghij"), None, ref, "phoenix", event, {}) is None


class TestLeave:
    def left(self, channel: ServerChannel, *elements: object) -> list[object]:
        received = receive(channel, *elements)
        assert isinstance(received, Left)
        return read(received.frames)

    def test_is_answered_then_the_channel_is_closed(self) -> None:
        channel = joined()
        assert self.left(channel, "1", "9", TOPIC, "phx_leave", {}) == [reply("1", "9"), closed("1")]
        assert not channel.joined

    def test_without_join_ref_means_the_open_channel(self) -> None:
        channel = joined()
        assert self.left(channel, None, "9", TOPIC, "phx_leave", {}) == [reply(None, "9"), closed("1")]
        assert not channel.joined

    def test_when_not_joined_is_only_answered(self) -> None:
        channel = ServerChannel("abcdefghij")
        assert sent(receive(channel, "1", "9", TOPIC, "phx_leave", {})) == reply("1", "9")
        assert sent(receive(channel, "1", "9", OTHER, "phx_leave", {})) == reply("1", "9", topic=OTHER)

    def test_with_a_stale_join_ref_is_ignored(self) -> None:
        channel = joined("5")
        assert receive(channel, "1", "9", TOPIC, "phx_leave", {}) is None
        assert channel.joined

    def test_before_the_joins_answer_takes_the_join_back(self) -> None:
        channel = ServerChannel("abcdefghij")
        request = requested(channel, "1")
        assert sent(receive(channel, "1", "2", TOPIC, "phx_leave", {})) == reply("1", "2")
        assert not channel.is_current(request)
        assert channel.accept(request, {}) == []

    def test_of_a_join_that_has_been_replaced_is_stale(self) -> None:
        channel = ServerChannel("abcdefghij")
        requested(channel, "1")
        second = requested(channel, "2")
        assert receive(channel, "1", "3", TOPIC, "phx_leave", {}) is None
        assert read(channel.accept(second, {})) == [reply("2", "2")]

    def test_of_a_join_over_an_open_channel_closes_both(self) -> None:
        channel = joined("1")
        request = requested(channel, "2")
        assert self.left(channel, "2", "3", TOPIC, "phx_leave", {}) == [reply("2", "3"), closed("1")]
        assert not channel.joined
        assert channel.accept(request, {}) == []

    def test_of_an_open_channel_that_is_being_replaced_is_stale(self) -> None:
        channel = joined("1")
        request = requested(channel, "2")
        assert receive(channel, "1", "3", TOPIC, "phx_leave", {}) is None
        assert read(channel.accept(request, {})) == [reply("2", "2"), closed("1")]

    def test_of_another_topic_does_not_take_a_join_back(self) -> None:
        channel = ServerChannel("abcdefghij")
        request = requested(channel)
        assert sent(receive(channel, "1", "2", OTHER, "phx_leave", {})) == reply("1", "2", topic=OTHER)
        assert channel.is_current(request)


class TestEnd:
    def test_the_server_closes_for_good(self) -> None:
        channel = joined()
        frame = channel.close()
        assert frame is not None
        assert json.loads(frame) == closed("1")
        assert not channel.joined
        assert channel.close() is None

    def test_the_server_reports_a_crash(self) -> None:
        channel = joined()
        frame = channel.fail()
        assert frame is not None
        assert json.loads(frame) == ["1", "1", TOPIC, "phx_error", {}]
        assert not channel.joined
        assert channel.fail() is None

    def test_the_client_may_join_again_afterwards(self) -> None:
        channel = joined("1")
        channel.fail()
        assert read(channel.accept(requested(channel, "2"), {})) == [reply("2", "2")]


REFS = st.none() | st.sampled_from(("1", "2", "")) | st.text(st.characters(), max_size=3)
TOPICS = st.sampled_from((TOPIC, OTHER, "phoenix", "")) | st.text(st.characters(), max_size=10)
EVENTS = st.sampled_from(("phx_join", "phx_leave", "heartbeat", "position", "leave", "phx_reply", ""))


@given(st.lists(st.binary() | st.text(st.characters()) | st.tuples(REFS, REFS, TOPICS, EVENTS, JSON).map(json.dumps)))
def test_whatever_arrives_is_understood_or_a_decode_error(frames: list[bytes | str]) -> None:
    channel = ServerChannel("abcdefghij")
    for frame in frames:
        try:
            received = channel.receive_binary(frame) if isinstance(frame, bytes) else channel.receive_text(frame)
        except DecodeError:
            continue
        if isinstance(received, JoinRequested) and received.topic == TOPIC:
            assert channel.accept(received, {})
            assert channel.joined
        elif isinstance(received, Pushed) and received.event in OPERATIONS:
            try:
                commands.operation(received.event, 1, received.content())
            except (DecodeError, Rejected):
                continue


class OneConnection(RuleBasedStateMachine):
    """A client in order and a server that takes its time, beside the simplest model of what both must see."""

    def __init__(self) -> None:
        super().__init__()
        self.channel = ServerChannel("abcdefghij")
        self.refs = 0
        self.pending: list[JoinRequested] = []
        self.open: str | None = None

    def next_ref(self) -> str:
        self.refs += 1
        return str(self.refs)

    @property
    def newest(self) -> str | None:
        return self.pending[-1].join_ref if self.pending else self.open

    @rule()
    def join(self) -> None:
        self.pending.append(requested(self.channel, self.next_ref()))

    @rule()
    def join_elsewhere(self) -> None:
        request = requested(self.channel, self.next_ref(), OTHER)
        assert read(self.channel.refuse(request, {})) == [reply(request.ref, request.ref, "error", topic=OTHER)]

    @precondition(lambda self: self.pending)
    @rule(data=st.data())
    def accept(self, data: st.DataObject) -> None:
        request = data.draw(st.sampled_from(self.pending))
        frames = read(self.channel.accept(request, {}))
        if request is self.pending[-1]:
            assert frames == [reply(request.join_ref, request.ref), *([closed(self.open)] if self.open else [])]
            self.open, self.pending = request.join_ref, []
        else:
            assert frames == []
            self.pending.remove(request)

    @precondition(lambda self: self.pending)
    @rule()
    def refuse(self) -> None:
        request = self.pending[-1]
        assert read(self.channel.refuse(request, {})) == [reply(request.join_ref, request.ref, "error")]
        self.pending = []

    @rule(known=st.booleans())
    def leave(self, *, known: bool) -> None:
        join_ref, ref = (self.newest if known else None), self.next_ref()
        received = receive(self.channel, join_ref, ref, TOPIC, "phx_leave", {})
        if self.open is None:
            assert sent(received) == reply(join_ref, ref)
        else:
            assert isinstance(received, Left)
            assert read(received.frames) == [reply(join_ref, ref), closed(self.open)]
        self.open, self.pending = None, []

    @precondition(lambda self: self.newest is not None)
    @rule()
    def leave_stale(self) -> None:
        assert receive(self.channel, "0", self.next_ref(), TOPIC, "phx_leave", {}) is None

    @rule(stale=st.booleans())
    def push(self, *, stale: bool) -> None:
        ref = self.next_ref()
        received = receive(self.channel, "0" if stale else self.open, ref, TOPIC, "sharing:set", {})
        if self.open is None:
            assert sent(received) == reply(None, ref, "error", UNMATCHED)
        else:
            assert received == (None if stale else pushed(ref, "sharing:set", {}))

    @rule(crash=st.booleans())
    def end(self, *, crash: bool) -> None:
        frame = self.channel.fail() if crash else self.channel.close()
        assert (frame is None) == (self.open is None)
        self.open = None

    @invariant()
    def both_agree(self) -> None:
        assert self.channel.join_ref == self.open
        for request in self.pending:
            assert self.channel.is_current(request) == (request is self.pending[-1])


TestOneConnection = OneConnection.TestCase


@given(st.data())
def test_a_packed_position_is_found_just_where_reading_the_whole_frame_finds_one(data: st.DataObject) -> None:
    join_ref = data.draw(st.sampled_from(["1", "22", "", "é"]))
    channel = joined(join_ref)
    # Each string is the right one or any.
    said, ref, topic, event = [
        data.draw(st.just(right) | st.text(max_size=12)) for right in (join_ref, "7", TOPIC, "position")
    ]
    frame = bytearray(encode_client_push(said, ref, topic, event, data.draw(st.binary(max_size=30))))
    for at in data.draw(st.lists(st.integers(0, len(frame) - 1), max_size=2)):
        frame[at] = data.draw(st.integers(0, 255))
    cut = bytes(frame[: data.draw(st.integers(0, len(frame)) | st.just(len(frame)))])
    found = channel.packed_position(cut)
    try:
        received = channel.receive_binary(cut)
    except DecodeError:
        received = None
    if found is not None:
        assert isinstance(received, Pushed)
        assert (received.event, received.payload) == ("position", found)


def test_a_clients_position_is_found_without_reading_the_whole_frame() -> None:
    frame = encode_client_push("1", "7", TOPIC, "position", bytes(25))
    channel = joined()
    assert channel.packed_position(frame) == bytes(25)
    assert channel.packed_position(encode_client_push("0", "7", TOPIC, "position", bytes(25))) is None
    channel.close()
    assert channel.packed_position(frame) is None
