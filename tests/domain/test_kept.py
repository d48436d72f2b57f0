"""What features keep: the law holds for it, and a version that does not know a feature does not lose it."""

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings

from cavalcade.domain.events import Event, read_by
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
from tests.domain.test_snapshot_law import assert_law, seen_by_client, through_json

NEWER = {"mood": {"word": "fine", "changes": 3, "since": 12}, "polls": [{"lat": 1.5}], "poll": {"since": 1}}


@pytest.fixture(autouse=True)
def _notes() -> Iterator[None]:
    with notes.registered():
        yield


def scrubbed(events: list[Event]) -> list[Event]:
    """Events as they are stored once all of them have happened."""
    gone = {offset for event in events for offset in event.scrubs}
    return [event.without_content() if event.offset in gone else event for event in events]


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(histories(more=notes.commands()))
def test_the_law_holds_for_what_features_keep(history: History) -> None:
    assert_law(history.start, history.events)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(histories(more=notes.commands()))
def test_the_law_holds_where_content_was_scrubbed(history: History) -> None:
    fresh = replay(history.start, history.events)
    for passed in range(len(history.events) + 1):
        stale = replay(history.start, history.events[:passed])
        later = scrubbed(history.events)[passed:]
        assert seen_by_client(replay(stale, later)) == seen_by_client(fresh)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(histories(more=notes.commands()))
def test_the_law_holds_for_a_viewer(history: History) -> None:
    viewer = next(
        (p.id for step in history.steps for p in step.after.participants.values() if p.role is Role.VIEWER), 0
    )
    states = [history.start]
    for event in history.events:
        states.append(replay(states[-1], [event]))
    for passed, state in enumerate(states):
        if viewer not in state.participants or viewer not in states[-1].participants:
            continue
        stale = messages.state_from_snapshot(state.offset, through_json(messages.snapshot_to_dict(state, viewer)))
        sent = [messages.event_to_dict(event) for event in read_by(history.events[passed:], viewer, states[-1])]
        folded = replay(stale, messages.events_from_list(through_json(sent)))
        fresh = messages.snapshot_to_dict(states[-1], viewer)
        assert messages.snapshot_to_dict(folded, viewer) == fresh
        assert "notes" not in json.dumps([sent, fresh])


def _written() -> SessionState:
    state = session_with(Role.HOST, Role.MEMBER, Role.VIEWER)
    state = replay(state, decide(state, Operation(2, notes.WriteNote("left at the mill")), NOW, LIMITS))
    return replay(state, decide(state, Operation(2, notes.SetMood("fine")), NOW, LIMITS))


def test_a_feature_keeps_something_for_the_session_and_for_each_participant() -> None:
    state = _written()
    assert state.features.of(notes.Notes) == notes.Notes({"4": notes.Note(2, "left at the mill")})
    assert state.participants[2].features.of(notes.Mood).word == "fine"
    assert state.participants[1].features.of(notes.Mood).word is None
    snapshot = json.loads(json.dumps(messages.snapshot_to_dict(state, 1)))
    note = {"by": 2, "text": "left at the mill", "fades_at": None}
    kept = {"standing": {"4": note}, "erased": [], "audience": "members"}
    assert snapshot["features"] == {"notes": kept}
    mood = {"mood": {"word": "fine", "changes": 1}}
    assert [one.get("features") for one in snapshot["participants"]] == [None, mood, None]


@pytest.mark.parametrize("reader", [3, 77])
def test_who_may_not_read_what_is_kept_does_not_get_it(reader: int) -> None:
    snapshot = messages.snapshot_to_dict(_written(), reader)
    assert "features" not in snapshot
    assert "mood" in json.dumps(snapshot)


def test_what_equals_the_defaults_is_not_kept() -> None:
    features = NOTHING_KEPT.put(notes.Mood("fine"))
    assert features.put(notes.Mood()) == NOTHING_KEPT
    assert decode_features({"mood": {"changes": 0}}) == decode_features({"mood": {}}) == NOTHING_KEPT
    assert "features" not in messages.snapshot_to_dict(session_with(Role.HOST))


def test_what_a_newer_version_keeps_is_carried_along_when_the_rest_changes() -> None:
    features = decode_features(NEWER)
    assert features.of(notes.Mood) == notes.Mood("fine", 3)
    assert encode_features(features) == NEWER
    changed = {**NEWER, "mood": {"word": "hungry", "changes": 4, "since": 12}}
    assert encode_features(features.put(notes.Mood("hungry", 4))) == changed
    assert encode_features(features.put(notes.Mood())) == {**NEWER, "mood": {"since": 12}}


def test_what_a_newer_version_keeps_for_some_is_not_for_others() -> None:
    state = replace(_written(), features=decode_features({"poll": {"audience": "members"}, "vote": {"audience": "x"}}))
    assert messages.snapshot_to_dict(state, 2)["features"] == {"poll": {"audience": "members"}}
    assert "features" not in messages.snapshot_to_dict(state, 3)


def test_a_session_of_a_newer_version_is_folded_on_without_loss() -> None:
    state = _written()
    person = replace(state.participants[1], features=decode_features(NEWER))
    state = replace(state, features=decode_features(NEWER), participants={**state.participants, 1: person})
    written = messages.snapshot_to_dict(replay(state, decide(state, Operation(1, notes.SetMood("x")), NOW, LIMITS)))
    assert written["features"] == NEWER
    mine = written["participants"][0]["features"]  # type: ignore[index]  # JSON
    assert mine == {**NEWER, "mood": {"word": "x", "changes": 4, "since": 12}}


@pytest.mark.parametrize("data", [None, [], {"mood": 1}, {"mood": {"changes": "1"}}, {"notes": {"erased": 3}}])
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
