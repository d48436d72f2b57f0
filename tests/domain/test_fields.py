from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cavalcade.domain.errors import ErrorCode, FieldError, Rejected
from cavalcade.domain.fields import MAX_UNKNOWN_FIELDS, Boolean, Fields, Nested, Number
from tests.domain.strategies import rejection_of

if TYPE_CHECKING:
    from collections.abc import Callable

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters()), inner, max_size=4),
    max_leaves=12,
)


def errors_of(data: object, read: Callable[[Fields], object]) -> tuple[FieldError, ...]:
    fields = Fields(data)
    read(fields)
    with pytest.raises(Rejected) as caught:
        fields.finish()
    assert caught.value.code is ErrorCode.INVALID_REQUEST
    return caught.value.errors


def pointers(data: object, read: Callable[[Fields], object]) -> list[str]:
    return [error.pointer for error in errors_of(data, read)]


def read_everything(fields: Fields) -> None:
    fields.text("text")
    fields.integer("integer", 1, 10)
    fields.number("number", -1.5, 1.5)
    fields.boolean("boolean")
    fields.choice("choice", ("a", "b"))
    fields.sequence("sequence", 2)
    nested = fields.nested("nested")
    if nested is not None:
        nested.text("text")
        nested.finish()


def test_all_bad_fields_are_reported_at_once() -> None:
    data = {
        "text": 1,
        "integer": 11,
        "number": "1",
        "boolean": 0,
        "choice": "c",
        "sequence": [1, 2, 3],
        "nested": {"text": [], "more": 1},
        "un/kn~own": None,
    }
    assert pointers(data, read_everything) == [
        "/text",
        "/integer",
        "/number",
        "/boolean",
        "/choice",
        "/sequence",
        "/nested/text",
        "/nested/more",
        "/un~1kn~0own",
    ]


@given(JSON)
def test_any_json_is_read_or_refused_with_an_answer_that_can_be_written(data: object) -> None:
    fields = Fields(data)
    read_everything(fields)
    rejected = rejection_of(fields.finish)
    if rejected is not None:
        assert rejected.errors
        for error in rejected.errors:
            json.dumps([error.pointer, error.detail], ensure_ascii=False).encode()


def test_null_counts_as_left_out() -> None:
    fields = Fields(dict.fromkeys(("text", "integer", "number", "boolean", "choice", "nested")))
    assert (fields.text("text"), fields.integer("integer", 1, 2), fields.number("number", 1, 2)) == (None, None, None)
    assert (fields.boolean("boolean"), fields.choice("choice", ("a",)), fields.nested("nested")) == (None, None, None)
    fields.finish()


@pytest.mark.parametrize("data", [{}, {"a": None, "b": None, "c": None, "d": None, "e": None}])
def test_what_is_required_must_be_there(data: dict[str, object]) -> None:
    def read(fields: Fields) -> None:
        fields.text("a", required=True)
        fields.integer("b", 1, 2, required=True)
        fields.number("c", 1, 2, required=True)
        fields.boolean("d", required=True)
        assert fields.sequence("e", 1) == []

    errors = errors_of(data, read)
    assert [error.pointer for error in errors] == ["/a", "/b", "/c", "/d", "/e"]
    assert {error.detail for error in errors} == {"is required"}


@pytest.mark.parametrize("data", [None, [], "text", 1, True, b"bytes", [{"text": "a"}]])
def test_only_an_object_is_an_object(data: object) -> None:
    assert errors_of(data, lambda _: None) == (FieldError("", "must be a JSON object"),)


@pytest.mark.parametrize("value", [1, 10, 1.0, 10.0])
def test_whole_numbers(value: object) -> None:
    fields = Fields({"n": value})
    read = fields.integer("n", 1, 10)
    assert read == value
    assert isinstance(read, int)
    fields.finish()


@pytest.mark.parametrize(
    "value", [0, 11, 1.5, True, False, "1", [], {}, math.nan, math.inf, -math.inf, 1e308, 10**4000, -(10**4000)]
)
def test_other_things_are_no_whole_numbers_in_range(value: object) -> None:
    assert pointers({"n": value}, lambda fields: fields.integer("n", 1, 10)) == ["/n"]


@pytest.mark.parametrize("value", [-1.5, 0, 1, 1.5, -0.0])
def test_numbers(value: float) -> None:
    fields = Fields({"n": value})
    assert fields.number("n", -1.5, 1.5) == value
    fields.finish()


@pytest.mark.parametrize(
    "value", [-1.6, 2, True, "1", [], {}, math.nan, math.inf, -math.inf, 1e308, 10**4000, -(10**4000)]
)
def test_other_things_are_no_numbers_in_range(value: object) -> None:
    assert pointers({"n": value}, lambda fields: fields.number("n", -1.5, 1.5)) == ["/n"]


def test_a_reason_to_refuse_a_text_is_the_fields_error() -> None:
    def clean(_text: str) -> str:
        raise ValueError("must rhyme")

    assert errors_of({"t": "x"}, lambda fields: fields.text("t", clean)) == (FieldError("/t", "must rhyme"),)


def test_an_answer_about_unknown_fields_stays_short() -> None:
    data = {f"{'long' * 30}{number}": number for number in range(5_000)}
    errors = errors_of(data, lambda fields: fields.text("known"))
    assert len(errors) == MAX_UNKNOWN_FIELDS + 1
    assert errors[-1] == FieldError("", f"has {5_000 - MAX_UNKNOWN_FIELDS} more fields that are not known")
    assert all(len(error.pointer) <= 65 for error in errors)


def test_a_lone_surrogate_in_a_field_can_be_told() -> None:
    (error,) = errors_of({"\ud800": 1}, lambda fields: fields.text("known"))
    assert error.pointer == "/?"


@dataclass(frozen=True)
class Inner:
    on: Annotated[bool | None, Boolean()] = None


@dataclass(frozen=True)
class Outer:
    lat: Annotated[float, Number(-90, 90)]
    inner: Annotated[Inner, Nested(Inner)]


@pytest.mark.parametrize(("inner", "read"), [({"on": True}, Inner(on=True)), ({}, Inner()), (None, Inner())])
def test_a_dataclass_is_read_by_its_rules_with_what_is_nested_in_it(inner: object, read: Inner) -> None:
    fields = Fields({"lat": 90, "inner": inner})
    assert fields.build(Outer) == Outer(90.0, read)
    fields.finish()


def test_rules_name_every_bad_field_of_what_is_nested_too() -> None:
    assert pointers({"lat": 91, "inner": {"on": 1, "off": 1}}, lambda fields: fields.build(Outer)) == [
        "/lat",
        "/inner/on",
        "/inner/off",
    ]
