"""Dataclasses of the domain as the contract's JSON, and back: what is on the wire follows from their fields.

Texts, numbers, truth values, enumerations of texts, dataclasses of these, tuples, and mappings by text. Reading is
strict about types, takes a missing field that has a default for its default, and ignores fields that it does not know,
so that a newer server can add some. Of what features keep, it carries along what it does not know.
"""

import functools
import math
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import StrEnum
from typing import Any, TypeVar

from cavalcade.domain.kept import Features
from cavalcade.domain.session import KEPT
from cavalcade.wire.errors import DecodeError

T = TypeVar("T")
_Reader = Callable[[object], object]


def encode(value: object) -> dict[str, object]:
    """A dataclass as a JSON object; what features keep is left out where that is nothing."""
    written = {name: write(getattr(value, name)) for name, write in _writers(type(value))}  # type: ignore[arg-type]  # a class is hashable
    if written.get("features") == {}:
        del written["features"]
    return written


def encode_features(features: Features) -> dict[str, object]:
    """What features keep as a JSON object, with what this version does not know of it."""
    written: dict[str, Any] = dict(features.foreign)
    for key, kept in features.kept.items():
        newer = written.get(key)
        written[key] = {**(newer if isinstance(newer, dict) else {}), **encode(kept)}
        if kept.audience is not None:
            written[key]["audience"] = kept.audience
    return written


def decode_features(data: object) -> Features:
    """Reads what features keep.

    Raises:
        DecodeError: Where what a known feature keeps is not as it should be.
    """
    if not isinstance(data, dict):
        raise DecodeError("features must be an object")
    features, foreign = Features(), {}
    for key, value in data.items():
        kind = KEPT.get(key)
        if kind is None:
            foreign[key] = value
            continue
        features = features.put(decode(kind, value))
        newer = value.keys() - {field.name for field in fields(kind)}  # type: ignore[arg-type]  # they are dataclasses
        if newer - {"audience"}:
            foreign[key] = {name: value[name] for name in value if name in newer}
    return Features(features.kept, foreign)


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
    write = _writer_of(inner)
    if inner is kind:
        return write
    return lambda value: None if value is None else write(value)


def _writer_of(kind: object) -> Callable[[Any], object]:
    if kind is Features:
        return encode_features
    if is_dataclass(kind):
        return encode
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return lambda value: value.value
    if typing.get_origin(kind) is tuple:
        each = _writer(typing.get_args(kind)[0])
        return lambda value: [each(one) for one in value]
    if typing.get_origin(kind) is Mapping:
        each = _writer(typing.get_args(kind)[1])
        return lambda value: {key: each(one) for key, one in value.items()}
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
    if kind is Features:
        return decode_features
    if is_dataclass(kind):
        return lambda value: decode(typing.cast("type[Any]", kind), value)
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return functools.partial(_member, kind)
    if typing.get_origin(kind) is tuple:
        return functools.partial(_items, _reader(typing.get_args(kind)[0]))
    if typing.get_origin(kind) is Mapping:
        return functools.partial(_entries, _reader(typing.get_args(kind)[1]))
    match kind:
        case builtin if builtin is str:
            return _text
        case builtin if builtin is bool:
            return _truth
        case builtin if builtin is int:
            return _whole
        case builtin if builtin is float:
            return _number
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


def _number(value: object) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
        raise _Wrong("a finite number")
    return float(value)


def _items(read: _Reader, value: object) -> tuple[object, ...]:
    if not isinstance(value, list):
        raise _Wrong("an array")
    return tuple(map(read, value))


def _entries(read: _Reader, value: object) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise _Wrong("an object")
    return {key: read(one) for key, one in value.items()}


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
