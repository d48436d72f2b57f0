"""What is up with somebody: on a break, at a pump, in trouble, late, ready, going home."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Annotated, ClassVar, Final

from cavalcade.domain.errors import ErrorCode, Rejected
from cavalcade.domain.feature import SHARERS, Change, Command, Feature, Issuer, Situation, member
from cavalcade.domain.fields import OneOf
from cavalcade.domain.kept import Kept
from cavalcade.domain.model import Participant, ParticipantId, Role, SessionState, Somebody, Time

GOING_HOME_MS: Final = 4 * 3_600_000
"""How long somebody may be going home; then they are taken to be there."""


class Status(StrEnum):
    """What somebody may say of themselves, in words that every reader sees in their own language."""

    BREAK = "break"
    FUEL = "fuel"
    PROBLEM = "problem"
    LATE = "late"
    READY = "ready"
    GOING_HOME = "going_home"


@dataclass(frozen=True, slots=True)
class PersonStatus(Kept):
    """The status of a participant.

    Attributes:
        status: Which; None for none.
        since: Since when, ms since the epoch; 0 where there is none.
    """

    key: ClassVar[str] = "status"
    status: Status | None = None
    since: Time = 0


@dataclass(frozen=True, slots=True)
class StatusChanged(Change):
    """Somebody has another status, or none any more."""

    type: ClassVar[str] = "status_changed"
    meaning: ClassVar[str] = "stands in the participant's `features.status`; `status` is null for none"
    participant: ParticipantId
    status: Status | None
    since: Time

    def evolve(self, state: SessionState) -> SessionState:
        """It stands until it is changed."""
        kept = PersonStatus() if self.status is None else PersonStatus(self.status, self.since)
        return state.with_changed(self.participant, lambda p: replace(p, features=p.features.put(kept)))


@dataclass(frozen=True, slots=True)
class SetStatus(Command):
    """Say what is up with oneself, or take it back.

    Attributes:
        status: Which; None for none.
        participant: Whose; a host says of others that they are going home, and takes that back.
    """

    operation: ClassVar[str | None] = "status:set"
    meaning: ClassVar[str] = (
        "say what is up with oneself; without a `status`, nothing any more. A host may set and take back `going_home`"
        " for others"
    )
    roles: ClassVar[frozenset[Role]] = SHARERS
    refusal: ClassVar[str] = "A viewer has no status."
    status: Annotated[Status | None, OneOf(Status)] = None
    participant: Somebody = None

    def decide(self, me: Participant, situation: Situation) -> list[Change]:
        """A status, where it was another one."""
        whose = me if self.participant is None else member(situation.state, self.participant)
        before = whose.features.of(PersonStatus).status
        if whose.id != me.id:
            if me.role is not Role.HOST:
                raise Rejected(ErrorCode.FORBIDDEN, "Only the host may say of others that they are going home.")
            if Status.GOING_HOME not in (before, self.status) or (self.status or before) is not Status.GOING_HOME:
                raise Rejected(ErrorCode.FORBIDDEN, "Of others, the host may only say that they are going home.")
        return [] if before is self.status else [StatusChanged(whose.id, self.status, situation.now)]


@dataclass(frozen=True, slots=True)
class EndGoingHome(Command):
    """End what nobody takes back, by the system: those who went home are there after some hours."""

    issuer: ClassVar[Issuer] = Issuer.SYSTEM

    @classmethod
    def due(cls, state: SessionState) -> int | None:
        """When the first of them is taken to be there."""
        return min((at for person in state.participants.values() if (at := _home_at(person)) is not None), default=None)

    def decide_alone(self, situation: Situation) -> list[Change]:
        """They have no status any more."""
        now = situation.now
        people = situation.state.participants.values()
        there = [person.id for person in people if (at := _home_at(person)) is not None and at <= now]
        return [StatusChanged(who, None, now) for who in there]


def _home_at(person: Participant) -> int | None:
    kept = person.features.of(PersonStatus)
    return kept.since + GOING_HOME_MS if kept.status is Status.GOING_HOME else None


FEATURE: Final = Feature(
    commands=(SetStatus, EndGoingHome),
    changes=(StatusChanged,),
    participant=PersonStatus,
    asked=(
        ("status:set", {"status": "fuel"}, SetStatus(Status.FUEL)),
        ("status:set", {"status": None}, SetStatus()),
        ("status:set", {"status": "going_home", "participant": 2}, SetStatus(Status.GOING_HOME, 2)),
    ),
    refused=(
        ("status:set", {"status": "asleep"}, ("/status",)),
        ("status:set", {"status": 1, "participant": 0}, ("/status", "/participant")),
        ("status:set", {"since": 5}, ("/since",)),
    ),
    happened=(
        (
            StatusChanged(2, Status.FUEL, 1_800_000_000_000),
            {"participant": 2, "status": "fuel", "since": 1_800_000_000_000},
        ),
        (
            StatusChanged(2, None, 1_800_000_000_000),
            {"participant": 2, "status": None, "since": 1_800_000_000_000},
        ),
    ),
)
