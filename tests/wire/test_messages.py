from __future__ import annotations

import copy
import dataclasses
import json
from types import NoneType
from typing import TYPE_CHECKING, get_args, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cavalcade.domain import session
from cavalcade.domain.errors import ErrorCode, FieldError, Rejected
from cavalcade.domain.events import ContentLeftOut, Event, UnknownChange, read_by
from cavalcade.domain.feature import Change
from cavalcade.domain.features.hosting import HostChanged
from cavalcade.domain.features.membership import ParticipantJoined
from cavalcade.domain.model import Participant, Role, Session
from cavalcade.wire import messages
from cavalcade.wire.codec import decode, encode
from cavalcade.wire.errors import DecodeError
from cavalcade.wire.messages import Since
from tests.domain.strategies import NOW, History, histories, rejection_of, session_with
from tests.wire.test_frame import JSON

if TYPE_CHECKING:
    from collections.abc import Callable

ANNA = Participant(1, "Anna Berg", "AB", "#e5484d", Role.HOST, sharing=True, joined_at=NOW)
ANNA_JSON = {
    "id": 1,
    "name": "Anna Berg",
    "initials": "AB",
    "color": "#e5484d",
    "role": "host",
    "sharing": True,
    "joined_at": NOW,
}
SESSION = Session("abcdefghij", "Tour", NOW, NOW + 1)
SESSION_JSON = {"id": "abcdefghij", "name": "Tour", "created_at": NOW, "expires_at": NOW + 1, "time_asked_by": None}

NULLABLE = {"by", "mark", "op_id", "time_asked_by"}
"""What may be null around the fields of a change itself."""

HAPPENED = [example for feature in session.FEATURES for example in feature.happened]


