"""Whether somebody comes to a place or rides away from it, by the straight distance; roads wind, so 200 m decide."""

from dataclasses import dataclass, replace
from typing import Final

TURN_M: Final = 200.0


@dataclass(frozen=True, slots=True)
class Approach:
    """What is remembered of somebody's way to a place.

    Attributes:
        is_away: They ride away from it.
        turn: How far it was where they were nearest, or farthest while they ride away, m; None before the first fix.
    """

    is_away: bool = False
    turn: float | None = None


def follow(before: Approach, metres: float) -> Approach:
    """Takes their next distance from the place."""
    if before.turn is None:
        return replace(before, turn=metres)
    turn = max(before.turn, metres) if before.is_away else min(before.turn, metres)
    if abs(metres - turn) >= TURN_M:
        return Approach(not before.is_away, metres)
    return replace(before, turn=turn)
