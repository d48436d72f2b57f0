"""The outlines of countries, for where no map tiles come: Natural Earth's, reduced by `tools/make_app_assets.py`."""

import json
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from cavalcade.app.camera.framing import Point

Outline = Sequence[tuple[float, float]]


class _Shape(NamedTuple):
    south: float
    west: float
    north: float
    east: float
    outline: Outline


@cache
def _shapes() -> Sequence[_Shape]:
    data = json.loads(files("cavalcade.app").joinpath("assets/world.json").read_text("utf-8"))
    shapes = []
    for flat in data["outlines"]:
        outline = [(lat, lon) for lon, lat in zip(flat[::2], flat[1::2], strict=True)]
        latitudes, longitudes = [lat for lat, _ in outline], [lon for _, lon in outline]
        shapes.append(_Shape(min(latitudes), min(longitudes), max(latitudes), max(longitudes), outline))
    return shapes


def near(center: Point, reach: float) -> Sequence[Outline]:
    """The outlines that come within some degrees of a place, each a closed line of (latitude, longitude)."""
    return [shape.outline for shape in _shapes() if _distance(shape, center) <= reach]


def _distance(shape: _Shape, center: Point) -> float:
    """Degrees from a place to the box around a shape, the longer of both directions."""
    up_down = max(shape.south - center.lat, center.lat - shape.north, 0.0)
    # Over the antimeridian as well.
    sideways = min(
        max(shape.west + turn - center.lon, center.lon - shape.east - turn, 0.0) for turn in (-360.0, 0.0, 360.0)
    )
    return max(up_down, sideways)