class TestEvents:
    @pytest.mark.parametrize(("change", "data"), HAPPENED)
    def test_each_type_has_the_contracts_form(self, change: Change, data: dict[str, object]) -> None:
        event = Event(3, NOW, 1, "op-1", change, "m")
        written = {"offset": 3, "at": NOW, "by": 1, "op_id": "op-1", "type": change.type, "data": data, "mark": "m"}
        assert messages.event_to_dict(event) == written
        assert messages.event_from_dict(written) == event

    def test_there_is_an_example_of_each_type(self) -> None:
        assert {change.type for change, _ in HAPPENED} == session.CHANGES.keys()

    @given(histories())
    def test_every_event_comes_back_through_json(self, history: History) -> None:
        written = json.loads(json.dumps([messages.event_to_dict(event) for event in history.events]))
        assert messages.events_from_list(written) == history.events

    @pytest.mark.parametrize("data", [{}, {"text": "hello"}, [1], 7])
    def test_an_unknown_type_is_passed_on_whole(self, data: object) -> None:
        written = {
            "offset": 4,
            "at": NOW,
            "by": None,
            "op_id": None,
            "type": "poll_opened",
            "data": data,
            "mark": None,
        }
        event = messages.event_from_dict(written)
        assert event == Event(4, NOW, None, None, UnknownChange("poll_opened", data))
        assert messages.event_to_dict(event) == written

    @pytest.mark.parametrize("kind", ["poll_opened", "profile_changed"])
    def test_an_event_without_content_moves_the_offset_alone(self, kind: str) -> None:
        written = {"offset": 2, "at": NOW, "by": 1, "op_id": "x", "type": kind, "data": None, "mark": "m"}
        event = messages.event_from_dict(written)
        assert event == Event(2, NOW, 1, "x", ContentLeftOut(kind), "m")
        assert messages.event_to_dict(event) == written
        state = session_with(Role.HOST)
        assert session.evolve(state, event) == dataclasses.replace(state, offset=2, mark="m")

    @pytest.mark.parametrize(
        ("audience", "who_reads"), [(None, [1, 2, 3, 4]), ("members", [1, 2]), ("hosts", []), ("", [])]
    )
    def test_the_envelope_is_obeyed_where_the_type_is_not_known(
        self, audience: str | None, who_reads: list[int]
    ) -> None:
        envelope = {} if audience is None else {"audience": audience}
        written = {
            "offset": 4,
            "at": NOW,
            "by": 1,
            "op_id": None,
            "type": "poll_opened",
            "data": {"text": "hello"},
            "mark": None,
            **envelope,
            "scrubs": [2, 3],
        }
        event = messages.event_from_dict(written)
        assert event.scrubs == (2, 3)
        assert messages.event_to_dict(event) == written
        state = session_with(Role.HOST, Role.MEMBER, Role.VIEWER)
        sent = {who: messages.event_to_dict(read_by([event], who, state)[0]) for who in (1, 2, 3, 4)}
        assert [who for who, one in sent.items() if one == written] == who_reads
        assert all(one == {**written, "data": None} for who, one in sent.items() if who not in who_reads)

    def test_fields_that_a_newer_server_adds_are_ignored(self) -> None:
        written = messages.event_to_dict(Event(3, NOW, None, None, ParticipantJoined(ANNA)))
        more = {**written, "trace": 1, "data": {"participant": {**ANNA_JSON, "mood": "fine"}, "greeting": "hi"}}
        assert messages.event_from_dict(more) == messages.event_from_dict(written)

    @given(st.data())
    def test_a_missing_or_wrong_field_is_a_decode_error(self, data: st.DataObject) -> None:
        change, _ = data.draw(st.sampled_from(HAPPENED))
        written = copy.deepcopy(messages.event_to_dict(Event(3, NOW, None, None, change)))
        place = written
        own = {name for name, kind in get_type_hints(type(change)).items() if NoneType in get_args(kind)}
        while True:
            may_be_null = NULLABLE | own if place is written["data"] else NULLABLE
            name = data.draw(st.sampled_from(sorted(set(place) - may_be_null)))
            inner = place[name]
            # An event without data is one whose content was left out.
            if not isinstance(inner, dict) or (name != "data" and data.draw(st.booleans())):
                break
            place = inner
        if data.draw(st.booleans()):
            del place[name]
        else:
            # Neither text, nor whole number, nor object, nor truth value, nor an array of one of these.
            place[name] = data.draw(st.sampled_from((None, 1.5, [[]])))
        with pytest.raises(DecodeError):
            messages.event_from_dict(written)

    @pytest.mark.parametrize(
        "wrong",
        [
            {"by": True},
            {"by": "1"},
            {"by": 1.0},
            {"op_id": 1},
            {"offset": True},
            {"scrubs": 1},
            {"scrubs": [True]},
            {"audience": 1},
        ],
    )
    def test_a_wrong_cause_is_a_decode_error(self, wrong: dict[str, object]) -> None:
        written = messages.event_to_dict(Event(3, NOW, 1, "x", HostChanged(2)))
        with pytest.raises(DecodeError):
            messages.event_from_dict({**written, **wrong})

    def test_who_asked_for_time_may_be_left_out_but_not_wrong(self) -> None:
        older = {key: value for key, value in SESSION_JSON.items() if key != "time_asked_by"}
        assert decode(Session, older) == SESSION
        for wrong in ("2", 1.5, True):
            with pytest.raises(DecodeError):
                decode(Session, {**SESSION_JSON, "time_asked_by": wrong})


class TestSnapshots:
    def test_the_contracts_form(self) -> None:
        state = session_with(Role.HOST, Role.VIEWER)
        snapshot = messages.snapshot_to_dict(state)
        assert snapshot["session"] == encode(state.session)
        assert snapshot["participants"] == [encode(p) for p in state.participants.values()]
        assert encode(ANNA) == ANNA_JSON
        assert encode(SESSION) == SESSION_JSON

    @given(histories())
    def test_a_snapshot_comes_back_through_json(self, history: History) -> None:
        state = history.steps[-1].after if history.steps else history.start
        snapshot = json.loads(json.dumps(messages.snapshot_to_dict(state)))
        read = messages.state_from_snapshot(state.offset, snapshot)
        assert (read.session, read.participants, read.offset) == (state.session, state.participants, state.offset)
        assert read.next_participant <= state.next_participant
        assert all(participant < read.next_participant for participant in read.participants)

    def test_participants_come_in_the_order_of_their_ids(self) -> None:
        snapshot = {"session": SESSION_JSON, "participants": [{**ANNA_JSON, "id": n} for n in (9, 10, 2)]}
        assert list(messages.state_from_snapshot(5, snapshot).participants) == [9, 10, 2]
        again = messages.snapshot_to_dict(messages.state_from_snapshot(5, snapshot))
        assert [person["id"] for person in again["participants"]] == [2, 9, 10]  # type: ignore[attr-defined]  # JSON

    @pytest.mark.parametrize("role", ["", "HOST", "admin", None, 1])
    def test_an_unknown_role_is_a_decode_error(self, role: object) -> None:
        with pytest.raises(DecodeError):
            decode(Participant, {**ANNA_JSON, "role": role})


