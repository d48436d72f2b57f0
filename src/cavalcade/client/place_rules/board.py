"""The roll call's board: who is there, who comes in how many minutes, and why the others are missing."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from cavalcade.client.motion.scene import Person, Scene, time_of
from cavalcade.client.place_rules.approach import Approach
from cavalcade.client.place_rules.pace import Pace
from cavalcade.client.place_rules.presence import Presence
from cavalcade.client.place_rules.scene import metres_to
from cavalcade.domain.features.places import Place
from cavalcade.domain.features.statuses import Status
from cavalcade.domain.model import Role

SILENT_AFTER_MS: Final = 60_000
"""Devices report at least every 20 s while they stand."""

FEWEST: Final = 2
"""One alone is no group that could be complete."""

MINUTE_S: Final = 60


class Standing(StrEnum):
    """How it stands with somebody, in the order in which the board shows them."""

    COMING = "coming"
    STANDS = "stands"
    AWAY = "away"
    NO_NEWS = "no_news"
    NO_PLACE = "no_place"
    NOT_SHARING = "not_sharing"
    HERE = "here"
    GOING_HOME = "going_home"


ORDER: Final = list(Standing)
UNHEARD: Final = {Standing.NO_NEWS, Standing.NO_PLACE, Standing.NOT_SHARING}
"""Where only a host can say that they are there."""


@dataclass(frozen=True, slots=True)
class Row:
    """Somebody on the board.

    Attributes:
        participant: Who.
        standing: How it stands with them.
        minutes: In about how many they come, at least 1; None where that is not known.
        metres: How far they are by the straight distance; None where that is not known.
        heard_at: When their newest place was taken, ms since the epoch; None where there is none.
    """

    participant: int
    standing: Standing
    minutes: int | None = None
    metres: float | None = None
    heard_at: int | None = None


@dataclass(frozen=True, slots=True)
class Board:
    """Who is at the place where the group meets.

    Attributes:
        place: The place.
        rows: First those who are missing, then who is there, at last who goes home.
    """

    place: int
    rows: Sequence[Row]

    @property
    def here(self) -> int:
        """How many are there."""
        return sum(row.standing is Standing.HERE for row in self.rows)

    @property
    def awaited(self) -> int:
        """How many are to be there, with those who are; who goes home does not count."""
        return sum(row.standing is not Standing.GOING_HOME for row in self.rows)

    @property
    def is_complete(self) -> bool:
        """All are there."""
        return self.awaited >= FEWEST and self.here == self.awaited


@dataclass(frozen=True, slots=True)
class Known:
    """What is remembered of somebody whom the group awaits."""

    presence: Presence
    approach: Approach
    pace: Pace


def board(place: Place, known: Mapping[int, Known], scene: Scene) -> Board:
    """The board at one moment."""
    rows = [_row(place, one, known[one.id], scene.now) for one in scene.people if one.role is not Role.VIEWER]
    return Board(place.place, sorted(rows, key=_order))


def _order(row: Row) -> tuple[int, float, int]:
    return ORDER.index(row.standing), math.inf if row.minutes is None else row.minutes, row.participant


def _row(place: Place, one: Person, known: Known, now: int) -> Row:
    if one.status is Status.GOING_HOME:
        return Row(one.id, Standing.GOING_HOME)
    if known.presence.is_here or one.id in place.ticked:
        return Row(one.id, Standing.HERE)
    if not one.is_sharing:
        return Row(one.id, Standing.NOT_SHARING)
    if one.fix is None:
        return Row(one.id, Standing.NO_PLACE)
    metres, heard_at = metres_to(place, one.fix), min(now, time_of(one.fix))
    if now - heard_at >= SILENT_AFTER_MS:
        return Row(one.id, Standing.NO_NEWS, metres=metres, heard_at=heard_at)
    if known.pace.stands(now):
        return Row(one.id, Standing.STANDS, metres=metres, heard_at=heard_at)
    if known.approach.is_away:
        return Row(one.id, Standing.AWAY, metres=metres, heard_at=heard_at)
    usual = known.pace.usual
    minutes = None if usual is None else max(1, int(metres / usual / MINUTE_S + 0.5))
    return Row(one.id, Standing.COMING, minutes, metres, heard_at)
