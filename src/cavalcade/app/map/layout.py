"""Where discs and names are drawn so that each can be seen: a little apart, and no name over another; pure.

The page does the same in `spread.ts` and `label_layout.ts`, but for `FARTHEST`. Everything is in logical pixels.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations
from typing import Final, NamedTuple

from cavalcade.app.camera.framing import Size, Spot

APART: Final = 44.0
FARTHEST: Final = 32.0
"""Farther from its place a disc would tell an untruth. The page draws it up to 72 away, and ties it to its place by a
stem; here it has to cover, or nearly, where the person is, so that of many on one spot some stay on one another."""

ROUNDS: Final = 40
STEPPING_OUT: Final = 3
"""From this round on those who stand in a row also step out of it, since its ends can make no more room."""

STEP_OUT: Final = 0.6
MANY: Final = 30
ROUNDS_WITH_MANY: Final = 8
"""Pushing everybody off everybody takes long with many, and there is no room for them anyway."""

DISC: Final = 23.0
BESIDE: Final = 26.0
"""From the middle of a disc to the edge of its name."""


class Side(StrEnum):
    """Where a name stands beside its disc; `NONE` where there is no room, and the initials must do."""

    BELOW = "below"
    RIGHT = "right"
    LEFT = "left"
    ABOVE = "above"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Label:
    """A name to be placed.

    Attributes:
        id: Whose.
        at: The middle of the disc.
        width: Of the name.
        height: Of the name.
    """

    id: int
    at: Spot
    width: float
    height: float


class _Box(NamedTuple):
    left: float
    top: float
    right: float
    bottom: float


def spread(spots: Mapping[int, Spot], fixed: int | None) -> dict[int, Spot]:
    """Gives each disc the offset at which it is drawn; most have none.

    Args:
        spots: Where people are on the screen.
        fixed: Who stays in place while the others make room.
    """
    at = {one: [spot.x, spot.y] for one, spot in spots.items()}
    for turn in range(ROUNDS_WITH_MANY if len(at) > MANY else ROUNDS):
        is_settled = True
        for a, b in combinations(at, 2):
            dx, dy = at[a][0] - at[b][0], at[a][1] - at[b][1]
            if abs(dx) >= APART or abs(dy) >= APART or (distance := math.hypot(dx, dy)) >= APART:
                continue
            is_settled = False
            angle = _direction(a, b, Spot(dx, dy), 0.0 if turn < STEPPING_OUT else STEP_OUT)
            push = (APART - distance) / (1 if fixed in {a, b} else 2)
            for one, sign in ((a, 1), (b, -1)):
                if one != fixed:
                    _move(at[one], spots[one], sign * math.cos(angle) * push, sign * math.sin(angle) * push)
        if is_settled:
            break
    return {one: Spot(round(x - spots[one].x), round(y - spots[one].y)) for one, (x, y) in at.items()}


def place_labels(labels: Sequence[Label], size: Size, before: Mapping[int, Side]) -> dict[int, Side]:
    """Chooses a side for each name.

    Args:
        labels: The most important first: they get the best places.
        size: The picture's: a name that would run out of it is no help.
        before: The sides chosen last; a name stays where it is while there is room, so that it does not flicker.
    """
    discs = {label.id: _around(label.at.x, label.at.y, DISC, DISC) for label in labels}
    taken: list[_Box] = []
    sides: dict[int, Side] = {}
    for label in labels:
        others = [disc for one, disc in discs.items() if one != label.id]
        last = before.get(label.id, Side.NONE)
        wanted = [last, *(side for side in Side if side is not last)]
        sides[label.id] = Side.NONE
        for side in wanted:
            if side is Side.NONE:
                continue
            box = _box(label, side)
            if box.left >= 0 and box.right <= size.width and not _hits(box, taken) and not _hits(box, others):
                sides[label.id] = side
                taken.append(box)
                break
    return sides


def _direction(a: int, b: int, apart: Spot, aside: float) -> float:
    """From b towards a, turned aside, in radians; where they stand on one spot, a direction that is always the same."""
    if math.hypot(*apart) <= 0.5:
        return (a * 7 + b) * 2.4
    return math.atan2(apart.y, apart.x) + (aside if a % 2 == 0 else -aside)


def _move(at: list[float], home: Spot, dx: float, dy: float) -> None:
    x, y = at[0] + dx - home.x, at[1] + dy - home.y
    length = math.hypot(x, y)
    shortened = FARTHEST / length if length > FARTHEST else 1.0
    at[0], at[1] = home.x + x * shortened, home.y + y * shortened


def _box(label: Label, side: Side) -> _Box:
    half_width, half_height = label.width / 2, label.height / 2
    x, y = label.at
    match side:
        case Side.RIGHT:
            return _around(x + BESIDE + half_width, y, half_width, half_height)
        case Side.LEFT:
            return _around(x - BESIDE - half_width, y, half_width, half_height)
        case Side.ABOVE:
            return _around(x, y - BESIDE - half_height, half_width, half_height)
        case _:
            return _around(x, y + BESIDE + half_height, half_width, half_height)


def _around(x: float, y: float, half_width: float, half_height: float) -> _Box:
    return _Box(x - half_width, y - half_height, x + half_width, y + half_height)


def _hits(box: _Box, others: Iterable[_Box]) -> bool:
    return any(
        box.left < other.right and other.left < box.right and box.top < other.bottom and other.top < box.bottom
        for other in others
    )
