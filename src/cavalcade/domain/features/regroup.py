"""Regrouping: the group is called together, at a place or at the next stop; one call at a time."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import ClassVar, Final

from cavalcade.domain.errors import ErrorCode, FieldError, Rejected
from cavalcade.domain.feature import SHARERS, Bound, Change, Command, Feature, Situation
from cavalcade.domain.features.alerts import AlertKind, AlertRaised, with_all_awaited
from cavalcade.domain.features.places import (
    AddPlace,
    Latitude,
    Longitude,
    PlaceAdded,
    PlaceKind,
    PlaceRemoved,
    SomePlace,
    check_room,
    checked,
    named,
)
from cavalcade.domain.features.posts import PersonPost, Post
from cavalcade.domain.fields import reject
from cavalcade.domain.kept import Kept
from cavalcade.domain.model import Participant, ParticipantId, Role, SessionState, Somebody, Time

OF_ONE: Final = Bound("regroup", ((6, 10), (40, 300)), "Too many calls in a short time; wait a moment.")


class RegroupEnd(StrEnum):
    """Why a call to regroup is over."""

    BY_HAND = "by_hand"
    ALL_HERE = "all_here"


@dataclass(frozen=True, slots=True)
class Regroup(Kept):
    """The call that stands; nothing where none does.

    Attributes:
        place: Where; None for the next stop, whose place is not known yet.
        by: Who called.
        at: When, ms since the epoch.
    """

    key: ClassVar[str] = "regroup"
    place: SomePlace = None
    by: Somebody = None
    at: Time = 0


@dataclass(frozen=True, slots=True)
class RegroupCalled(Change):
    """The group is to meet."""

    type: ClassVar[str] = "regroup_called"
    meaning: ClassVar[str] = (
        "at which place, null for the next stop, and who called; it stands in `features.regroup`, in the place of an"
        " earlier call"
    )
    place: SomePlace
    participant: ParticipantId
    at: Time

    def evolve(self, state: SessionState) -> SessionState:
        """It stands, and all are awaited there, also where they were there before."""
        features = state.features.put(Regroup(self.place, self.participant, self.at))
        state = replace(state, features=features)
        return state if self.place is None else with_all_awaited(state, self.place)


@dataclass(frozen=True, slots=True)
class RegroupEnded(Change):
    """The call is over."""

    type: ClassVar[str] = "regroup_ended"
    meaning: ClassVar[str] = "`by_hand`, also where its place was removed, or because `all_here`; then nobody ended it"
    by: Somebody
    reason: RegroupEnd

    def evolve(self, state: SessionState) -> SessionState:
        """None stands."""
        return replace(state, features=state.features.put(Regroup()))


@dataclass(frozen=True, slots=True)
class CallRegroup(Command):
    """Call the group together.

    Attributes:
        place: Where; None for the next stop.
    """

    operation: ClassVar[str | None] = "regroup:call"
    meaning: ClassVar[str] = (
        "call the group together at a place, or without a `place` at the next stop, by a host and who leads; it takes"
        " the place of an earlier call"
    )
    roles: ClassVar[frozenset[Role]] = SHARERS
    refusal: ClassVar[str] = "A viewer does not call the group."
    rates: ClassVar[tuple[Bound, ...]] = (OF_ONE,)
    place: SomePlace = None

    def decide(self, me: Participant, situation: Situation) -> list[Change]:
        """A call, where the same does not stand."""
        _check_leads(me)
        if self.place is not None and named(situation.state, self.place).kind is PlaceKind.HAZARD:
            reject(FieldError("/place", "must not be a hazard"))
        before = standing(situation.state)
        if before is not None and before.place == self.place:
            return []
        return [RegroupCalled(self.place, me.id, situation.now)]


@dataclass(frozen=True, slots=True)
class PlaceRegroup(Command):
    """Say where the next stop is, once it is known.

    Attributes:
        lat: Degrees north, where the lead stands.
        lon: Degrees east.
    """

    operation: ClassVar[str | None] = "regroup:place"
    meaning: ClassVar[str] = (
        "say where the next stop is, by a host and who leads: a place to `meet` is added there, and the call is for it;"
        " changes nothing where no call waits for a place"
    )
    roles: ClassVar[frozenset[Role]] = SHARERS
    refusal: ClassVar[str] = "A viewer does not call the group."
    rates: ClassVar[tuple[Bound, ...]] = (OF_ONE,)
    lat: Latitude
    lon: Longitude

    def decide(self, me: Participant, situation: Situation) -> list[Change]:
        """The place, and the call for it."""
        _check_leads(me)
        state, now = situation.state, situation.now
        lat, lon = checked(self.lat, self.lon)
        before = standing(state)
        if before is None or before.place is not None:
            return []
        check_room(state)
        added = PlaceAdded(me.id, PlaceKind.MEET, lat, lon, None, None, None, now)
        return [added, RegroupCalled(state.offset + 1, me.id, now)]


@dataclass(frozen=True, slots=True)
class EndRegroup(Command):
    """End the call, by hand."""

    operation: ClassVar[str | None] = "regroup:end"
    meaning: ClassVar[str] = "end the call, by a host and who leads; changes nothing where none stands"
    roles: ClassVar[frozenset[Role]] = SHARERS
    refusal: ClassVar[str] = "A viewer does not call the group."
    rates: ClassVar[tuple[Bound, ...]] = (OF_ONE,)

    def decide(self, me: Participant, situation: Situation) -> list[Change]:
        """The end; nothing where somebody was faster."""
        _check_leads(me)
        return [] if standing(situation.state) is None else [RegroupEnded(me.id, RegroupEnd.BY_HAND)]


def standing(state: SessionState) -> Regroup | None:
    """The call that stands, if one does."""
    kept = state.features.of(Regroup)
    return None if kept.by is None else kept


def may_call(me: Participant) -> bool:
    """Whether somebody may call the group together: hosts and who leads may."""
    return me.role is Role.HOST or me.features.of(PersonPost).post is Post.LEAD


def follows(state: SessionState, change: Change) -> Sequence[Change]:
    """The end of the call where its place goes, or all are there."""
    call = standing(state)
    match change:
        case PlaceRemoved(place=place, by=by):
            end = RegroupEnded(by, RegroupEnd.BY_HAND)
        case AlertRaised(kind=AlertKind.ALL_HERE, place=place):
            end = RegroupEnded(None, RegroupEnd.ALL_HERE)
        case _:
            return ()
    return (end,) if call is not None and place is not None and call.place == place else ()


def _check_leads(me: Participant) -> None:
    if not may_call(me):
        raise Rejected(ErrorCode.FORBIDDEN, "Only the host and who leads may call the group together.")


FEATURE: Final = Feature(
    commands=(CallRegroup, PlaceRegroup, EndRegroup),
    changes=(RegroupCalled, RegroupEnded),
    session=Regroup,
    follows=follows,
    asked=(
        ("regroup:call", {}, CallRegroup()),
        ("regroup:call", {"place": 4}, CallRegroup(4)),
        ("regroup:place", {"lat": 47.66, "lon": 9.18}, PlaceRegroup(47.66, 9.18)),
        ("regroup:end", {}, EndRegroup()),
        ("place:add", {"kind": "meet", "lat": 47.66, "lon": 9.18}, AddPlace(PlaceKind.MEET, 47.66, 9.18)),
    ),
    refused=(
        ("regroup:call", {"place": 0, "by": 1}, ("/place", "/by")),
        ("regroup:place", {"lat": -90.5, "kind": "meet"}, ("/lat", "/lon", "/kind")),
        ("regroup:end", {"reason": "all_here"}, ("/reason",)),
    ),
    happened=(
        (RegroupCalled(4, 1, 1_800_000_000_000), {"place": 4, "participant": 1, "at": 1_800_000_000_000}),
        (RegroupCalled(None, 2, 1_800_000_000_000), {"place": None, "participant": 2, "at": 1_800_000_000_000}),
        (RegroupEnded(1, RegroupEnd.BY_HAND), {"by": 1, "reason": "by_hand"}),
        (RegroupEnded(None, RegroupEnd.ALL_HERE), {"by": None, "reason": "all_here"}),
    ),
)
