"""The waypoints of a GeoJSON file, as RFC 7946 has it."""

import json
from collections.abc import Mapping
from typing import Final, NoReturn

from cavalcade.client.place_files.gpx import Collects

_LINES: Final = frozenset({"LineString", "MultiLineString", "Polygon", "MultiPolygon"})

DEEPEST: Final = 16
"""Deeper collections in collections are not read."""


def read_geojson(text: str, collected: Collects) -> None:
    """Adds the points of a file; its lines and areas are none."""
    try:
        content: object = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        collected.leave_out("unreadable")
        return
    is_collection = isinstance(content, dict) and content.get("type") == "FeatureCollection"
    features = content.get("features") if isinstance(content, dict) and is_collection else [content]
    if not isinstance(features, list):
        collected.leave_out("unreadable")
        return
    for feature in features:
        _read_feature(feature, collected)


def _read_feature(feature: object, collected: Collects) -> None:
    if not isinstance(feature, dict):
        collected.leave_out("unreadable")
    elif feature.get("type") != "Feature":
        _read_geometry(feature, {}, collected, 0)
    elif feature.get("geometry") is None:
        collected.leave_out("no_position")
    else:
        properties = feature.get("properties")
        _read_geometry(feature["geometry"], properties if isinstance(properties, dict) else {}, collected, 0)


def _read_geometry(geometry: object, properties: Mapping[str, object], collected: Collects, depth: int) -> None:
    if not isinstance(geometry, dict) or depth > DEEPEST:
        collected.leave_out("unreadable")
        return
    match geometry:
        case {"type": "Point"}:
            _add(geometry.get("coordinates"), properties, collected)
        case {"type": "MultiPoint", "coordinates": list(positions)}:
            if not positions:
                collected.leave_out("no_position")
            for position in positions:
                _add(position, properties, collected)
        case {"type": "GeometryCollection", "geometries": list(geometries)}:
            if not geometries:
                collected.leave_out("no_position")
            for one in geometries:
                _read_geometry(one, properties, collected, depth + 1)
        case {"type": str(kind)} if kind in _LINES:
            collected.leave_out("lines")
        case _:
            collected.leave_out("unreadable")


def _add(position: object, properties: Mapping[str, object], collected: Collects) -> None:
    lon, lat = (*position, None, None)[:2] if isinstance(position, list) else (None, None)

    def said(*keys: str) -> str | None:
        found = (properties.get(key) for key in keys)
        return next((value for value in found if isinstance(value, str) and value.strip()), None)

    collected.add(
        None if isinstance(lat, str) else lat,
        None if isinstance(lon, str) else lon,
        said("name"),
        said("desc", "description", "cmt", "note"),
        (said("kind"), said("type")),
    )


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number of JSON")
