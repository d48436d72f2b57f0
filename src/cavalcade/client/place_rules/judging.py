"""All that a client judges of places, looked at together: with each fix of one's own, and once a second."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cavalcade.client.motion.riding import Riding
from cavalcade.client.place_rules import hazards, next_stop, pace, roll_call
from cavalcade.client.place_rules.board import Board
from cavalcade.client.place_rules.hazards import Hazards
from cavalcade.client.place_rules.next_stop import NextStop
from cavalcade.client.place_rules.pace import Pace
from cavalcade.client.place_rules.roll_call import RollCall
from cavalcade.client.place_rules.scene import PlaceScene
from cavalcade.domain.features.alerts import AlertKind
from cavalcade.domain.fix import Fix
from cavalcade.domain.model import Role


@dataclass(frozen=True, slots=True)
class PlaceMemory:
    """What is remembered between two looks."""

    paces: Mapping[int, Pace] = field(default_factory=dict)
    roll_call: RollCall = field(default_factory=RollCall)
    next_stop: NextStop | None = None
    hazards: Hazards = field(default_factory=Hazards)

    @property
    def board(self) -> Board | None:
        """Who is where the group meets; None where it does not."""
        return self.roll_call.board


@dataclass(frozen=True, slots=True)
class PlaceFindings:
    """What follows from a look.

    Attributes:
        alerts: What to raise, about whom (None for all), and about which place.
        ends_status: One's own status ended by arriving.
        stop: Where the group is to meet, in degrees, now that the lead stands.
        hazards: Those that one is to be told of.
    """

    alerts: Sequence[tuple[AlertKind, int | None, int]] = ()
    ends_status: bool = False
    stop: tuple[float, float] | None = None
    hazards: Sequence[int] = ()


def judge_places(
    before: PlaceMemory, scene: PlaceScene, riding: Riding, *, last: Fix | None
) -> tuple[PlaceMemory, PlaceFindings]:
    """Looks at the places of a session.

    Args:
        before: What was remembered.
        scene: What is to be seen.
        riding: One's motion, with the newest fix that counts.
        last: The fix that counted before; the same where there is no newer one.

    Returns:
        What to remember, and what is to be done.
    """
    paces = {
        one.id: pace.follow(before.paces.get(one.id, Pace()), one.fix)
        for one in scene.people.people
        if one.role is not Role.VIEWER and one.fix is not None
    }
    called, told, ends_status = roll_call.look(before.roll_call, scene, paces)
    stop, meets_at = next_stop.look(before.next_stop, riding, scene)
    seen, ahead, passed = hazards.look(before.hazards, riding, scene, last=last)
    meeting = scene.meeting_place
    alerts = [
        *((kind, who, meeting.place) for kind, who in told if meeting is not None),
        *((AlertKind.HAZARD_GONE, None, hazard) for hazard in passed),
    ]
    return PlaceMemory(paces, called, stop, seen), PlaceFindings(alerts, ends_status, meets_at, ahead)
