"""JSON Schemas of the contract's dataclasses: of what `wire.codec` writes, and of what `domain.fields` reads.

Types come from the annotations, bounds from the rules in them, and words from the docstrings. The OpenAPI document and
the AsyncAPI document are made of these.
"""

import inspect
import math
import re
import types
import typing
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from enum import StrEnum
from typing import Any, Final

from cavalcade.domain.events import Event
from cavalcade.domain.feature import Change
from cavalcade.domain.fields import Items, Nested, Number, Rule, Text, Whole, rules_of
from cavalcade.domain.kept import Features, Kept
from cavalcade.domain.session import CHANGES, KEPT

Json = dict[str, Any]

PREFIX: Final = "#/components/schemas/"
"""Where a document keeps its schemas, in OpenAPI as in AsyncAPI."""

_SCALARS: Final[dict[object, Json]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    types.NoneType: {"type": "null"},
    object: {},
}
_FEATURES: Final = "What features keep, by key. A later server may keep what is not among these."
_NONE: Final = re.compile(r"\bNone\b")
_ATTRIBUTE: Final = re.compile(r"^    (\w+): (.+)$")


class Sparse:
    """A dataclass of which a field is left out on the wire where it holds its default."""

    __slots__ = ()


class Schemas:
    """The schemas of a document: each dataclass and enumeration stands in `components` once."""

    def __init__(self) -> None:
        self.components: dict[str, Json] = {}

    def reference(self, kind: type, *, name: str | None = None) -> Json:
        """Refers to a schema, which is added with all that it needs where it is missing.

        Args:
            kind: A dataclass, an enumeration of texts, or `Event` for any event.
            name: What it is called; by default, as its class.
        """
        name = name or kind.__name__
        if name not in self.components:
            self.components[name] = {}  # holds its place, for what refers to itself
            self.components[name] = self._component(kind)
        return {"$ref": PREFIX + name}

    def command(self, kind: type, more: Json | None = None) -> Json:
        """The schema of what is read by the rules of a dataclass: nothing else may be in it, and null is left out.

        Args:
            kind: A command, or the body of a call.
            more: Further properties, which are required.
        """
        hints = typing.get_type_hints(kind, include_extras=True)
        described = _attributes(kind)
        properties: Json = dict(more or {})
        required = list(properties)
        for field_name, rule, needed in rules_of(kind):
            schema = self._read(hints[field_name], rule)
            said = _described(described.get(field_name))
            properties[field_name] = {**(schema if needed else _or_null(schema)), **said}
            if needed:
                required.append(field_name)
        made = {"type": "object", **_described(_summary(kind)), "properties": properties, "additionalProperties": False}
        return {**made, "required": required} if required else made

    def asked(self, kind: type) -> Json:
        """Refers to the schema of the body of a call."""
        if kind.__name__ not in self.components:
            self.components[kind.__name__] = self.command(kind)
        return {"$ref": PREFIX + kind.__name__}

    def event(self, change: type[Change]) -> Json:
        """Refers to the schema of the events of one type: the envelope, with its `type` and its `data`."""
        name = f"{change.__name__}Event"
        if name not in self.components:
            envelope = self._object(Event, leave_out="change")
            envelope["description"] = _summary(change)
            envelope["properties"] |= {"type": {"const": change.type}, "data": _or_null(self._object(change))}
            always = [part for part in envelope["required"] if part not in {"audience", "scrubs"}]
            envelope["required"] = [*always, "type", "data"]
            self.components[name] = envelope
        return {"$ref": PREFIX + name}

    def _read(self, hint: object, rule: Rule) -> Json:
        match rule:
            case Nested(made):
                return self.asked(made)
            case Items():
                return {"type": "array", "maxItems": rule.longest}  # items that are not valid are left out
            case _:
                return self._of(hint)

    def _component(self, kind: type) -> Json:
        if kind is Event:
            return {"description": _summary(Event), "oneOf": [self.event(change) for change in CHANGES.values()]}
        if kind is Features:
            kept = {key: self.reference(each) for key, each in KEPT.items()}
            return {"type": "object", "description": _FEATURES, "properties": kept, "additionalProperties": True}
        if issubclass(kind, StrEnum):
            return {"type": "string", **_described(_summary(kind)), "enum": [member.value for member in kind]}
        return self._object(kind)

    def _object(self, kind: type, leave_out: str = "") -> Json:
        hints = typing.get_type_hints(kind, include_extras=True)
        described = _attributes(kind)
        properties, required = {}, []
        for field in fields(kind):
            if field.name == leave_out:
                continue
            hint = hints[field.name]
            absent = hint is Features or (issubclass(kind, Sparse) and _has_default(field))
            schema = self._of(_without_none(hint) if absent else hint)
            properties[field.name] = {**schema, **_described(described.get(field.name))}
            if not absent:
                required.append(field.name)
        if issubclass(kind, Kept) and kind.audience is not None:
            properties["audience"] = {"const": kind.audience, "description": "Who may read it; see `audience`."}
            required.append("audience")
        return {"type": "object", **_described(_summary(kind)), "properties": properties, "required": required}

    def _of(self, hint: object) -> Json:
        origin, arguments = typing.get_origin(hint), typing.get_args(hint)
        if origin is typing.Annotated:
            schema = self._of(arguments[0])
            return _bounded(schema, [note for note in arguments[1:] if isinstance(note, Rule)])
        if origin in {typing.Union, types.UnionType}:
            inner = [self._of(one) for one in arguments if one is not types.NoneType]
            (schema,) = inner
            return _or_null(schema) if types.NoneType in arguments else schema
        if origin is typing.Literal:
            return {"enum": list(arguments)}
        if origin is tuple:
            return {"type": "array", "items": self._of(arguments[0])}
        if origin is Mapping:
            return {"type": "object", "additionalProperties": self._of(arguments[1])}
        if isinstance(hint, type) and (is_dataclass(hint) or issubclass(hint, StrEnum)):
            return self.reference(hint)
        return dict(_SCALARS[hint])