READERS: list[Callable[[object], object]] = [
    messages.event_from_dict,
    messages.events_from_list,
    lambda data: decode(Session, data),
    lambda data: decode(Participant, data),
    lambda data: messages.state_from_snapshot(0, data),
    lambda data: messages.event_from_dict(
        {"offset": 1, "at": 1, "by": 1, "op_id": "x", "type": "participant_joined", "data": data}
    ),
    lambda data: messages.state_from_snapshot(0, {"session": SESSION_JSON, "participants": data}),
]


@given(st.sampled_from(READERS), JSON)
def test_anything_is_read_or_a_decode_error(read: Callable[[object], object], data: object) -> None:
    try:
        read(data)
    except DecodeError:
        return


class TestJoin:
    @pytest.mark.parametrize(
        ("payload", "parameters"),
        [
            ({}, messages.JoinParameters(None, "json")),
            ({"offset": None, "mode": None}, messages.JoinParameters(None, "json")),
            ({"offset": 0}, messages.JoinParameters(Since(0), "json")),
            ({"offset": 7.0, "mode": "binary", "future": [1]}, messages.JoinParameters(Since(7), "binary")),
            ({"offset": 7, "mark": "m"}, messages.JoinParameters(Since(7, "m"), "json")),
            ({"mark": "m"}, messages.JoinParameters(None, "json")),
            ({"mode": "json"}, messages.JoinParameters(None, "json")),
        ],
    )
    def test_reads_the_parameters_and_ignores_unknown_ones(
        self, payload: object, parameters: messages.JoinParameters
    ) -> None:
        assert messages.read_join(payload) == parameters

    @pytest.mark.parametrize(
        ("payload", "pointers"),
        [
            ({"offset": -1, "mode": "xml"}, ["/offset", "/mode"]),
            ({"offset": 1.5}, ["/offset"]),
            ({"offset": True}, ["/offset"]),
            ({"offset": 2**53}, ["/offset"]),
            ({"offset": "7", "mode": ["json"]}, ["/offset", "/mode"]),
            (None, [""]),
            ([], [""]),
            (b"\x00", [""]),
        ],
    )
    def test_names_every_bad_parameter(self, payload: object, pointers: list[str]) -> None:
        rejected = rejection_of(lambda: messages.read_join(payload))
        assert rejected is not None
        assert rejected.code is ErrorCode.INVALID_REQUEST
        assert [error.pointer for error in rejected.errors] == pointers


@pytest.mark.parametrize("code", list(ErrorCode))
def test_a_rejection_says_whether_to_try_again(code: ErrorCode) -> None:
    written = messages.rejection_to_dict(Rejected(code, retry_after_s=7, same=("signal",)))
    when = {"retry_after_s": 7, "same": ["signal"]} if code.value == "too_many_requests" else {}
    assert written == {"reason": code.value, "retry": code.value in {"too_many_requests", "unavailable"}, **when}


def test_a_rejection_names_the_bad_fields() -> None:
    rejected = Rejected(
        ErrorCode.INVALID_REQUEST, "One field is not valid.", errors=(FieldError("/on", "is required"),)
    )
    assert messages.rejection_to_dict(rejected) == {
        "reason": "invalid_request",
        "retry": False,
        "detail": "One field is not valid.",
        "errors": [{"pointer": "/on", "detail": "is required"}],
    }
