"""Places as files that other programs read: GPX 1.1 and GeoJSON (RFC 7946)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal
from xml.sax.saxutils import escape

from cavalcade.domain.features.places import Place, PlaceKind

GPX_TYPE: Final = "application/gpx+xml"
GEOJSON_TYPE: Final = "application/geo+json"
_DECIMALS: Final = 7
"""Of a degree, as positions have: a centimetre."""

_SYMBOLS: Final[Mapping[PlaceKind, str]] = {
    PlaceKind.MEET: "Flag, Blue",
    PlaceKind.FUEL: "Gas Station",
    PlaceKind.FOOD: "Restaurant",
    PlaceKind.VIEW: "Scenic Area",
    PlaceKind.HAZARD: "Danger Area",
    PlaceKind.PARKING: "Parking Area",
    PlaceKind.CAMP: "Campground",
    PlaceKind.NOTE: "Waypoint",
}
"""What Garmin's devices call the symbols; other programs know these names too."""


@dataclass(frozen=True, slots=True)
class Point:
    """A place on the Earth.

    Attributes:
        coordinates: Degrees east, then degrees north.
    """

    coordinates: tuple[float, ...]
    type: Literal["Point"] = "Point"


@dataclass(frozen=True, slots=True)
class PlaceProperties:
    """What a place is.

    Attributes:
        kind: What it is for.
        name: At most 40 characters, or None.
        desc: At most 140 characters in a few lines, or None.
        radius_m: Within how many metres somebody is there; None for the usual 80.
    """

    kind: PlaceKind
    name: str | None
    desc: str | None
    radius_m: int | None


@dataclass(frozen=True, slots=True)
class PlaceFeature:
    """A place as a feature of GeoJSON."""

    geometry: Point
    properties: PlaceProperties
    type: Literal["Feature"] = "Feature"


@dataclass(frozen=True, slots=True)
class PlaceCollection:
    """The places as GeoJSON."""

    features: tuple[PlaceFeature, ...]
    type: Literal["FeatureCollection"] = "FeatureCollection"


def geojson(places: Iterable[Place]) -> PlaceCollection:
    """The places as GeoJSON."""
    return PlaceCollection(
        tuple(
            PlaceFeature(
                Point((place.lon, place.lat)), PlaceProperties(place.kind, place.name, place.note, place.radius_m)
            )
            for place in places
        )
    )


def gpx(called: str, places: Iterable[Place], now: int) -> str:
    """The places as waypoints of a GPX file.

    Args:
        called: The session's name.
        places: The places.
        now: ms since the epoch.
    """
    head = f"<metadata><name>{escape(called)}</name><time>{_time(now)}</time></metadata>"
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<gpx xmlns="http://www.topografix.com/GPX/1/1" version="1.1" creator="Cavalcade">\n'
        + "".join(f"{line}\n" for line in (head, *map(_waypoint, places)))
        + "</gpx>\n"
    )


def _waypoint(place: Place) -> str:
    # The schema wants these in this order, and knows 180 degrees only as west.
    lon = -180.0 if round(place.lon, _DECIMALS) == 180 else place.lon
    said = [("time", _time(place.at)), ("name", place.name), ("desc", place.note)]
    said += [("sym", _SYMBOLS[place.kind]), ("type", place.kind.value)]
    inner = "".join(f"<{tag}>{escape(text)}</{tag}>" for tag, text in said if text is not None)
    return f'<wpt lat="{place.lat:.{_DECIMALS}f}" lon="{lon:.{_DECIMALS}f}">{inner}</wpt>'


def _time(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
