"""Dataclasses of the domain as the contract's JSON, and back: what is on the wire follows from their fields.

Texts, whole numbers, truth values, enumerations of texts, and dataclasses of these. Reading is strict about types,
takes a missing field that has a default for its default, and ignores fields that it does not know, so that a newer
server can add some.
"""

import functools
import types
import typing
from collections.abc import Callable
from dataclasses import MISSING, fields, is_dataclass
from enum import StrEnum
from typing import Any, TypeVar

from cavalcade.wire.errors import DecodeError

T = TypeVar("T")
_Reader = Callable[[object], object]


def encode(value: object) -> dict[str, object]:
    """A dataclass as a JSON object."""
    return {name: write(getattr(value, name)) for name, write in _writers(type(value))}  # type: ignore[arg-type]  # a class is hashable


def decode(made: type[T], data: object) -> T:
    """Reads a dataclass from a JSON object.

    Raises:
        DecodeError: Where a field is missing or of the wrong type.
    """
    if not isinstance(data, dict):
        raise DecodeError("an object was expected")
    values: dict[str, object] = {}
    for name, read, optional in _readers(made):  # type: ignore[arg-type]  # a class is hashable
        value = data.get(name)
        if value is None and optional and name not in data:
            continue
        try:
            values[name] = read(value)
        except _Wrong as wrong:
            raise DecodeError(f"{name} must be {wrong}") from None
    return made(**values)


class _Wrong(Exception):
    """What a field must be."""


@functools.cache
def _writers(made: type) -> tuple[tuple[str, Callable[[Any], object]], ...]:
    hints = typing.get_type_hints(made)
    return tuple((field.name, _writer(hints[field.name])) for field in fields(made))


def _writer(kind: object) -> Callable[[Any], object]:
    inner = _without_none(kind)
    if is_dataclass(inner):
        return lambda value: None if value is None else encode(value)
    if isinstance(inner, type) and issubclass(inner, StrEnum):
        return lambda value: None if value is None else value.value
    return lambda value: value


@functools.cache
def _readers(made: type) -> tuple[tuple[str, _Reader, bool], ...]:
    hints = typing.get_type_hints(made)
    return tuple(
        (field.name, _reader(hints[field.name]), field.default is not MISSING or field.default_factory is not MISSING)
        for field in fields(made)
    )


def _reader(kind: object) -> _Reader:
    inner = _without_none(kind)
    read = _reader_of(inner)
    if inner is kind:
        return read
    return lambda value: None if value is None else read(value)


def _reader_of(kind: object) -> _Reader:
    if is_dataclass(kind):
        return lambda value: decode(typing.cast("type[Any]", kind), value)
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return functools.partial(_member, kind)
    match kind:
        case builtin if builtin is str:
            return _text
        case builtin if builtin is bool:
            return _truth
        case builtin if builtin is int:
            return _whole
    raise TypeError(f"{kind} has no place on the wire")


def _without_none(kind: object) -> object:
    if typing.get_origin(kind) in {typing.Union, types.UnionType}:
        (kind,) = (one for one in typing.get_args(kind) if one is not types.NoneType)
    return kind


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise _Wrong("a string")
    return value


def _whole(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise _Wrong("a whole number")
    return value


def _truth(value: object) -> bool:
    if not isinstance(value, bool):
        raise _Wrong("true or false")
    return value


def _member(kind: type[StrEnum], value: object) -> StrEnum:
    try:
        return kind(_text(value))
    except (ValueError, _Wrong):
        pass
    *others, last = [member.value for member in kind]
    raise _Wrong(f"{', '.join(others)} or {last}")
