"""Places as files: what GPX's schema asks for, whatever people wrote."""

from __future__ import annotations

import json
import re
from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from cavalcade.domain.features.places import MAX_NAME_LENGTH, MAX_NOTE_LENGTH, Place, PlaceKind
from cavalcade.domain.names import clean_name
from cavalcade.domain.texts import clean_text
from cavalcade.wire.codec import encode
from cavalcade.wire.place_files import geojson, gpx
from tests.domain.strategies import NOW, raw_texts

GPX = "{http://www.topografix.com/GPX/1/1}"
ORDER = ["ele", "time", "magvar", "geoidheight", "name", "cmt", "desc", "src", "link", "sym", "type"]
"""The order in which the schema of GPX 1.1 has the parts of a waypoint."""

DECIMAL = re.compile(r"-?\d+\.\d+")


def cleaned(text: str, *, is_note: bool) -> str | None:
    try:
        return (clean_text(text, MAX_NOTE_LENGTH) if is_note else clean_name(text, MAX_NAME_LENGTH)) or None
    except ValueError:
        return None


places = st.lists(
    st.builds(
        Place,
        place=st.integers(1, 1000),
        participant=st.just(1),
        kind=st.sampled_from(PlaceKind),
        lat=st.sampled_from([-90.0, 90.0, 1e-7, -0.0]) | st.floats(-90, 90),
        lon=st.sampled_from([-180.0, 180.0, 179.99999999999997, 1e-7]) | st.floats(-180, 180),
        name=(raw_texts() | st.just('<&">]]>')).map(lambda text: cleaned(text, is_note=False)),
        note=(raw_texts() | st.just("1 & 2\n</desc>")).map(lambda text: cleaned(text, is_note=True)),
        radius_m=st.none() | st.integers(50, 500),
        at=st.just(NOW),
        written=st.just(1),
    ),
    max_size=4,
)


@given(places, raw_texts().map(lambda text: cleaned(text, is_note=False) or "Ride"))
def test_gpx_is_well_formed_in_the_schemas_order_and_says_what_people_wrote(given_: list[Place], called: str) -> None:
    root = ET.fromstring(gpx(called, given_, NOW))
    assert (root.tag, root.get("version")) == (f"{GPX}gpx", "1.1")
    assert root.findtext(f"{GPX}metadata/{GPX}name") == called
    waypoints = root.findall(f"{GPX}wpt")
    for place, waypoint in zip(given_, waypoints, strict=True):
        lat, lon = waypoint.attrib["lat"], waypoint.attrib["lon"]
        assert DECIMAL.fullmatch(lat)
        assert DECIMAL.fullmatch(lon)
        assert -180 <= float(lon) < 180
        assert abs(float(lat) - place.lat) < 1e-7
        tags = [child.tag.removeprefix(GPX) for child in waypoint]
        assert tags == sorted(tags, key=ORDER.index)
        assert (waypoint.findtext(f"{GPX}name"), waypoint.findtext(f"{GPX}desc")) == (place.name, place.note)
        assert waypoint.findtext(f"{GPX}type") == place.kind
        assert waypoint.findtext(f"{GPX}time") == "2026-09-21T14:13:20Z"


@given(places)
def test_geojson_has_longitude_first(given_: list[Place]) -> None:
    collection = json.loads(json.dumps(encode(geojson(given_))))
    assert collection["type"] == "FeatureCollection"
    for place, feature in zip(given_, collection["features"], strict=True):
        assert feature["geometry"] == {"type": "Point", "coordinates": [place.lon, place.lat]}
        assert feature["properties"] == {
            "kind": place.kind,
            "name": place.name,
            "desc": place.note,
            "radius_m": place.radius_m,
        }
