"""Calling the roll where the group meets: who arrives and departs is told by themselves, all here by one of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from cavalcade.client.motion.scene import Person, Scene
from cavalcade.client.motion.silence import RANK_MS, rank
from cavalcade.client.place_rules import approach as approaches
from cavalcade.client.place_rules import presence as presences
from cavalcade.client.place_rules.approach import Approach
from cavalcade.client.place_rules.board import Board, Known, board
from cavalcade.client.place_rules.pace import Pace
from cavalcade.client.place_rules.presence import Presence
from cavalcade.client.place_rules.scene import PlaceScene, metres_to
from cavalcade.domain.features.alerts import AT_PLACES, Alert, AlertKind
from cavalcade.domain.features.places import Place
from cavalcade.domain.features.statuses import Status
from cavalcade.domain.model import Role

GONE_FOR_MS: Final = 65_000
"""Who has been away for so long does not tell of themselves; the server wants 60 s."""


@dataclass(frozen=True, slots=True)
class Attendance:
    """What is remembered of somebody whom the group awaits. Times are in ms since the epoch on the server's clock.

    Attributes:
        presence: Whether they are there.
        approach: Whether they come.
        is_told: The group was told that they are there.
        told_at: When it was last told of them; 0 for never.
        asked_at: When one last tried to tell it; None where one did not, or it came.
        gone_since: Since when they have not been connected; None while they are.
    """

    presence: Presence = field(default_factory=Presence)
    approach: Approach = field(default_factory=Approach)
    is_told: bool = False
    told_at: int = 0
    asked_at: int | None = None
    gone_since: int | None = None


@dataclass(frozen=True, slots=True)
class RollCall:
    """What is remembered of a roll call.

    Attributes:
        place: Where the group meets; None where it does not.
        called_at: When it was called together.
        people: By participant.
        complete_since: Since when all have been there; None while they are not.
        asked_at: When one last tried to tell that they are.
        board: Who is there; None where the group does not meet.
    """

    place: Place | None = None
    called_at: int = 0
    people: Mapping[int, Attendance] = field(default_factory=dict)
    complete_since: int | None = None
    asked_at: int | None = None
    board: Board | None = None


def look(
    before: RollCall, scene: PlaceScene, paces: Mapping[int, Pace]
) -> tuple[RollCall, Sequence[tuple[AlertKind, int | None]], bool]:
    """Looks at who is there.

    Args:
        before: What was remembered.
        scene: What is to be seen.
        paces: How fast everybody rides.

    Returns:
        What to remember, what to tell and about whom (None for all), and whether one's own status ends by arriving.
    """
    place, call, seen = scene.meeting_place, scene.call, scene.people
    if place is None or call is None:
        return RollCall(), [], False
    if not _is_same(before, place, call.at):
        before = RollCall(place, call.at)
    told = _told(place, seen)
    people = {
        one.id: _attend(before.people.get(one.id, Attendance()), one, place, seen, told.get(one.id))
        for one in seen.people
        if one.role is not Role.VIEWER
    }
    due = [one for one in seen.people if one.id in people and _is_due(people[one.id], one, seen)]
    ends_status = any(_ends_status(people[one.id], one) for one in due if one.id == seen.me)
    alerts: list[tuple[AlertKind, int | None]] = [
        (AlertKind.ARRIVAL if people[one.id].presence.is_here else AlertKind.DEPARTURE, one.id) for one in due
    ]
    people |= {one.id: replace(people[one.id], asked_at=seen.now) for one in due}
    known = {who: Known(one.presence, one.approach, paces.get(who, Pace())) for who, one in people.items()}
    after = replace(before, place=place, people=people, board=board(place, known, seen))
    after, is_all_here = _count(after, seen)
    return after, [*alerts, *([(AlertKind.ALL_HERE, None)] if is_all_here else [])], ends_status


def _is_same(before: RollCall, place: Place, called_at: int) -> bool:
    """Whether what is remembered is of this call, and of the place where it still is."""
    known = before.place
    return (
        known is not None
        and before.called_at == called_at
        and (known.place, known.lat, known.lon, known.radius_m) == (place.place, place.lat, place.lon, place.radius_m)
    )


def _told(place: Place, scene: Scene) -> Mapping[int, Alert]:
    """The newest that was told of each person at a place."""
    told = [one for one in scene.alerts if one.place == place.place and one.kind in AT_PLACES]
    return {one.participant: one for one in told if one.participant is not None}


def _attend(known: Attendance, one: Person, place: Place, scene: Scene, told: Alert | None) -> Attendance:
    presence, approach = known.presence, known.approach
    if one.fix is not None:
        presence = presences.follow(presence, one.fix, place)
        approach = approaches.follow(approach, metres_to(place, one.fix))
    is_told, told_at, asked_at = known.is_told, known.told_at, known.asked_at
    if told is not None and told.at > told_at:
        is_told, told_at, asked_at = told.kind is AlertKind.ARRIVAL, told.at, None
        if one.id != scene.me:
            # They know best: what they told of themselves counts.
            presence = presences.arrive(presence, told.at) if is_told else presences.depart(presence)
    is_connected = one.is_connected or one.id == scene.me or not scene.is_listening
    gone_since = None if is_connected else known.gone_since or scene.now
    return Attendance(presence, approach, is_told, told_at, asked_at, gone_since)


def _is_due(known: Attendance, one: Person, scene: Scene) -> bool:
    """Whether one is to tell now that somebody is there, or is not any more."""
    if known.presence.is_here is known.is_told or not scene.is_listening or one.status is Status.GOING_HOME:
        return False
    if not scene.may_ask(known.asked_at):
        return False
    if one.id == scene.me:
        return True
    mine = rank(scene)
    if known.gone_since is None or mine is None:
        return False
    return scene.now - known.gone_since >= GONE_FOR_MS + mine * RANK_MS


def _ends_status(known: Attendance, me: Person) -> bool:
    """Who was late is not any more; who was ready to leave has left and come."""
    if not known.presence.is_here or known.asked_at is not None:
        return False
    return me.status is Status.LATE or (me.status is Status.READY and known.presence.was_outside)


def _count(roll_call: RollCall, scene: Scene) -> tuple[RollCall, bool]:
    """Whether one is to tell now that all are there: the first in line, where it has not come the next ones."""
    if roll_call.board is None or not roll_call.board.is_complete or not scene.is_listening:
        return replace(roll_call, complete_since=None), False
    since = scene.now if roll_call.complete_since is None else roll_call.complete_since
    after, mine = replace(roll_call, complete_since=since), rank(scene)
    if mine is None or scene.now - since < mine * RANK_MS:
        return after, False
    if not scene.may_ask(after.asked_at):
        return after, False
    return replace(after, asked_at=scene.now), True