def _bounded(schema: Json, rules: list[Rule]) -> Json:
    """A schema with what the rules say; of one that may be null, the other part."""
    if "anyOf" in schema:
        inner, null = schema["anyOf"]
        return {"anyOf": [_bounded(inner, rules), null]}
    bounds: Json = {}
    for rule in rules:
        match rule:
            case Whole(low, high, example):
                bounds |= {"minimum": low, "maximum": high} | ({} if example is None else {"examples": [example]})
            case Number(low, high):
                bounds |= {"minimum": low} | ({} if math.isinf(high) else {"maximum": high})
            case Text(_, pattern, longest, example):
                said = {"pattern": pattern, "maxLength": longest, "examples": example and [example]}
                bounds |= {name: value for name, value in said.items() if value is not None}
            case _:
                pass
    return {**schema, **bounds}


def _or_null(schema: Json) -> Json:
    return schema if "anyOf" in schema else {"anyOf": [schema, {"type": "null"}]}


def _without_none(hint: object) -> object:
    if typing.get_origin(hint) is typing.Annotated:
        inner, *notes = typing.get_args(hint)
        return typing.Annotated[_without_none(inner), *notes]
    if typing.get_origin(hint) in {typing.Union, types.UnionType}:
        (hint,) = (one for one in typing.get_args(hint) if one is not types.NoneType)
    return hint


def _has_default(field: Field[Any]) -> bool:
    return field.default is not MISSING or field.default_factory is not MISSING


def _described(text: str | None) -> Json:
    return {"description": text} if text else {}


def _summary(kind: type) -> str:
    return _NONE.sub("null", " ".join((inspect.getdoc(kind) or "").split("\n\nAttributes:")[0].split()))


def _attributes(kind: type) -> dict[str, str]:
    """What the docstring's `Attributes:` say of each field, those of the classes it builds on included."""
    described: dict[str, str] = {}
    for each in reversed(kind.__mro__):
        _, _, section = inspect.cleandoc(each.__doc__ or "").partition("Attributes:\n")
        name = None
        for line in section.splitlines():
            if found := _ATTRIBUTE.match(line):
                name, described[found[1]] = found[1], found[2]
            elif name is not None and line.startswith("        "):
                described[name] += " " + line.strip()
    return {name: _NONE.sub("null", text) for name, text in described.items()}
