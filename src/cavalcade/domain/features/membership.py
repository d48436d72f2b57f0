"""Coming and going."""

from dataclasses import dataclass, replace
from typing import Annotated, ClassVar, Final

from cavalcade.domain import names
from cavalcade.domain.errors import ErrorCode, Rejected
from cavalcade.domain.feature import Change, Command, Effects, Feature, Issuer, Situation
from cavalcade.domain.features.hosting import HostChanged
from cavalcade.domain.model import MAX_PARTICIPANT_ID, Participant, ParticipantId, Role, SessionState

LEFT: Final = "left"


@dataclass(frozen=True, slots=True)
class ParticipantJoined(Change):
    """Somebody came in."""

    type: ClassVar[str] = "participant_joined"
    participant: Participant

    def evolve(self, state: SessionState) -> SessionState:
        """They are in it."""
        joined = self.participant
        people = {**state.participants, joined.id: joined}
        return replace(state, participants=people, next_participant=max(state.next_participant, joined.id + 1))

    def effects(self) -> Effects:
        """They are admitted."""
        return Effects(admits=self.participant.id)


@dataclass(frozen=True, slots=True)
class ParticipantLeft(Change):
    """Somebody is gone for good."""

    type: ClassVar[str] = "participant_left"
    meaning: ClassVar[str] = "the position is withdrawn, and their question for time"
    participant: ParticipantId
    reason: str

    def evolve(self, state: SessionState) -> SessionState:
        """Nothing of theirs stays."""
        session = state.session
        if session.time_asked_by == self.participant:
            session = replace(session, time_asked_by=None)
        people = {k: p for k, p in state.participants.items() if k != self.participant}
        return replace(state, session=session, participants=people)

    def effects(self) -> Effects:
        """Their position disappears and their connections end."""
        return Effects(dismisses=self.participant, withdraws=self.participant)


@dataclass(frozen=True, slots=True)
class Join(Command):
    """Come in, as a member or as a viewer. Without a host the next member to join becomes host."""

    issuer: ClassVar[Issuer] = Issuer.NEWCOMER
    role: Role = Role.MEMBER
    name: Annotated[str | None, names.NAME] = None
    color: Annotated[str | None, names.COLOR] = None

    def decide_alone(self, situation: Situation) -> list[Change]:
        """One more participant, with defaults for what was left out."""
        state = situation.state
        if len(state.participants) >= state.max_participants:
            raise Rejected(ErrorCode.SESSION_FULL, f"This session already has {state.max_participants} people in it.")
        role = self.role
        if role is Role.VIEWER:
            viewers = sum(each.role is Role.VIEWER for each in state.participants.values())
            if viewers >= state.max_participants // 2:
                raise Rejected(ErrorCode.SESSION_FULL, "Enough people watch this session; members can still join.")
        number = state.next_participant
        if number > MAX_PARTICIPANT_ID:
            raise Rejected(ErrorCode.SESSION_FULL, "Too many people have come and gone in this session.")
        if role is not Role.VIEWER:
            role = Role.HOST if state.host is None else Role.MEMBER
        name = self.name or names.default_participant_name(number)
        participant = Participant(
            id=number,
            name=name,
            initials=names.initials(name),
            color=self.color or names.default_color(number),
            role=role,
            sharing=role is not Role.VIEWER,
            joined_at=situation.now,
        )
        return [ParticipantJoined(participant)]


@dataclass(frozen=True, slots=True)
class Leave(Command):
    """Go for good."""

    operation: ClassVar[str | None] = "leave"
    meaning: ClassVar[str] = "gone for good"
    finishes: ClassVar[bool] = True

    def decide(self, me: Participant, situation: Situation) -> list[Change]:
        """They are gone; where they were host, the member who has been there longest follows them."""
        changes: list[Change] = [ParticipantLeft(me.id, LEFT)]
        if me.role is Role.HOST:
            members = [p for p in situation.state.participants.values() if p.role is Role.MEMBER]
            if members:
                changes.append(HostChanged(min(members, key=lambda p: (p.joined_at, p.id)).id))
        return changes


FEATURE: Final = Feature(
    commands=(Join, Leave),
    changes=(ParticipantJoined, ParticipantLeft),
    asked=(("leave", {}, Leave()),),
    refused=(("leave", {"reason": "bored"}, ("/reason",)),),
    happened=(
        (
            ParticipantJoined(Participant(2, "Zoë", "Z", "#e5484d", Role.MEMBER, sharing=True, joined_at=1_800_000)),
            {
                "participant": {
                    "id": 2,
                    "name": "Zoë",
                    "initials": "Z",
                    "color": "#e5484d",
                    "role": "member",
                    "sharing": True,
                    "joined_at": 1_800_000,
                }
            },
        ),
        (ParticipantLeft(2, LEFT), {"participant": 2, "reason": "left"}),
    ),
)
