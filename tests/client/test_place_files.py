"""Waypoints from files: the corpus that the page's reader is held to as well, and any bytes at all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cavalcade.client.place_files.waypoints import LeftOut, Waypoints, read_waypoints
from cavalcade.domain.features.places import Place, PlaceKind
from cavalcade.wire.codec import encode
from cavalcade.wire.place_files import geojson, gpx
from tests.domain.strategies import NOW

CORPUS = Path(__file__).parents[1] / "vectors" / "places"
FILES = sorted(file for file in CORPUS.iterdir() if file.suffix in {".gpx", ".geojson"})


def as_json(read: Waypoints) -> dict[str, Any]:
    return {
        "waypoints": [
            {"name": one.name, "note": one.note, "kind": one.kind, "lat": one.lat, "lon": one.lon}
            for one in read.waypoints
        ],
        "left_out": dict(read.left_out),
    }


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_reads_what_is_good_and_counts_what_is_not(file: Path) -> None:
    assert as_json(read_waypoints(file.read_bytes())) == json.loads(file.with_suffix(".json").read_text("utf-8"))


@given(st.binary(max_size=300))
def test_any_bytes_give_waypoints_or_none(content: bytes) -> None:
    for data in (content, b"<gpx><wpt lat='1' lon='2'>" + content, b'{"type": "Point", "coordinates": ' + content):
        read = read_waypoints(data)
        assert all(-90 <= one.lat <= 90 and -180 <= one.lon <= 180 for one in read.waypoints)
        assert set(read.left_out) <= set(LeftOut)


@pytest.mark.parametrize(
    "content",
    [
        b"[" * 100_000,
        b"<" * 100_000,
        b"<!-- " * 50_000,
        b"<a " + b'b="c" ' * 50_000,
        b"<!DOCTYPE a [" + b"<!ENTITY b 'c'>" * 20_000,
        b"<wpt " * 50_000,
        b"&" * 100_000,
        b'{"type":"GeometryCollection","geometries":[' * 1_000,
    ],
    ids=lambda content: content[:12].decode(),
)
def test_a_file_that_is_nothing_but_beginnings_gives_nothing(content: bytes) -> None:
    assert not read_waypoints(content).waypoints


def test_what_a_server_wrote_comes_back() -> None:
    place = Place(4, 1, PlaceKind.FUEL, 47.66, -9.18, "A & B <br>", "First, second", None, NOW, 4)
    for written in (gpx("Tour", [place], NOW), json.dumps(encode(geojson([place])))):
        (found,) = read_waypoints(written.encode()).waypoints
        assert (found.name, found.note, found.kind, found.lat, found.lon) == (
            place.name,
            place.note,
            place.kind,
            place.lat,
            place.lon,
        )
