"""The waypoints of a GPX or GeoJSON file."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from cavalcade.client.place_files.geojson import read_geojson
from cavalcade.client.place_files.gpx import read_gpx
from cavalcade.client.place_files.texts import decoded
from cavalcade.domain.features.places import MAX_NAME_LENGTH, MAX_NOTE_LENGTH, PlaceKind

MAX_SIZE: Final = 5 * 1024 * 1024
"""A larger file is not read, bytes."""

_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_BEYOND_ALL: Final = re.compile(r"[+-]?(?:inf(?:inity)?|nan)", re.IGNORECASE)

_KINDS: Final[Mapping[str, PlaceKind]] = {
    **{kind.value: kind for kind in PlaceKind},
    # Symbols that Garmin's devices, and programs for them, give to waypoints.
    "gas station": PlaceKind.FUEL,
    "restaurant": PlaceKind.FOOD,
    "fast food": PlaceKind.FOOD,
    "scenic area": PlaceKind.VIEW,
    "parking area": PlaceKind.PARKING,
    "campground": PlaceKind.CAMP,
    "danger area": PlaceKind.HAZARD,
}


class LeftOut(StrEnum):
    """Why a part of a file gave no waypoint."""

    NO_POSITION = "no_position"
    OUT_OF_RANGE = "out_of_range"
    LINES = "lines"
    REPEATED = "repeated"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Waypoint:
    """A place that a file names.

    Attributes:
        name: At most 40 characters, or None.
        note: At most 140 characters, or None.
        kind: None where the file does not say one that there is here.
        lat: Degrees north.
        lon: Degrees east.
    """

    name: str | None
    note: str | None
    kind: PlaceKind | None
    lat: float
    lon: float


@dataclass(frozen=True, slots=True)
class Waypoints:
    """What a file gave.

    Attributes:
        waypoints: In the order of the file.
        left_out: How many parts were left out, by the reason; reasons without any are absent.
    """

    waypoints: Sequence[Waypoint]
    left_out: Mapping[LeftOut, int]


def read_waypoints(data: bytes) -> Waypoints:
    """Reads a file of at most `MAX_SIZE` bytes; one that is none of these gives nothing, and says so."""
    collected = _Collected()
    text = decoded(data[:MAX_SIZE])
    if len(data) > MAX_SIZE:
        collected.leave_out("unreadable")
    elif text.startswith(("{", "[")):
        read_geojson(text, collected)
    else:
        read_gpx(text, collected)
    return Waypoints(collected.waypoints, collected.left_out)


class _Collected:
    """Gathers what a file gives."""

    def __init__(self) -> None:
        self.waypoints: list[Waypoint] = []
        self.left_out: Counter[LeftOut] = Counter()
        self._seen: set[tuple[str | None, float, float]] = set()

    @property
    def is_empty(self) -> bool:
        """Whether no waypoint was found."""
        return not self.waypoints

    def leave_out(self, reason: str) -> None:
        """Counts a part that gave none."""
        self.left_out[LeftOut(reason)] += 1

    def add(self, lat: object, lon: object, name: str | None, note: str | None, kinds: Sequence[str | None]) -> None:
        """Takes a waypoint as it stands in the file, or counts why not."""
        north, east = _degrees(lat), _degrees(lon)
        if north is None or east is None:
            self.leave_out("no_position")
            return
        if not (-90 <= north <= 90 and -180 <= east <= 180):
            self.leave_out("out_of_range")
            return
        called = _shortened(name, MAX_NAME_LENGTH)
        # Two positions that agree to a centimetre are one.
        key = (called, round(north, 7), round(east, 7))
        if key in self._seen:
            self.leave_out("repeated")
            return
        self._seen.add(key)
        kind = next((_KINDS[known] for said in kinds if (known := (said or "").strip().lower()) in _KINDS), None)
        self.waypoints.append(Waypoint(called, _shortened(note, MAX_NOTE_LENGTH), kind, float(north), float(east)))


def _degrees(written: object) -> float | None:
    """Degrees as a number, which may be infinite; None for what is no number."""
    if isinstance(written, int | float) and not isinstance(written, bool):
        return written
    text = written.strip() if isinstance(written, str) else ""
    if _NUMBER.fullmatch(text):
        return float(text)
    return float("inf") if _BEYOND_ALL.fullmatch(text) else None


def _shortened(text: str | None, longest: int) -> str | None:
    return " ".join((text or "").split())[:longest].strip() or None
