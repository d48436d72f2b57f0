"""What features keep: the law holds for it, and a version that does not know a feature does not lose it."""

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings

from cavalcade.domain.features.membership import Leave
from cavalcade.domain.kept import NOTHING_KEPT
from cavalcade.domain.model import Role, SessionState
from cavalcade.domain.operations import Operation
from cavalcade.domain.session import FEATURES, KEPT, decide, replay
from cavalcade.wire import messages
from cavalcade.wire.codec import decode_features, encode_features
from cavalcade.wire.errors import DecodeError
from tests import notes
from tests.domain.strategies import LIMITS, NOW, History, histories, session_with
from tests.domain.test_snapshot_law import assert_law


@pytest.fixture(autouse=True)
def _notes() -> Iterator[None]:
    with notes.registered():
        yield


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(histories(more=notes.commands()))
def test_the_law_holds_for_what_features_keep(history: History) -> None:
    assert_law(history.start, history.events)


def _written() -> SessionState:
    state = session_with(Role.HOST, Role.MEMBER)
    return replay(state, decide(state, Operation(2, notes.WriteNote("left at the mill")), NOW, LIMITS))


def test_a_feature_keeps_something_for_the_session_and_for_each_participant() -> None:
    state = _written()
    assert state.features.of(notes.Notes) == notes.Notes({"3": notes.Note(2, "left at the mill")}, (3,))
    assert state.participants[2].features.of(notes.Writer).notes == 1
    assert state.participants[1].features.of(notes.Writer).notes == 0
    snapshot = json.loads(json.dumps(messages.snapshot_to_dict(state)))
    assert snapshot["features"] == {"notes": {"standing": {"3": {"by": 2, "text": "left at the mill"}}, "written": [3]}}
    assert [one.get("features") for one in snapshot["participants"]] == [None, {"writer": {"notes": 1}}]


def test_what_equals_the_defaults_is_not_kept() -> None:
    features = NOTHING_KEPT.put(notes.Writer(1))
    assert features.put(notes.Writer()) == NOTHING_KEPT
    assert decode_features({"writer": {"notes": 0}}) == decode_features({"writer": {}}) == NOTHING_KEPT
    assert "features" not in messages.snapshot_to_dict(session_with(Role.HOST))


NEWER = {"writer": {"notes": 3, "words": 12}, "places": [{"lat": 1.5}], "mood": {"since": 1}}


def test_what_a_newer_version_keeps_is_carried_along_when_the_rest_changes() -> None:
    features = decode_features(NEWER)
    assert features.of(notes.Writer) == notes.Writer(3)
    assert encode_features(features) == NEWER
    assert encode_features(features.put(notes.Writer(4))) == {**NEWER, "writer": {"notes": 4, "words": 12}}
    assert encode_features(features.put(notes.Writer())) == {**NEWER, "writer": {"words": 12}}


def test_a_session_of_a_newer_version_is_folded_on_without_loss() -> None:
    state = _written()
    person = replace(state.participants[1], features=decode_features(NEWER))
    state = replace(state, features=decode_features(NEWER), participants={**state.participants, 1: person})
    written = messages.snapshot_to_dict(replay(state, decide(state, Operation(1, notes.WriteNote("x")), NOW, LIMITS)))
    assert written["features"]["places"] == NEWER["places"]  # type: ignore[index]  # JSON
    mine = written["participants"][0]["features"]  # type: ignore[index]  # JSON
    assert mine == {**NEWER, "writer": {"notes": 4, "words": 12}}


@pytest.mark.parametrize("data", [None, [], {"writer": 1}, {"writer": {"notes": "1"}}, {"notes": {"written": 3}}])
def test_what_is_not_as_a_feature_keeps_it_is_a_decode_error(data: object) -> None:
    with pytest.raises(DecodeError):
        decode_features(data)


def test_who_leaves_takes_along_what_was_kept_for_them() -> None:
    state = _written()
    assert 2 not in replay(state, decide(state, Operation(2, Leave()), NOW, LIMITS)).participants


def test_no_two_features_keep_something_under_one_key() -> None:
    kinds = [kind for one in (*FEATURES, notes.FEATURE) for kind in (one.session, one.participant) if kind is not None]
    assert len({kind.key for kind in kinds}) == len(kinds) == len(KEPT)
    for kind in kinds:
        kind()  # every field has a default
