"""How a group of riders moves along a route: keeping distance, slowing for bends, stopping together, overtaking.

One may leave the line: halt beside the road, or turn back.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from itertools import accumulate
from random import Random
from typing import Final

from cavalcade.domain import geo
from cavalcade.simulate.receiver import Motion
from cavalcade.simulate.route import Route

ACCELERATION: Final = 1.8
BRAKING: Final = 2.5
HARDEST_BRAKING: Final = 6.0
"""m/s2; the first two are what riders like, the last what they can do."""

HEADWAY_S: Final = 1.8
SHORTEST_GAP_M: Final = 6.0
LANE_M: Final = 1.2
OVERTAKES_PER_S: Final = 1 / 90
STEP_S: Final = 0.5
"""The largest step that is computed at once."""


class Manner(Enum):
    """What a rider does: ride in line, stand beside the road, or ride back the way they came."""

    RIDES = auto()
    HALTS = auto()
    TURNED = auto()


@dataclass(slots=True)
class Rider:
    """One of the convoy.

    Attributes:
        distance_m: How far along the route; less again only while they ride back.
        speed: m/s.
        cruising: The speed this rider likes on a free straight, m/s.
        side_m: Where in the lane: motorcycles ride staggered.
        overtakes: Whom this rider is passing, if anyone.
        manner: What they do.
        rides_back: Which way they face: they do so until they stood.
    """

    distance_m: float
    speed: float
    cruising: float
    side_m: float
    overtakes: "Rider | None" = None
    manner: Manner = Manner.RIDES
    rides_back: bool = False


class Convoy:
    """Riders on one route, moved on by `advance`."""

    def __init__(self, route: Route, size: int, random: Random) -> None:
        """Lines riders up behind one another.

        Args:
            route: Their way.
            size: How many they are.
            random: Where their temper and their luck come from.
        """
        self._route = route
        self._random = random
        self._stop_at_m = random.uniform(800, 2500)
        self._stop_left_s = 0.0
        self._gathers = False
        places = accumulate((random.uniform(8, 20) for _ in range(size - 1)), initial=0.0)
        self.riders: Sequence[Rider] = [
            Rider(
                distance_m=size * 20.0 - behind,
                speed=0.0,
                cruising=random.uniform(21, 25),
                side_m=LANE_M if place % 2 else -LANE_M,
            )
            for place, behind in enumerate(places)
        ]

    def advance(self, seconds: float) -> None:
        """Lets time pass."""
        while seconds > 1e-9:
            step = min(seconds, STEP_S)
            self._step(step)
            seconds -= step

    @property
    def first(self) -> Rider:
        """Who rides in front."""
        return max(self.riders, key=lambda rider: rider.distance_m)

    def gather(self, distance_m: float) -> None:
        """Lets them stop at a place ahead, and stay there until they `go_on`."""
        self._gathers, self._stop_left_s, self._stop_at_m = True, 0.0, distance_m

    def go_on(self) -> None:
        """Lets them ride on from where they gathered."""
        self._gathers, self._stop_left_s = False, 0.0
        self._stop_at_m = self.first.distance_m + self._random.uniform(1500, 6000)

    def place_at(self, distance_m: float) -> tuple[float, float]:
        """A place on their way, degrees north and east."""
        place = self._route.at(distance_m)
        return place.lat, place.lon

    def motion(self, rider: Rider) -> Motion:
        """Where a rider is, and how they move."""
        place = self._route.at(rider.distance_m)
        if rider.rides_back:
            lat, lon = geo.destination(place.lat, place.lon, place.heading - 90, rider.side_m)
            return Motion(lat, lon, (place.heading + 180) % 360, rider.speed, place.altitude)
        side = -2 * LANE_M if rider.overtakes is not None else rider.side_m
        lat, lon = geo.destination(place.lat, place.lon, place.heading + 90, side)
        return Motion(lat, lon, place.heading, rider.speed, place.altitude)

    def _step(self, seconds: float) -> None:
        for rider in self.riders:
            if _is_away(rider):
                self._move_alone(rider, seconds)
        order = sorted((r for r in self.riders if not _is_away(r)), key=lambda r: r.distance_m, reverse=True)
        if not order:
            return
        self._rest(order[0], seconds)
        self._begin_overtake(order, seconds)
        for rider in order:
            if rider.overtakes is not None and _is_away(rider.overtakes):
                rider.overtakes = None
        accelerations = [self._acceleration(order, place) for place in range(len(order))]
        for rider, acceleration in zip(order, accelerations, strict=True):
            speed = max(0.0, rider.speed + acceleration * seconds)
            rider.distance_m += (rider.speed + speed) / 2 * seconds
            rider.speed = speed
            passed = rider.overtakes
            if passed is not None and rider.distance_m > passed.distance_m + SHORTEST_GAP_M + HEADWAY_S * passed.speed:
                rider.overtakes = None
                rider.side_m, passed.side_m = passed.side_m, rider.side_m

    def _move_alone(self, rider: Rider, seconds: float) -> None:
        """Brakes where they are not to ride on as they do, then rides back, or stands."""
        rider.overtakes = None
        turns_back = rider.manner is Manner.TURNED
        if turns_back and rider.speed == 0:
            rider.rides_back = True
        liked = min(rider.cruising, self._route.comfortable_speed(rider.distance_m))
        goes = turns_back and rider.rides_back
        speed = min(liked, rider.speed + ACCELERATION * seconds) if goes else max(0.0, rider.speed - BRAKING * seconds)
        rider.distance_m += (-1 if rider.rides_back else 1) * (rider.speed + speed) / 2 * seconds
        rider.speed = speed
        if speed == 0 and not turns_back:
            rider.rides_back = False

    def _rest(self, leader: Rider, seconds: float) -> None:
        """The first of them stops now and then (a crossing, fuel, a view), and the others behind."""
        if self._gathers:
            if self._stop_at_m - leader.distance_m < 2.0 and leader.speed < 0.5:
                self._stop_left_s = math.inf
            return
        if self._stop_left_s > 0:
            self._stop_left_s -= seconds
            if self._stop_left_s <= 0:
                self._stop_at_m = leader.distance_m + self._random.uniform(1500, 6000)
        elif self._stop_at_m - leader.distance_m < 2.0:
            if leader.speed < 0.5:
                self._stop_left_s = self._random.uniform(10, 45)
            elif leader.distance_m > self._stop_at_m:
                # Overtaken while braking: who is first now is past it.
                self._stop_at_m = leader.distance_m + self._random.uniform(1500, 6000)

    def _begin_overtake(self, order: Sequence[Rider], seconds: float) -> None:
        if self._gathers or len(order) < 2 or self._random.random() >= OVERTAKES_PER_S * seconds:
            return
        ahead, behind = order[(place := self._random.randrange(len(order) - 1))], order[place + 1]
        if not ahead.overtakes and not behind.overtakes and ahead.speed > 8:
            behind.overtakes = ahead
            behind.cruising, ahead.cruising = max(behind.cruising, ahead.cruising), min(behind.cruising, ahead.cruising)

    def _acceleration(self, order: Sequence[Rider], place: int) -> float:
        """The intelligent driver model: towards the speed one likes, and away from the rider ahead."""
        rider = order[place]
        liked = min(rider.cruising, self._route.comfortable_speed(rider.distance_m))
        if rider.overtakes is not None:
            liked = max(liked, rider.overtakes.speed + 4.0)
        drive = 1 - (rider.speed / liked) ** 4
        gap, closing = self._gap_ahead(order, place)
        if gap < math.inf:
            wished = SHORTEST_GAP_M + max(
                0.0, rider.speed * HEADWAY_S + rider.speed * closing / (2 * math.sqrt(ACCELERATION * BRAKING))
            )
            drive -= (wished / max(gap, 0.5)) ** 2
        return max(-HARDEST_BRAKING, ACCELERATION * drive)

    def _gap_ahead(self, order: Sequence[Rider], place: int) -> tuple[float, float]:
        """Metres to what is ahead, and the speed at which they get fewer."""
        rider = order[place]
        if place == 0:
            # A place to stop is like somebody standing there, whom one reaches up to the shortest gap.
            resting = self._stop_left_s > 0
            return (1.0 if resting else self._stop_at_m - rider.distance_m + SHORTEST_GAP_M), rider.speed
        ahead = next((other for other in reversed(order[:place]) if other is not rider.overtakes), None)
        if ahead is None:
            return math.inf, 0.0
        return ahead.distance_m - rider.distance_m, rider.speed - ahead.speed


def _is_away(rider: Rider) -> bool:
    """Whether a rider is not in line: also who turned back, until they stood and face the way ahead again."""
    return rider.manner is not Manner.RIDES or rider.rides_back
