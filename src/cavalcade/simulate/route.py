"""A road as a line that riders move along, by metres from its start."""

import math
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Final, NamedTuple

from cavalcade.domain import geo

LATERAL_ACCELERATION: Final = 2.5
"""What riders accept in a bend, m/s2."""

_SIGHT_M: Final = 30.0
_SAMPLE_M: Final = 40.0


class RoutePoint(NamedTuple):
    """A place on the way; altitude in metres, None where unknown."""

    lat: float
    lon: float
    altitude: float | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where somebody is on a route.

    Attributes:
        lat: Degrees north.
        lon: Degrees east.
        altitude: Metres; None where the route does not say.
        heading: Direction of travel, degrees clockwise from north.
    """

    lat: float
    lon: float
    altitude: float | None
    heading: float


class Route:
    """A line without an end: a loop goes round, any other way is ridden there and back."""

    def __init__(self, points: Sequence[RoutePoint], *, loop: bool = False, speed_limit: float = math.inf) -> None:
        """Measures a line.

        Args:
            points: In order; neighbours in the same place count once.
            loop: Whether the last point leads back to the first.
            speed_limit: What nobody rides faster than, m/s.

        Raises:
            ValueError: The points do not make a line of at least a metre.
        """
        if loop and points:
            points = [*points, points[0]]
        kept = list(points[:1])
        for point in points[1:]:
            if geo.distance_m(kept[-1].lat, kept[-1].lon, point.lat, point.lon) > 0.01:
                kept.append(point)
        steps = [geo.distance_m(a.lat, a.lon, b.lat, b.lon) for a, b in pairwise(kept)]
        if sum(steps) < 1.0:
            raise ValueError("a route must lead somewhere: at least two places a metre apart")
        self._points = kept
        self._starts = list(accumulate(steps, initial=0.0))
        self._loop = loop
        self._speed_limit = speed_limit
        self.length_m = self._starts[-1]

    def at(self, distance_m: float) -> Place:
        """Where one is after so many metres from the start, however many."""
        if self._loop:
            return self._forward(distance_m % self.length_m)
        there_and_back = distance_m % (2 * self.length_m)
        if there_and_back <= self.length_m:
            return self._forward(there_and_back)
        place = self._forward(2 * self.length_m - there_and_back)
        return Place(place.lat, place.lon, place.altitude, (place.heading + 180) % 360)

    def comfortable_speed(self, distance_m: float) -> float:
        """How fast the bend ahead is ridden, m/s; infinite on a straight without a limit."""
        turn = abs((self.at(distance_m + _SIGHT_M).heading - self.at(distance_m).heading + 180) % 360 - 180)
        if turn < 0.5:
            return self._speed_limit
        radius = _SIGHT_M / math.radians(turn)
        return min(self._speed_limit, max(3.0, math.sqrt(LATERAL_ACCELERATION * radius)))

    def _forward(self, distance_m: float) -> Place:
        index = min(max(bisect_right(self._starts, distance_m) - 1, 0), len(self._points) - 2)
        here, there = self._points[index], self._points[index + 1]
        span = self._starts[index + 1] - self._starts[index]
        part = min(1.0, max(0.0, (distance_m - self._starts[index]) / span))
        altitude = None
        if here.altitude is not None and there.altitude is not None:
            altitude = here.altitude + part * (there.altitude - here.altitude)
        heading = geo.bearing(here.lat, here.lon, there.lat, there.lon)
        lat, lon = geo.destination(here.lat, here.lon, heading, part * span)
        return Place(lat, lon, altitude, heading)


def road_through(waypoints: Sequence[RoutePoint], *, loop: bool = False) -> Route:
    """A winding road through some places.

    Args:
        waypoints: At least three, in order.
        loop: Whether it leads back to the first.

    Returns:
        A smooth line (a centripetal Catmull-Rom spline) with the gentle bends that roads have.
    """
    if loop:
        ring = [waypoints[-1], *waypoints, waypoints[0], waypoints[1]]
    else:
        ring = [waypoints[0], *waypoints, waypoints[-1]]
    smooth: list[RoutePoint] = []
    for four in zip(ring, ring[1:], ring[2:], ring[3:], strict=False):
        smooth.extend(_curve(*four))
    if not loop:
        smooth.append(waypoints[-1])
    return Route(list(_winding(smooth)), loop=loop)


def _curve(before: RoutePoint, start: RoutePoint, end: RoutePoint, after: RoutePoint) -> Iterator[RoutePoint]:
    """Points from `start` up to, not including, `end`."""
    shrink = math.cos(math.radians(start.lat))
    controls = [(p.lon * shrink, p.lat, p.altitude or 0.0) for p in (before, start, end, after)]
    knots = [0.0]
    for a, b in pairwise(controls):
        knots.append(knots[-1] + max(1e-6, math.hypot(b[0] - a[0], b[1] - a[1])) ** 0.5)
    metres = geo.distance_m(start.lat, start.lon, end.lat, end.lon)
    count = max(1, round(metres / _SAMPLE_M))
    for step in range(count):
        at = knots[1] + (knots[2] - knots[1]) * step / count
        x, y, z = (_catmull_rom([c[axis] for c in controls], knots, at) for axis in range(3))
        yield RoutePoint(y, x / shrink, z if start.altitude is not None else None)


def _catmull_rom(values: Sequence[float], knots: Sequence[float], at: float) -> float:
    """The value at a knot by the pyramid of Barry and Goldman."""
    level = list(values)
    for width in range(1, 4):
        # The outermost knots bound the first and last level; the middle one interpolates between knots 1 and 2 alone.
        level = [_between(level[i], level[i + 1], *_span(knots, i, width), at) for i in range(len(level) - 1)]
    return level[0]


def _span(knots: Sequence[float], index: int, width: int) -> tuple[float, float]:
    if width == 3:
        return knots[1], knots[2]
    return knots[index], knots[index + width]


def _between(low: float, high: float, begin: float, end: float, at: float) -> float:
    return low + (high - low) * (at - begin) / (end - begin)


def _winding(points: Sequence[RoutePoint]) -> Iterator[RoutePoint]:
    """Moves a line sideways a little: bends of two wavelengths, none at its ends."""
    travelled = 0.0
    total = sum(geo.distance_m(a.lat, a.lon, b.lat, b.lon) for a, b in pairwise(points))
    for index, point in enumerate(points):
        following = points[min(index + 1, len(points) - 1)]
        previous = points[max(index - 1, 0)]
        if index:
            travelled += geo.distance_m(previous.lat, previous.lon, point.lat, point.lon)
        ends = min(1.0, travelled / 500, (total - travelled) / 500)
        sideways = ends * (35 * math.sin(travelled / 310) + 14 * math.sin(travelled / 97 + 1))
        heading = geo.bearing(previous.lat, previous.lon, following.lat, following.lon)
        lat, lon = geo.destination(point.lat, point.lon, heading + 90, sideways)
        yield RoutePoint(lat, lon, point.altitude)


_LAKE_SIDE = (
    (47.6975, 9.2685, 430), (47.6830, 9.3230, 415), (47.6715, 9.3800, 412), (47.6580, 9.4450, 410),
    (47.6560, 9.4950, 412), (47.6290, 9.5450, 420), (47.6020, 9.6000, 418), (47.5790, 9.6500, 425),
    (47.5560, 9.7080, 410), (47.5200, 9.7460, 405), (47.4960, 9.7300, 402), (47.4720, 9.6600, 400),
    (47.4640, 9.5800, 402), (47.4740, 9.4980, 415), (47.4950, 9.4400, 430), (47.5250, 9.4030, 425),
    (47.5600, 9.3620, 420), (47.5900, 9.3050, 435), (47.6230, 9.2420, 440), (47.6430, 9.1900, 415),
    (47.6690, 9.1580, 405), (47.6870, 9.1180, 420), (47.7040, 9.0600, 430), (47.7300, 9.0050, 425),
    (47.7560, 9.0000, 440), (47.7900, 9.0500, 480), (47.7870, 9.1130, 430), (47.7730, 9.1700, 420),
    (47.7440, 9.2200, 425), (47.7210, 9.2450, 440),
)  # fmt: skip


def lake_tour() -> Route:
    """An invented road of about 140 km around Lake Constance."""
    return road_through([RoutePoint(*place) for place in _LAKE_SIDE], loop=True)
