"""Pausing and resuming one's position."""

from dataclasses import dataclass, replace
from typing import Annotated, ClassVar, Final

from cavalcade.domain.feature import SHARERS, Change, Command, Effects, Feature, Situation
from cavalcade.domain.fields import Boolean
from cavalcade.domain.model import Participant, ParticipantId, Role, SessionState


@dataclass(frozen=True, slots=True)
class SharingChanged(Change):
    """Somebody paused or resumed sharing."""

    type: ClassVar[str] = "sharing_changed"
    meaning: ClassVar[str] = "off withdraws the position everywhere at once"
    participant: ParticipantId
    on: bool

    def evolve(self, state: SessionState) -> SessionState:
        """They share, or do not."""
        return state.with_changed(self.participant, lambda p: replace(p, sharing=self.on))

    def effects(self) -> Effects:
        """A pause withdraws the position.

        Who resumes starts with nothing, too: the process that stored their pause may have died before it withdrew.
        """
        return Effects(withdraws=None if self.on else self.participant, starts_over=self.participant)


@dataclass(frozen=True, slots=True)
class SetSharing(Command):
    """Pause or resume sharing."""

    operation: ClassVar[str | None] = "sharing:set"
    meaning: ClassVar[str] = "pause or resume sharing"
    roles: ClassVar[frozenset[Role]] = SHARERS
    refusal: ClassVar[str] = "A viewer shares no position."
    on: Annotated[bool, Boolean()]

    def decide(self, me: Participant, situation: Situation) -> list[Change]:  # noqa: ARG002
        """On or off, where it was not so."""
        return [] if me.sharing == self.on else [SharingChanged(me.id, self.on)]


def shares(state: SessionState, participant: int) -> bool:
    """Whether somebody's positions are shown now."""
    person = state.participants.get(participant)
    return person is not None and person.sharing and person.role is not Role.VIEWER


FEATURE: Final = Feature(
    commands=(SetSharing,),
    changes=(SharingChanged,),
    asked=(
        ("sharing:set", {"on": True}, SetSharing(on=True)),
        ("sharing:set", {"on": False}, SetSharing(on=False)),
    ),
    refused=(
        ("sharing:set", {}, ("/on",)),
        ("sharing:set", {"on": 1}, ("/on",)),
        ("sharing:set", {"on": "true"}, ("/on",)),
    ),
    happened=(
        (SharingChanged(2, on=False), {"participant": 2, "on": False}),
        (SharingChanged(2, on=True), {"participant": 2, "on": True}),
    ),
)
