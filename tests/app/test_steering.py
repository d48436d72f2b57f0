"""The camera decides as the page's does: both are held to the same vectors."""

import json
from pathlib import Path
from typing import Any

import pytest

from cavalcade.app.camera.framing import Padding, Point, Size
from cavalcade.app.camera.steering import Scene, Sighting, Steering, steer

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "view.json").read_text())


def scene(given: dict[str, Any]) -> Scene:
    people = [
        Sighting(one["id"], Point(one["lat"], one["lon"]), one["fix_time"], one.get("accuracy", 0.0))
        for one in given["people"]
    ]
    return Scene(
        given["now"],
        people,
        Size(**given["size"]),
        Padding(**given["padding"]),
        given["bearing"],
        is_wanted=given["isWanted"],
        is_reframed=given["isReframed"],
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
