"""Reading untrusted JSON objects field by field, so that one answer names every bad field."""

import functools
import typing
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields
from enum import StrEnum
from typing import Final, NoReturn, TypeVar

from cavalcade.domain.errors import ErrorCode, FieldError, Rejected

Made = TypeVar("Made")

MAX_UNKNOWN_FIELDS: Final = 20
"""How many unknown fields of an object an answer names, so that it does not grow to many times what was sent."""


@dataclass(frozen=True, slots=True)
class Text:
    """A string, normalised by `clean`, whose ValueError becomes the field's error.

    Attributes:
        clean: Checks and normalises it.
        pattern: What the documents of the contract say of it beside; `clean` decides.
        longest: The same: at most how many characters.
        example: What the documents show.
    """

    clean: Callable[[str], str] = str
    pattern: str | None = None
    longest: int | None = None
    example: str | None = None


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number from `low` to `high`; the documents of the contract show the example."""

    low: int
    high: int
    example: int | None = None


@dataclass(frozen=True, slots=True)
class Number:
    """A finite number from `low` to `high`."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of the texts of an enumeration."""

    kind: type[StrEnum]


@dataclass(frozen=True, slots=True)
class Boolean:
    """True or false."""


@dataclass(frozen=True, slots=True)
class Items:
    """An array of at most `longest` items; those of which `read` makes nothing are left out."""

    read: Callable[[object], object]
    longest: int


@dataclass(frozen=True, slots=True)
class Nested:
    """An object that is read by the rules of a dataclass; left out, it is what an empty one is."""

    made: type


Rule = Text | Whole | Number | OneOf | Boolean | Items | Nested
"""How a field of a dataclass is read: it stands in the field's annotation, as `Annotated[int | None, Whole(1, 60)]`."""


