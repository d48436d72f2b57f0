"""Where the camera stands so that everybody is on the screen; pure, in Web Mercator at 512 px a tile.

The same decisions as the page's `view.ts`; `tests/vectors/view.json` holds both to account. Zooms are those of 512-px
tiles: maps that count in tiles of 256 px, such as Flutter's, stand one higher.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

TILE_PX: Final = 512
MAX_LATITUDE: Final = 85.051129
MAX_FIT_ZOOM: Final = 16.0
MIN_ZOOM: Final = 0.0
COMFORT: Final = 0.14
"""The share of the free space left empty around the group, so that it can move before the camera must."""

EDGE: Final = 0.03
"""Nearer to what is covered than this share of the shorter side, somebody counts as leaving the picture."""

LEAST_ROOM_PX: Final = 160.0
"""In less than this a group cannot be shown: a camera that tried would show half the country instead."""


class Point(NamedTuple):
    """A place in degrees."""

    lat: float
    lon: float


class Size(NamedTuple):
    """The picture's, in logical pixels."""

    width: float
    height: float


class Padding(NamedTuple):
    """What panels cover, in logical pixels."""

    top: float
    right: float
    bottom: float
    left: float


class Spot(NamedTuple):
    """A place on the screen in logical pixels from the top left, or in the square of the world from 0 to 1."""

    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Camera:
    """What a map shows.

    Attributes:
        center: The middle of the picture.
        zoom: At 512 px a tile.
        bearing: The direction that is up, degrees clockwise from north.
    """

    center: Point
    zoom: float
    bearing: float = 0.0


def roomy_padding(size: Size, padding: Padding) -> Padding:
    """The padding to fit people into: what is given, or less of it where panels leave too little room.

    People may then stand beneath a panel.
    """
    left, right = _shorten(padding.left, padding.right, size.width)
    top, bottom = _shorten(padding.top, padding.bottom, size.height)
    return Padding(top, right, bottom, left)


def fit_camera(points: Sequence[Point], size: Size, padding: Padding, bearing: float = 0.0) -> Camera | None:
    """The camera that shows all points inside the padding, which must leave room; None without points."""
    if not points:
        return None
    places = [_project(point) for point in points]
    origin = Spot(_westernmost(places), places[0].y)
    seen = [_turn(Spot(_eastwards(origin.x, at.x), at.y - origin.y), -bearing) for at in places]
    left, right = min(spot.x for spot in seen), max(spot.x for spot in seen)
    top, bottom = min(spot.y for spot in seen), max(spot.y for spot in seen)
    width = (size.width - padding.left - padding.right) * (1 - 2 * COMFORT)
    height = (size.height - padding.top - padding.bottom) * (1 - 2 * COMFORT)
    scale = min(width / max(right - left, 1e-12), height / max(bottom - top, 1e-12))
    zoom = max(MIN_ZOOM, min(MAX_FIT_ZOOM, math.log2(scale / TILE_PX)))
    middle = _turn(Spot((left + right) / 2, (top + bottom) / 2), bearing)
    return _centered_on(Spot(origin.x + middle.x, origin.y + middle.y), zoom, padding, bearing)


def center_camera(point: Point, zoom: float, padding: Padding, bearing: float = 0.0) -> Camera:
    """The camera that puts one point into the middle of what the panels leave free."""
    return _centered_on(_project(point), zoom, padding, bearing)


def is_inside(camera: Camera, point: Point, size: Size, padding: Padding) -> bool:
    """Whether a point is in the part of the picture that no panel covers."""
    at = to_screen(camera, point, size)
    edge = EDGE * min(size)
    return (
        padding.left + edge <= at.x <= size.width - padding.right - edge
        and padding.top + edge <= at.y <= size.height - padding.bottom - edge
    )


def to_screen(camera: Camera, point: Point, size: Size) -> Spot:
    """Where a point stands on the screen."""
    scale = TILE_PX * 2**camera.zoom
    center, at = _project(camera.center), _project(point)
    offset = _turn(Spot(_wrap(at.x - center.x), at.y - center.y), -camera.bearing)
    return Spot(size.width / 2 + offset.x * scale, size.height / 2 + offset.y * scale)


def metres_per_pixel(lat: float, zoom: float) -> float:
    """Metres that one logical pixel covers at a latitude."""
    return 40_075_016.686 * math.cos(math.radians(lat)) / (TILE_PX * 2**zoom)


def _centered_on(middle: Spot, zoom: float, padding: Padding, bearing: float) -> Camera:
    scale = TILE_PX * 2**zoom
    aside = _turn(Spot((padding.right - padding.left) / 2 / scale, (padding.bottom - padding.top) / 2 / scale), bearing)
    return Camera(_unproject(Spot(middle.x + aside.x, max(0.0, min(1.0, middle.y + aside.y)))), zoom, bearing)


def _turn(spot: Spot, degrees: float) -> Spot:
    """Turns an offset clockwise: from the screen to the map by the camera's bearing, and back by its negative."""
    sin, cos = math.sin(math.radians(degrees)), math.cos(math.radians(degrees))
    return Spot(spot.x * cos - spot.y * sin, spot.x * sin + spot.y * cos)


def _shorten(before: float, after: float, length: float) -> tuple[float, float]:
    """Two sides of a length, in their proportion, with room between them."""
    most = max(0.0, length - LEAST_ROOM_PX)
    part = min(1.0, most / max(before + after, 1e-9))
    return before * part, after * part


def _westernmost(places: Sequence[Spot]) -> float:
    """Where the shortest stretch around the globe begins that holds all places.

    So a group across the antimeridian is a small one.
    """
    xs = sorted(at.x for at in places)
    return max(zip(xs, [xs[-1], *xs[:-1]], strict=True), key=lambda pair: _eastwards(pair[1], pair[0]))[0]


def _eastwards(start: float, end: float) -> float:
    """How far one comes going east from one place of the globe to another, as a share of the way round."""
    return (end - start + 1) % 1


def _wrap(dx: float) -> float:
    return dx - math.floor(dx + 0.5)


def _project(point: Point) -> Spot:
    sin = math.sin(math.radians(max(-MAX_LATITUDE, min(MAX_LATITUDE, point.lat))))
    return Spot(point.lon / 360 + 0.5, 0.5 - math.log((1 + sin) / (1 - sin)) / (4 * math.pi))


def _unproject(at: Spot) -> Point:
    return Point(math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * at.y)))), (at.x - math.floor(at.x)) * 360 - 180)
