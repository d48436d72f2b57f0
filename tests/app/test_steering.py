"""The camera decides as the page's does: both are held to the same vectors."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cavalcade.app.steering import Scene, Sighting, Steering, heading_up, steer
from cavalcade.app.view import Padding, Point, Size

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "view.json").read_text())


def scene(given: dict[str, Any]) -> Scene:
    people = [
        Sighting(one["id"], Point(one["lat"], one["lon"]), one["fix_time"], one.get("accuracy", 0.0))
        for one in given["people"]
    ]
    return Scene(
        given["now"], people, Size(**given["size"]), Padding(**given["padding"]), given["bearing"], given["isWanted"]
    )


@pytest.mark.parametrize("case", VECTORS, ids=lambda case: case["name"])
def test_it_moves_when_and_where_the_page_does(case: dict[str, Any]) -> None:
    steering = Steering()
    for step in case["steps"]:
        steering, move = steer(steering, scene(step["scene"]))
        wanted = step["move"]
        assert (move is None) is (wanted is None)
        if move and wanted:
            assert move.is_eased is wanted["is_eased"]
            assert move.camera.center == pytest.approx((wanted["lat"], wanted["lon"]), abs=2e-7)
            assert move.camera.zoom == pytest.approx(wanted["zoom"], abs=2e-5)
            assert move.camera.bearing == wanted["bearing"]


@given(st.floats(0, 359), st.none() | st.floats(0, 359), st.none() | st.floats(0, 60))
def test_the_direction_that_is_up_is_kept_for_small_turns(bearing: float, heading: float, speed: float) -> None:
    up = heading_up(bearing, heading, speed)
    if heading is None or speed is None or speed < 2:
        assert up == bearing
    else:
        apart = abs((heading - up + 540) % 360 - 180)
        assert apart <= 25.5
