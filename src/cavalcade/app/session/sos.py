"""SOS as one member sees them: which to answer, which to alarm again, and who is asked first; pure."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from cavalcade.domain.features.sos import Sos, SosAnswer
from cavalcade.domain.fix import Position
from cavalcade.domain.geo import bearing, distance_m

MOVING_M_S: Final = 4.0
"""Slower than this a heading says nothing about the way."""

WAY_LASTS_MS: Final = 10 * 60_000
"""A way that was ridden longer ago says nothing about who comes after."""

BESIDE_M: Final = 30.0
"""Within this along the way, somebody is neither before nor behind."""

PUT_BACK: Final = -1
"""The stage up to which an SOS was seen that is to be on the screen again."""


class Side(StrEnum):
    """Where somebody is from an SOS, along the way that was ridden."""

    BEHIND = "behind"
    AHEAD = "ahead"
    BESIDE = "beside"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Way:
    """A way that somebody rode.

    Attributes:
        heading: Degrees clockwise from north.
        at: When, ms on the server's clock.
    """

    heading: float
    at: int


def ways_in(positions: Mapping[int, Position]) -> Mapping[int, Way]:
    """The ways of those who move now."""
    ways = {}
    for who, position in positions.items():
        fix = position.to_fix()
        if fix.heading is not None and (fix.speed or 0.0) >= MOVING_M_S:
            ways[who] = Way(fix.heading, position.fix_time)
    return ways


def side_of(place: tuple[float, float], way: Way | None, other: Position | None, now: int) -> Side:
    """On which side of a place somebody is, by the straight distance along the way that was ridden there."""
    if way is None or other is None or now - way.at > WAY_LASTS_MS:
        return Side.UNKNOWN
    there = other.to_fix()
    turn = math.radians(bearing(*place, there.lat, there.lon) - way.heading)
    along = distance_m(*place, there.lat, there.lon) * math.cos(turn)
    if abs(along) < BESIDE_M:
        return Side.BESIDE
    return Side.BEHIND if along < 0 else Side.AHEAD


def may_wait(sos: Sos, side: Side) -> bool:
    """Whether somebody may wait for those behind, who come there anyway.

    Only in the first minute, and only who is known to be ahead.
    """
    return side is Side.AHEAD and sos.stage == 0


def of_others(standing: Iterable[Sos], me: int) -> Sequence[Sos]:
    """Those that one is asked about, the oldest first."""
    return [one for one in standing if me not in {one.participant, one.by}]


def of_oneself(standing: Iterable[Sos], me: int) -> Sequence[Sos]:
    """Those for oneself, or that one raised for somebody."""
    return [one for one in standing if me in {one.participant, one.by}]


def to_show(standing: Iterable[Sos], me: int, seen: Mapping[int, int]) -> Sequence[Sos]:
    """Those that must be on the screen: not answered yet, or alarmed again since.

    Args:
        standing: The SOS that are open.
        me: Oneself.
        seen: Up to which stage each was answered or put aside on this device.
    """
    return [
        one for one in of_others(standing, me)
        if (one.stage > seen[one.sos] if one.sos in seen else str(me) not in one.answers)
    ]  # fmt: skip


def to_alarm(standing: Iterable[Sos], me: int, alarmed: Mapping[int, int]) -> Sequence[Sos]:
    """Those that must be heard or felt now: new ones, and those that were alarmed again, unless one goes there.

    Args:
        standing: The SOS that are open.
        me: Oneself.
        alarmed: At which stage each was alarmed last.
    """
    return [
        one for one in of_others(standing, me)
        if one.answers.get(str(me)) is not SosAnswer.GOING and one.stage > alarmed.get(one.sos, -1)
    ]  # fmt: skip
