"""Hazards: places that end by themselves, once they are old, denied, or behind everybody."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Final

from cavalcade.domain.feature import SHARERS, Bound, Change, Command, Feature, Issuer, Situation
from cavalcade.domain.features.alerts import AlertKind, AlertRaised
from cavalcade.domain.features.places import (
    RATES,
    AddPlace,
    Place,
    PlaceKind,
    check_hazard,
    find,
    named_or_gone,
    places,
    removal,
    with_changed,
)
from cavalcade.domain.model import EventOffset, Participant, ParticipantId, Role, SessionState

LASTS_MS: Final = 2 * 3_600_000
"""How long a hazard stands."""

ENOUGH: Final = 2
"""How many people who say that it is not there take a hazard away."""


@dataclass(frozen=True, slots=True)
class HazardDenied(Change):
    """Somebody came by, and there was nothing."""

    type: ClassVar[str] = "hazard_denied"
    meaning: ClassVar[str] = "who says that it is not there; the second takes it away"
    place: EventOffset
    participant: ParticipantId

    def evolve(self, state: SessionState) -> SessionState:
        """They stand among those who say so."""

        def deny(place: Place) -> Place:
            return replace(place, gone=tuple(sorted({*place.gone, self.participant})))

        return with_changed(state, self.place, deny)


@dataclass(frozen=True, slots=True)
class DenyHazard(Command):
    """Say that a hazard is not there."""

    operation: ClassVar[str | None] = "hazard:gone"
    meaning: ClassVar[str] = "say that a hazard is not there; the second person who says so removes it"
    roles: ClassVar[frozenset[Role]] = SHARERS
    refusal: ClassVar[str] = "A viewer says nothing of hazards."
    rates: ClassVar[tuple[Bound, ...]] = RATES
    place: EventOffset

    def decide(self, me: Participant, situation: Situation) -> list[Change]:
        """That they say so, and the end where others did already; nothing where it is gone."""
        place = named_or_gone(situation.state, self.place)
        if place is None:
            return []
        check_hazard(place)
        if me.id in place.gone:
            return []
        denied = HazardDenied(place.place, me.id)
        return [denied, removal(place, None)] if len(place.gone) + 1 >= ENOUGH else [denied]


@dataclass(frozen=True, slots=True)
class EndHazards(Command):
    """End hazards that are old, by the system."""

    issuer: ClassVar[Issuer] = Issuer.SYSTEM

    @classmethod
    def due(cls, state: SessionState) -> int | None:
        """When the oldest has stood for long enough."""
        return min((one.at + LASTS_MS for one in places(state) if one.kind is PlaceKind.HAZARD), default=None)

    def decide_alone(self, situation: Situation) -> list[Change]:
        """They are gone."""
        hazards = (one for one in places(situation.state) if one.kind is PlaceKind.HAZARD)
        return [removal(one, None) for one in hazards if one.at + LASTS_MS <= situation.now]


def follows(state: SessionState, change: Change) -> Sequence[Change]:
    """The end of a hazard that all have passed."""
    if not isinstance(change, AlertRaised) or change.kind is not AlertKind.HAZARD_GONE:
        return ()
    place = find(state, change.place)
    return () if place is None else (removal(place, None),)


FEATURE: Final = Feature(
    commands=(DenyHazard, EndHazards),
    changes=(HazardDenied,),
    follows=follows,
    asked=(
        ("hazard:gone", {"place": 4}, DenyHazard(4)),
        ("hazard:gone", {"place": 5}, DenyHazard(5)),
        ("place:add", {"kind": "hazard", "lat": 47.66, "lon": 9.18}, AddPlace(PlaceKind.HAZARD, 47.66, 9.18)),
    ),
    refused=(("hazard:gone", {"place": None, "participant": 2}, ("/place", "/participant")),),
    happened=((HazardDenied(4, 2), {"place": 4, "participant": 2}),),
)
