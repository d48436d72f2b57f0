"""The sans-I/O channel: time passes by saying so, and no server is needed."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cavalcade.client.actions import Action, Dial, Disconnect, Notify, Settle, Transmit, Withhold
from cavalcade.client.backoff import Backoff
from cavalcade.client.changes import Closed, ConnectionChanged, ConnectionState, ReachedChanged
from cavalcade.client.channel import Channel
from cavalcade.client.errors import SessionOver
from cavalcade.client.pending_operations import MAX_OPERATIONS
from cavalcade.client.resumption import Resumption
from cavalcade.client.timing import Timing
from cavalcade.domain.errors import ErrorCode, Rejected
from cavalcade.domain.fix import Fix
from cavalcade.wire.frame import Message, encode_binary_broadcast, encode_text
from cavalcade.wire.messages import state_from_snapshot

TOPIC = "session:abcdefghij"
SESSION = {"id": "abcdefghij", "name": "Trip", "created_at": 0, "expires_at": 10**13}
ANNA = {"id": 1, "name": "Anna", "initials": "A", "color": "#e5484d", "role": "host", "sharing": True, "joined_at": 0}
SNAPSHOT = {"session": SESSION, "participants": [ANNA]}


def a_channel(random: float = 1.0) -> Channel:
    return Channel("abcdefghij", 1, mode="json", timing=Timing(), random=lambda: random)


def frames(actions: list[Action]) -> list[list[object]]:
    return [json.loads(action.frame) for action in actions if isinstance(action, Transmit)]


def say(
    channel: Channel, now: int, event: str, payload: object, ref: str | None = None, *, join_ref: str | None = None
) -> list[Action]:
    return channel.received(encode_text(Message(join_ref, ref, TOPIC, event, payload)).decode(), now)


def answer_join(channel: Channel, now: int, join_ref: str, **fields: object) -> list[Action]:
    response = {"offset": 1, "server_time": 0, "me": 1, "mode": "json", "positions": [], **fields}
    return say(channel, now, "phx_reply", {"status": "ok", "response": response}, join_ref, join_ref=join_ref)


def refuse(channel: Channel, now: int, ref: str, reason: str, *, retry: bool) -> list[Action]:
    return say(
        channel,
        now,
        "phx_reply",
        {"status": "error", "response": {"reason": reason, "retry": retry}},
        ref,
        join_ref="1",
    )


def joined_channel() -> Channel:
    channel = a_channel()
    assert channel.start(0)[-1] == Dial()
    assert frames(channel.opened(0)) == [["1", "1", TOPIC, "phx_join", {"mode": "json"}]]
    answer_join(channel, 0, "1", snapshot=SNAPSHOT)
    assert channel.connection is ConnectionState.JOINED
    return channel


def event(offset: int, kind: str = "profile_changed", **data: object) -> dict[str, object]:
    fields = {"participant": 1, "name": "Anne", "initials": "A", "color": "#e5484d", **data}
    return {"offset": offset, "at": 0, "by": 1, "op_id": None, "type": kind, "data": fields}


def test_heartbeats_go_out_every_four_seconds_while_they_are_answered() -> None:
    channel = joined_channel()
    for now in range(4_000, 40_000, 4_000):
        channel.tick(now - 1)
        assert channel.deadline == now
        (beat,) = frames(channel.tick(now))
        assert beat[2:] == ["phoenix", "heartbeat", {}]
        reply = Message(None, str(beat[1]), "phoenix", "phx_reply", {"status": "ok", "response": {}})
        channel.received(encode_text(reply).decode(), now)


def test_a_heartbeat_without_an_answer_ends_the_connection() -> None:
    channel = joined_channel()
    channel.tick(4_000)
    assert Disconnect(4000) not in channel.tick(7_999)
    assert Disconnect(4000) in channel.tick(8_000)
    assert channel.connection is ConnectionState.WAITING
    assert Dial() in channel.tick(8_100)


def test_whatever_comes_after_a_heartbeat_is_a_sign_of_life() -> None:
    channel = joined_channel()
    channel.tick(4_000)
    say(channel, 7_000, "event", event(2))
    channel.tick(8_000)
    assert channel.connection is ConnectionState.JOINED
    assert Disconnect(4000) in channel.tick(11_000)


def test_a_join_without_an_answer_ends_the_connection() -> None:
    channel = a_channel()
    channel.start(0)
    channel.opened(0)
    assert Disconnect(4000) in channel.tick(10_000)


def test_waits_grow_and_start_again_after_a_stable_connection() -> None:
    channel = a_channel()
    channel.start(0)
    now, waits = 0, []
    for _ in range(10):
        channel.lost(now)
        assert channel.deadline is not None
        waits.append(channel.deadline - now)
        now = channel.deadline
        assert Dial() in channel.tick(now)
    assert waits == [100, 200, 400, 800, 1600, 2000, 2000, 2000, 2000, 2000]
    channel.opened(now)
    answer_join(channel, now, "1", snapshot=SNAPSHOT)
    channel.lost(now + 100)
    assert channel.deadline == now + 100 + 2_000
    channel.tick(now := now + 10_100)
    channel.opened(now)
    answer_join(channel, now, "2", events=[])
    channel.tick(now + 5_000)
    channel.lost(now + 5_000)
    assert channel.deadline == now + 5_100


def test_a_rejoin_names_the_newest_offset() -> None:
    channel = joined_channel()
    say(channel, 10, "event", event(2))
    channel.lost(20)
    channel.tick(120)
    assert frames(channel.opened(130))[0][4] == {"mode": "json", "offset": 2}


def test_a_known_event_is_ignored_and_a_gap_leads_to_a_join_without_offset() -> None:
    channel = joined_channel()
    assert say(channel, 10, "event", event(1)) == []
    say(channel, 10, "event", event(3))
    assert channel.connection is ConnectionState.CONNECTING
    assert frames(channel.tick(110))[0][3:] == ["phx_join", {"mode": "json"}]
    # What still comes for the old channel is in the answer to the new join.
    assert say(channel, 111, "event", event(4)) == []
    answer_join(channel, 112, "2", snapshot=SNAPSHOT, offset=4)
    assert channel.replica.state is not None
    assert channel.replica.state.offset == 4


def test_a_crashed_channel_is_joined_again_over_the_same_socket() -> None:
    channel = joined_channel()
    say(channel, 10, "phx_error", {}, "1", join_ref="1")
    assert frames(channel.tick(110))[0][3:] == ["phx_join", {"mode": "json", "offset": 1}]


def test_a_channel_the_server_closes_stays_closed() -> None:
    channel = joined_channel()
    assert Notify(Closed("closed")) in say(channel, 10, "phx_close", {}, "1", join_ref="1")
    assert channel.deadline is None


def test_frames_of_an_older_join_are_dropped() -> None:
    channel = joined_channel()
    assert say(channel, 10, "phx_close", {}, "0", join_ref="0") == []


def test_operations_go_one_at_a_time_and_an_unanswered_one_goes_again() -> None:
    channel = joined_channel()
    (first,) = frames(channel.submit("a", "profile:set", {"name": "A"}, 0))
    assert first == ["1", "2", TOPIC, "profile:set", {"op_id": "a", "name": "A"}]
    assert channel.submit("b", "profile:set", {"name": "B"}, 0) == []
    (again,) = [frame for frame in frames(channel.tick(10_000)) if frame[2] == TOPIC]
    assert again[4] == first[4]
    late = say(channel, 10_001, "phx_reply", {"status": "ok", "response": {"offset": 2}}, "2", join_ref="1")
    assert late == []
    actions = say(
        channel, 10_002, "phx_reply", {"status": "ok", "response": {"offset": 2}}, str(again[1]), join_ref="1"
    )
    assert actions[0] == Settle("a", {"offset": 2})
    assert frames(actions)[0][4] == {"op_id": "b", "name": "B"}


def test_a_refused_operation_that_may_be_retried_is_and_others_wait_behind_it() -> None:
    channel = joined_channel()
    channel.submit("a", "profile:set", {}, 0)
    channel.submit("b", "profile:set", {}, 0)
    assert refuse(channel, 0, "2", "unavailable", retry=True) == []
    (again,) = frames(channel.tick(100))
    assert again[4] == {"op_id": "a"}


def test_an_unknown_refusal_fails_the_operation_alone() -> None:
    channel = joined_channel()
    channel.submit("a", "profile:set", {}, 0)
    (settled,) = refuse(channel, 0, "2", "teapot", retry=False)
    assert isinstance(settled, Settle)
    assert isinstance(settled.outcome, Exception)
    assert channel.connection is ConnectionState.JOINED


def test_a_push_to_a_channel_the_server_lost_is_sent_again_after_a_join() -> None:
    channel = joined_channel()
    channel.submit("a", "profile:set", {}, 0)
    payload = {"status": "error", "response": {"reason": "unmatched topic"}}
    assert not frames(say(channel, 0, "phx_reply", payload, "2"))
    channel.tick(100)
    actions = answer_join(channel, 100, "3", events=[])
    assert frames(actions)[-1][4] == {"op_id": "a"}


def test_who_asked_for_too_much_asks_the_same_again_when_the_server_says() -> None:
    channel = joined_channel()
    channel.submit("a", "profile:set", {}, 0)
    channel.submit("b", "profile:set", {}, 0)
    wait = {"reason": "too_many_requests", "retry": True, "retry_after_s": 3}
    assert not frames(say(channel, 0, "phx_reply", {"status": "error", "response": wait}, "2"))
    assert not frames(channel.tick(2_999))
    assert [frame[4] for frame in frames(channel.tick(3_100))] == [{"op_id": "a"}]


def test_a_join_that_comes_too_often_waits_as_long_as_the_server_says() -> None:
    channel = a_channel()
    channel.start(0)
    channel.opened(0)
    wait = {"reason": "too_many_requests", "retry": True, "retry_after_s": 2}
    say(channel, 0, "phx_reply", {"status": "error", "response": wait}, "1", join_ref="1")
    assert not frames(channel.tick(1_999))
    assert [frame[3] for frame in frames(channel.tick(2_200))] == ["phx_join"]


def test_a_connection_that_is_refused_for_a_while_is_not_dialled_before() -> None:
    channel = a_channel()
    channel.start(0)
    channel.lost(0, None, 10_000)
    assert Dial() not in channel.tick(9_999)
    assert Dial() in channel.tick(10_200)


def test_too_many_waiting_operations_are_refused_at_once() -> None:
    channel = a_channel()
    for number in range(MAX_OPERATIONS):
        channel.submit(str(number), "profile:set", {}, 0)
    with pytest.raises(Rejected) as refused:
        channel.submit("one more", "profile:set", {}, 0)
    assert refused.value.code is ErrorCode.TOO_MANY_REQUESTS


def test_what_waits_when_the_session_is_over_fails_except_for_leaving() -> None:
    channel = joined_channel()
    channel.submit("a", "profile:set", {}, 0)
    channel.submit("b", "leave", {}, 0)
    channel.lost(0)
    actions = channel.lost(0, 4404)
    settled = {action.op_id: action.outcome for action in actions if isinstance(action, Settle)}
    assert isinstance(settled["a"], Rejected)
    assert settled["b"] == {"offset": 1}
    with pytest.raises(SessionOver):
        channel.submit("c", "leave", {}, 0)


def test_no_fix_leaves_a_device_that_asked_to_pause() -> None:
    channel = joined_channel()
    assert frames(channel.report(Fix(1.0, 2.0, 3)))
    channel.lost(0)
    channel.report(Fix(1.0, 2.0, 4))
    assert Withhold() in channel.submit("a", "sharing:set", {"on": False}, 0)
    channel.report(Fix(1.0, 2.0, 5))
    channel.tick(100)
    channel.opened(100)
    actions = answer_join(channel, 100, "3", events=[])
    assert [frame[3] for frame in frames(actions)] == ["sharing:set"]


@pytest.mark.parametrize("known", [2, 3])
def test_the_newest_fix_goes_out_again_after_a_join_whose_answer_does_not_have_it(known: int) -> None:
    channel = joined_channel()
    assert frames(channel.report(Fix(1.0, 2.0, 3)))
    say(
        channel,
        0,
        "positions",
        {"server_time": 4, "positions": [{"participant": 1, "lat": 1, "lon": 2, "fix_time": 3}]},
    )
    channel.lost(0)
    channel.tick(100)
    channel.opened(100)
    positions = [{"participant": 1, "lat": 1.0, "lon": 2.0, "fix_time": known}]
    sent = [frame[3:] for frame in frames(answer_join(channel, 100, "3", events=[], positions=positions))]
    assert sent == ([] if known == 3 else [["position", {"lat": 1.0, "lon": 2.0, "fix_time": 3}]])


def test_a_fix_from_before_a_pause_that_was_asked_for_elsewhere_does_not_go_out_again() -> None:
    channel = joined_channel()
    channel.report(Fix(1.0, 2.0, 3))
    channel.lost(0)
    channel.tick(100)
    channel.opened(100)
    pauses = [event(offset, "sharing_changed", on=on) for offset, on in ((2, False), (3, True))]
    for paused in pauses:
        paused["data"] = {name: paused["data"][name] for name in ("participant", "on")}  # type: ignore[index]
    assert frames(answer_join(channel, 100, "3", events=pauses, offset=3)) == []


def sharing_changed(offset: int, *, on: bool) -> dict[str, object]:
    return {**event(offset, "sharing_changed"), "data": {"participant": 1, "on": on}}


def test_a_fix_that_came_before_the_server_knew_of_the_resumption_goes_out_again() -> None:
    channel = joined_channel()
    channel.report(Fix(1.0, 2.0, 3))
    channel.submit("a", "sharing:set", {"on": False}, 0)
    channel.submit("b", "sharing:set", {"on": True}, 0)
    assert frames(channel.report(Fix(1.0, 2.0, 5)))  # the server still knows nothing of either, and may drop it
    assert not [
        frame for frame in frames(say(channel, 0, "event", sharing_changed(2, on=False))) if frame[3] == "position"
    ]
    sent = [frame[3:] for frame in frames(say(channel, 0, "event", sharing_changed(3, on=True)))]
    assert sent == [["position", {"lat": 1.0, "lon": 2.0, "fix_time": 5}]]


def test_a_pause_holds_between_its_answer_and_its_event() -> None:
    channel = joined_channel()
    for offset, on in ((2, False), (3, True)):
        (asked,) = frames(channel.submit(str(offset), "sharing:set", {"on": on}, 0))
        answer = {"status": "ok", "response": {"offset": offset}}
        say(channel, 0, "phx_reply", answer, str(asked[1]), join_ref="1")
        assert channel.is_sharing is on
        assert bool(frames(channel.report(Fix(1.0, 2.0, offset)))) is on
        say(channel, 0, "event", sharing_changed(offset, on=on))
        assert channel.is_sharing is on
    say(channel, 0, "event", sharing_changed(4, on=False))  # from another device of theirs
    assert not channel.is_sharing


def test_binary_positions_are_read_whatever_the_mode() -> None:
    channel = joined_channel()
    frame = encode_binary_broadcast(TOPIC, "positions", bytes(8))
    assert channel.received(frame, 0) == []


@given(data=st.binary() | st.text())
def test_any_frame_is_taken_without_an_exception(data: str | bytes) -> None:
    joined_channel().received(data, 1)


@given(
    name=st.sampled_from(["event", "positions", "presence_state", "presence_diff", "phx_reply", "phx_error"]),
    payload=st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["status", "response", "positions", "joins", "1", "metas"]), inner)
        ),
    ),
)
def test_any_payload_is_taken_without_an_exception(name: str, payload: object) -> None:
    say(joined_channel(), 1, name, payload, "1", join_ref="1")


@given(failures=st.integers(0, 100), luck=st.floats(0, 1))
def test_waits_are_never_longer_than_the_cap(failures: int, luck: float) -> None:
    backoff = Backoff(lambda: luck)
    for _ in range(failures):
        assert 0 <= backoff.next_wait_ms() <= 2_000


@pytest.mark.parametrize(("type_then_unknown", "is_asked_for_all"), [("profile_changed", True), ("poll_opened", False)])
def test_an_updated_client_asks_for_what_it_could_not_fold(type_then_unknown: str, is_asked_for_all: bool) -> None:
    state = replace(state_from_snapshot(3, SNAPSHOT, "m"), unknown=frozenset({type_then_unknown}))
    channel = Channel("abcdefghij", 1, mode="json", timing=Timing(), random=lambda: 1.0, resumption=Resumption(state))
    channel.start(0)
    ((*_, payload),) = frames(channel.opened(0))
    assert payload == ({"mode": "json"} if is_asked_for_all else {"mode": "json", "offset": 3, "mark": "m"})


def _reached(actions: list[Action]) -> list[object]:
    return [frame[4] for frame in frames(actions) if frame[3] == "chat:reached"]


def test_how_far_the_chat_is_on_the_screen_goes_out_now_and_then_and_again_after_a_reconnect() -> None:
    channel = joined_channel()
    assert channel.replica.state is not None
    newest = channel.replica.state.offset
    assert _reached(channel.reach(newest + 5, 0)) == [{"offset": newest}]  # what it does not know it does not claim
    assert _reached(channel.reach(newest, 100)) == []
    say(channel, 200, "event", event(newest + 1))
    assert _reached(channel.reach(newest + 1, 200)) == []
    assert _reached(channel.tick(5_499)) == []
    assert _reached(channel.tick(5_500)) == [{"offset": newest + 1}]
    channel.lost(5_600)
    channel.tick(5_800)
    channel.opened(5_300)
    again = answer_join(channel, 5_300, "5", events=[], offset=newest + 1)
    assert _reached(again) == [{"offset": newest + 1}]


def test_how_far_others_are_is_known_until_it_is_withdrawn_or_they_are_gone() -> None:
    channel = joined_channel()
    told = {"1": {"participant": 1, "offset": 3}, "77": {"participant": 77, "offset": 3}}
    assert Notify(ReachedChanged({1: 3})) in say(channel, 0, "reached", told)
    say(channel, 0, "reached", {"1": None})
    assert channel.replica.reached == {}
    unreadable = say(channel, 0, "reached", {"1": {"offset": "x"}})
    # A join says all again.
    assert Notify(ConnectionChanged(ConnectionState.CONNECTING)) in unreadable
