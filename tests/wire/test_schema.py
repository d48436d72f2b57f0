"""The schemas say what goes over the wire, no more and no less."""

from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given

from cavalcade.domain.errors import ErrorCode, FieldError, Rejected
from cavalcade.domain.events import Event
from cavalcade.domain.fix import accept
from cavalcade.domain.session import FEATURES
from cavalcade.wire import forms, messages
from cavalcade.wire.positions import positions_to_dict
from cavalcade.wire.schema import Json, Schemas
from tests.domain.strategies import NOW, History, fixes, histories

HAPPENED = [change for feature in FEATURES for change, _ in feature.happened]


def validator(kind: type) -> jsonschema_rs.Validator:
    """Of one kind, with nothing allowed beside what its schema names."""
    schemas = Schemas()
    reference = schemas.reference(kind)
    _close(schemas.components)
    return jsonschema_rs.validator_for({**reference, "components": {"schemas": schemas.components}})


def _close(schema: Any) -> None:
    if isinstance(schema, dict):
        if schema.get("type") == "object":
            schema.setdefault("additionalProperties", False)
        for inner in schema.values():
            _close(inner)
    elif isinstance(schema, list):
        for inner in schema:
            _close(inner)


EVENT, SNAPSHOT = validator(Event), validator(forms.Snapshot)
POSITIONS, REFUSAL = validator(forms.Positions), validator(forms.Refusal)


@pytest.mark.parametrize("change", HAPPENED)
def test_every_change_is_an_event(change: Any) -> None:
    EVENT.validate(messages.event_to_dict(Event(3, NOW, None, "op", change, "mark")))


@pytest.mark.parametrize("change", HAPPENED)
def test_without_one_of_its_fields_it_is_none(change: Any) -> None:
    written: Json = messages.event_to_dict(Event(3, NOW, 1, None, change))
    for place in (written, written["data"]):
        for name, value in list(place.items()):
            del place[name]
            assert not EVENT.is_valid(written), name
            place[name] = value
    written["data"]["more"] = 1
    assert not EVENT.is_valid(written)


@given(histories())
def test_every_history_and_every_state(history: History) -> None:
    for event in history.events:
        EVENT.validate(messages.event_to_dict(event))
    SNAPSHOT.validate(messages.snapshot_to_dict(history.steps[-1].after if history.steps else history.start))


@given(fixes())
def test_every_position(fix: Any) -> None:
    if (position := accept(fix, NOW)) is not None:
        POSITIONS.validate(positions_to_dict(NOW, [(1, position)]))


@pytest.mark.parametrize("code", list(ErrorCode))
def test_every_refusal(code: ErrorCode) -> None:
    for errors in ((), (FieldError("/name", "is required"),)):
        REFUSAL.validate(messages.rejection_to_dict(Rejected(code, "why", errors=errors)))
