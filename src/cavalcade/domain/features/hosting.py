"""Who is host."""

from dataclasses import dataclass, replace
from typing import ClassVar, Final, Self

from cavalcade.domain.feature import SHARERS, Change, Command, Feature, Situation, require_away
from cavalcade.domain.model import Participant, ParticipantId, Role, SessionState


@dataclass(frozen=True, slots=True)
class HostChanged(Change):
    """Somebody became host."""

    type: ClassVar[str] = "host_changed"
    meaning: ClassVar[str] = "who was host before is a member"
    participant: ParticipantId

    def evolve(self, state: SessionState) -> SessionState:
        """One host, and no other."""
        old = state.host
        if old is not None:
            state = state.with_changed(old.id, lambda p: replace(p, role=Role.MEMBER))
        return state.with_changed(self.participant, lambda p: replace(p, role=Role.HOST))


@dataclass(frozen=True, slots=True)
class ClaimHost(Command):
    """Take over from a host who has been away.

    Attributes:
        host_seen_at: When the host was last connected, ms since the epoch: `now` while they are. The backend knows it,
            never the client; None where nobody has ever seen the host connected.
    """

    operation: ClassVar[str | None] = "host:claim"
    meaning: ClassVar[str] = "become host while the host is away"
    roles: ClassVar[frozenset[Role]] = SHARERS
    refusal: ClassVar[str] = "A viewer cannot become host."
    host_seen_at: int | None = None

    def concerns(self, state: SessionState) -> int | None:
        """The host."""
        return None if state.host is None else state.host.id

    def informed(self, seen_at: int | None) -> Self:
        """With when the host was last connected."""
        return replace(self, host_seen_at=seen_at)

    def decide(self, me: Participant, situation: Situation) -> list[Change]:
        """A new host, where the old one has been away for long enough."""
        if me.role is Role.HOST:
            return []
        host = situation.state.host
        if host is not None:
            require_away(host, self.host_seen_at, situation, "The host")
        return [HostChanged(me.id)]


FEATURE: Final = Feature(
    commands=(ClaimHost,),
    changes=(HostChanged,),
    asked=(("host:claim", {}, ClaimHost()),),
    refused=(("host:claim", {"host_seen_at": 0}, ("/host_seen_at",)),),
    happened=((HostChanged(2), {"participant": 2}),),
)
