"""What features keep, for a session and for each participant, beside the fields that every session has.

A feature declares a frozen dataclass of it, whose fields all have defaults. What equals the defaults is not stored.
What a newer version keeps is carried along as it came: this version neither reads it nor loses it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import ClassVar, Final, Self, TypeVar


class Kept:
    """What one feature keeps for a session or for a participant; later versions only add fields, with defaults.

    Attributes:
        key: Under what name it is stored and sent; unique among all features.
        audience: Who may read it, as in an event; None for everybody. It is stored and sent with it.
    """

    __slots__ = ()
    key: ClassVar[str]
    audience: ClassVar[str | None] = None


_Kept = TypeVar("_Kept", bound=Kept)


@dataclass(frozen=True, slots=True)
class Features:
    """What all features keep in one place. Never mutated.

    Attributes:
        kept: By key, what this version knows and what differs from the defaults.
        foreign: By key, JSON of newer versions: all of a feature that this one does not know, or the unknown
            fields of a known one.
    """

    kept: Mapping[str, Kept] = field(default_factory=dict, hash=False)
    foreign: Mapping[str, object] = field(default_factory=dict, hash=False)

    def of(self, kind: type[_Kept]) -> _Kept:
        """What a feature keeps here; the defaults where that is nothing."""
        found = self.kept.get(kind.key)
        return found if isinstance(found, kind) else kind()

    def put(self, kept: Kept) -> Self:
        """The same with something else kept by one feature."""
        others = {key: one for key, one in self.kept.items() if key != kept.key}
        return replace(self, kept=others if kept == type(kept)() else {**others, kept.key: kept})


NOTHING_KEPT: Final = Features()