class Fields:
    """One object being read; `finish` raises with all that was wrong, and with fields that nobody read.

    A field that is null counts as left out.
    """

    def __init__(self, data: object, pointer: str = "", errors: list[FieldError] | None = None) -> None:
        self._errors: list[FieldError] = [] if errors is None else errors
        self._pointer = pointer
        self._seen: set[str] = set()
        self._data: Mapping[str, object] = {}
        if isinstance(data, dict) and all(isinstance(key, str) for key in data):
            self._data = data
        else:
            self._errors.append(FieldError(pointer, "must be a JSON object"))

    def text(self, name: str, clean: Callable[[str], str] = str, *, required: bool = False) -> str | None:
        """A string, normalised by `clean`, whose ValueError becomes the field's error."""
        value = self._take(name, required=required)
        if value is None:
            return None
        if not isinstance(value, str):
            self._wrong(name, "must be a string")
            return None
        try:
            return clean(value)
        except ValueError as error:
            self._wrong(name, str(error))
            return None

    def integer(self, name: str, low: int, high: int, *, required: bool = False) -> int | None:
        """A whole number from `low` to `high`; 3.0 counts as whole, true does not count as a number."""
        value = self._take(name, required=required)
        if value is None:
            return None
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            self._wrong(name, f"must be a whole number from {low} to {high}")
            return None
        return value

    def number(self, name: str, low: float, high: float, *, required: bool = False) -> float | None:
        """A finite number from `low` to `high`."""
        value = self._take(name, required=required)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            self._wrong(name, f"must be a number from {low:g} to {high:g}")
            return None
        return float(value)

    def boolean(self, name: str, *, required: bool = False) -> bool | None:
        """True or false."""
        value = self._take(name, required=required)
        if value is None or isinstance(value, bool):
            return value
        self._wrong(name, "must be true or false")
        return None

    def choice(self, name: str, allowed: tuple[str, ...], *, required: bool = False) -> str | None:
        """One of the allowed strings."""
        value = self._take(name, required=required)
        if value is None or (isinstance(value, str) and value in allowed):
            return value
        self._wrong(name, "must be one of " + ", ".join(allowed))
        return None

    def sequence(self, name: str, longest: int) -> list[object]:
        """A required array of at most `longest` items; empty where it is wrong."""
        value = self._take(name, required=True)
        if value is None:
            return []
        if not isinstance(value, list) or len(value) > longest:
            self._wrong(name, f"must be an array of at most {longest} items")
            return []
        return value

    def nested(self, name: str) -> "Fields | None":
        """A nested object, whose errors are gathered with this one's."""
        value = self._take(name)
        return None if value is None else Fields(value, f"{self._pointer}/{name}", self._errors)

    def build(self, made: type[Made]) -> Made:
        """Reads a dataclass by the rules in its annotations; fields without a rule keep their defaults.

        What is wrong is noted, and the value stands for nothing until `finish` has not raised.
        """
        rules = rules_of(made)  # type: ignore[arg-type]  # a class is hashable
        return made(**{name: self._by_rule(name, rule, required=required) for name, rule, required in rules})

    def _by_rule(self, name: str, rule: Rule, *, required: bool) -> object:
        match rule:
            case Text():
                return self.text(name, rule.clean, required=required)
            case Whole():
                return self.integer(name, rule.low, rule.high, required=required)
            case Number(low, high):
                return self.number(name, low, high, required=required)
            case OneOf(kind):
                chosen = self.choice(name, tuple(kind), required=required)
                return None if chosen is None else kind(chosen)
            case Boolean():
                return bool(self.boolean(name, required=required)) if required else self.boolean(name)
            case Items(read, longest):
                made = (read(item) for item in self.sequence(name, longest))
                return tuple(item for item in made if item is not None)
            case Nested(made_of):
                return self._nested(name, made_of)

    def _nested(self, name: str, made: type[Made]) -> Made:
        inner = self.nested(name)
        if inner is None:
            return made()
        built = inner.build(made)
        inner.finish()
        return built

    def finish(self) -> None:
        """Notes unknown fields of this object and, for the outermost one, raises.

        Raises:
            Rejected: `invalid_request` with every bad field, where there is one.
        """
        known = ", ".join(sorted(self._seen)) or "none"
        unknown = [name for name in self._data if name not in self._seen]
        for name in unknown[:MAX_UNKNOWN_FIELDS]:
            # Lone surrogates, which JSON can spell, would keep the answer from being written as UTF-8.
            shown = name[:64].encode(errors="replace").decode().replace("~", "~0").replace("/", "~1")
            self._errors.append(FieldError(f"{self._pointer}/{shown}", f"is not a known field; known: {known}"))
        if (more := len(unknown) - MAX_UNKNOWN_FIELDS) > 0:
            self._errors.append(FieldError(self._pointer, f"has {more} more fields that are not known"))
        if self._errors and not self._pointer:
            reject(*self._errors)

    def _take(self, name: str, *, required: bool = False) -> object:
        self._seen.add(name)
        value = self._data.get(name)
        if value is None and required:
            self._wrong(name, "is required")
        return value

    def _wrong(self, name: str, detail: str) -> None:
        self._errors.append(FieldError(f"{self._pointer}/{name}", detail))


@functools.cache
def rules_of(made: type) -> tuple[tuple[str, Rule, bool], ...]:
    """The fields of a dataclass that are read from outside: name, rule, and whether the field must be there."""
    hints = typing.get_type_hints(made, include_extras=True)
    return tuple(
        (field.name, note, field.default is MISSING and field.default_factory is MISSING)
        for field in fields(made)
        for note in getattr(hints[field.name], "__metadata__", ())
        if isinstance(note, Rule)
    )


def reject(*errors: FieldError) -> NoReturn:
    """Raises `invalid_request` for these fields."""
    count = "One field is" if len(errors) == 1 else f"{len(errors)} fields are"
    raise Rejected(ErrorCode.INVALID_REQUEST, f"{count} not valid.", errors=tuple(errors))
