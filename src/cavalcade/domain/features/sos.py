"""SOS: an alarm to the group that stands until it is cleared, and comes again while nobody helps.

Where somebody lies is stored only while their SOS is open: what ends it scrubs what raised it.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Annotated, ClassVar, Final

from cavalcade.domain.audience import MEMBERS
from cavalcade.domain.errors import ErrorCode, FieldError, Rejected
from cavalcade.domain.feature import SHARERS, Change, Command, Effects, Feature, Issuer, Situation, member
from cavalcade.domain.features.sharing import SharingChanged
from cavalcade.domain.fields import Number, OneOf, reject
from cavalcade.domain.fix import exact_place
from cavalcade.domain.kept import Kept
from cavalcade.domain.model import EventOffset, Participant, ParticipantId, Role, SessionState, Somebody, Time

SAME_MS: Final = 60_000
"""For how long after an SOS another one for the same person is the same."""

MAX_FOR_OTHERS: Final = 20
"""How many open SOS of a session may have been raised for others. One's own can always be raised."""

AGAIN, CALL = 1, 2
"""The stages after an SOS was raised: the alarm comes again; nobody has answered, so the group is told to call."""


class SosKind(StrEnum):
    """What is wrong."""

    INJURED = "injured"
    BREAKDOWN = "breakdown"
    LOST = "lost"
    OTHER = "other"


class SosAnswer(StrEnum):
    """What somebody does about an SOS: ride there, not ride there, or call for help."""

    GOING = "going"
    STAYING = "staying"
    CALLING = "calling"


class SosEnd(StrEnum):
    """Why an SOS is over."""

    SOLVED = "solved"
    FALSE_ALARM = "false_alarm"
    LEFT = "left"


class SosReason(StrEnum):
    """Why somebody clears an SOS."""

    SOLVED = "solved"
    FALSE_ALARM = "false_alarm"


@dataclass(frozen=True, slots=True)
class Sos:
    """An open SOS.

    Attributes:
        sos: The offset of the event that raised it.
        participant: For whom.
        by: Who raised it.
        kind: What is wrong.
        lat: Degrees north, where they are; None where it was not known.
        lon: Degrees east.
        at: When it was raised, ms since the epoch.
        again_at: When it is alarmed again unless somebody goes there, ms since the epoch.
        call_at: When the group is told to call unless somebody goes there or calls, ms since the epoch.
        stage: 0 until it was alarmed again, then the newest stage.
        answers: By the participant's id, the newest answer of each.
    """

    sos: int
    participant: ParticipantId
    by: ParticipantId
    kind: SosKind
    lat: float | None
    lon: float | None
    at: Time
    again_at: Time
    call_at: Time
    stage: int = 0
    answers: Mapping[str, SosAnswer] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class OpenSos(Kept):
    """The SOS that are open, by offset: at most one for each person."""

    key: ClassVar[str] = "sos"
    audience: ClassVar[str | None] = MEMBERS
    open: tuple[Sos, ...] = ()


@dataclass(frozen=True, slots=True)
class SosRaised(Change):
    """Somebody needs help."""

    type: ClassVar[str] = "sos_raised"
    meaning: ClassVar[str] = (
        "for whom, who raised it, where they are if that was known, and when it escalates; its offset names the SOS."
        " It stands in `features.sos`, in the place of the one that it `replaces`"
    )
    participant: ParticipantId
    by: ParticipantId
    kind: SosKind
    lat: float | None
    lon: float | None
    at: Time
    again_at: Time
    call_at: Time
    replaces: int | None = None

    def evolve(self, state: SessionState) -> SessionState:
        """It is open."""
        sos = Sos(
            sos=state.offset + 1,
            participant=self.participant,
            by=self.by,
            kind=self.kind,
            lat=self.lat,
            lon=self.lon,
            at=self.at,
            again_at=self.again_at,
            call_at=self.call_at,
        )
        return _with_open(state, (*(one for one in standing(state) if one.sos != self.replaces), sos))

    def effects(self) -> Effects:
        """Viewers do not learn of it; what an earlier SOS said goes."""
        return Effects(audience=MEMBERS, scrubs=() if self.replaces is None else (self.replaces,))


@dataclass(frozen=True, slots=True)
class SosEscalated(Change):
    """Nobody helps yet."""

    type: ClassVar[str] = "sos_escalated"
    meaning: ClassVar[str] = "by the system: at stage 1 it is alarmed again; at stage 2 nobody goes or calls, so call"
    sos: int
    stage: int

    def evolve(self, state: SessionState) -> SessionState:
        """It has reached the stage."""
        return _with_changed(state, self.sos, lambda one: replace(one, stage=self.stage))

    def effects(self) -> Effects:
        """Viewers do not learn of it."""
        return Effects(audience=MEMBERS)


@dataclass(frozen=True, slots=True)
class SosAnswered(Change):
    """Somebody says what they do about an SOS."""

    type: ClassVar[str] = "sos_answered"
    meaning: ClassVar[str] = "of each person the newest answer counts"
    sos: int
    participant: ParticipantId
    answer: SosAnswer

    def evolve(self, state: SessionState) -> SessionState:
        """It stands in the place of their earlier answer."""
        answer = {str(self.participant): self.answer}
        return _with_changed(state, self.sos, lambda one: replace(one, answers={**one.answers, **answer}))

    def effects(self) -> Effects:
        """Viewers do not learn of it."""
        return Effects(audience=MEMBERS)


@dataclass(frozen=True, slots=True)
class SosCleared(Change):
    """An SOS is over."""

    type: ClassVar[str] = "sos_cleared"
    meaning: ClassVar[str] = "`solved`, `false_alarm`, or `left` where the person left; what the SOS said is scrubbed"
    sos: int
    reason: SosEnd

    def evolve(self, state: SessionState) -> SessionState:
        """It is not open any more."""
        return _with_open(state, (one for one in standing(state) if one.sos != self.sos))

    def effects(self) -> Effects:
        """Where they were is stored no longer."""
        return Effects(audience=MEMBERS, scrubs=(self.sos,))


@dataclass(frozen=True, slots=True)
class RaiseSos(Command):
    """Raise an SOS, for oneself or for somebody else.

    Attributes:
        kind: What is wrong.
        lat: Degrees north, where they are; a place is known where both are given and not 0, 0.
        lon: Degrees east.
        participant: For whom; None for oneself.
    """

    operation: ClassVar[str | None] = "sos:raise"
    meaning: ClassVar[str] = (
        "raise an SOS for oneself, or for the `participant`. Within 60 s of an open one for the same person it is the"
        " same SOS; after that it takes the other's place. ok `{offset}` is that of the SOS"
    )
    urgent: ClassVar[bool] = True
    roles: ClassVar[frozenset[Role]] = SHARERS
    refusal: ClassVar[str] = "A viewer raises no SOS."
    kind: Annotated[SosKind, OneOf(SosKind)]
    lat: Annotated[float | None, Number(-90, 90)] = None
    lon: Annotated[float | None, Number(-180, 180)] = None
    participant: Somebody = None

    def decide(self, me: Participant, situation: Situation) -> list[Change]:
        """An SOS, unless there is one already. One's own starts sharing where it was paused."""
        state, now = situation.state, situation.now
        whose = me if self.participant is None else member(state, self.participant)
        if whose.role is Role.VIEWER:
            reject(FieldError("/participant", "must not be a viewer"))
        changes: list[Change] = []
        if whose.id == me.id and not me.sharing:
            changes.append(SharingChanged(me.id, on=True))
        before = _of(state, whose.id)
        # A clock that was ahead must not keep somebody from raising one: what lies far ahead is not the same either.
        if before is not None and abs(now - before.at) < SAME_MS:
            return changes
        if whose.id != me.id and before is None and _for_others(state) >= MAX_FOR_OTHERS:
            detail = "Too many SOS for others are open in this session."
            raise Rejected(ErrorCode.TOO_MANY_REQUESTS, detail, retry_after_s=SAME_MS // 1000, same=("participant",))
        lat, lon = self._place()
        raised = SosRaised(
            participant=whose.id,
            by=me.id,
            kind=self.kind,
            lat=lat,
            lon=lon,
            at=now,
            again_at=now + situation.limits.sos_again_s * 1000,
            call_at=now + 2 * situation.limits.sos_again_s * 1000,
            replaces=None if before is None else before.sos,
        )
        return [*changes, raised]

    def names(self, by: int, after: SessionState) -> int | None:
        """The open SOS of the person concerned, new or not."""
        sos = _of(after, self.participant or by)
        return None if sos is None else sos.sos

    def _place(self) -> tuple[float | None, float | None]:
        """Where they are, as exact as positions are; an SOS is never refused for a place that nobody knows."""
        if self.lat is None or self.lon is None:
            return None, None
        return exact_place(self.lat, self.lon) or (None, None)


@dataclass(frozen=True, slots=True)
class AnswerSos(Command):
    """Say what one does about somebody's SOS."""

    operation: ClassVar[str | None] = "sos:answer"
    meaning: ClassVar[str] = "say what one does about an open SOS of somebody else; the newest answer counts"
    urgent: ClassVar[bool] = True
    roles: ClassVar[frozenset[Role]] = SHARERS
    refusal: ClassVar[str] = "A viewer answers no SOS."
    sos: EventOffset
    answer: Annotated[SosAnswer, OneOf(SosAnswer)]

    def decide(self, me: Participant, situation: Situation) -> list[Change]:
        """An answer, where it was another one."""
        sos = _named(situation.state, self.sos)
        if sos.participant == me.id:
            raise Rejected(ErrorCode.FORBIDDEN, "Only the others answer an SOS.")
        same = sos.answers.get(str(me.id)) is self.answer
        return [] if same else [SosAnswered(sos.sos, me.id, self.answer)]


@dataclass(frozen=True, slots=True)
class ClearSos(Command):
    """End an SOS, by the person concerned, by who raised it, or by a host."""

    operation: ClassVar[str | None] = "sos:clear"
    meaning: ClassVar[str] = (
        "end an SOS, by the person concerned, by who raised it, or by a host; changes nothing where it is over"
    )
    urgent: ClassVar[bool] = True
    roles: ClassVar[frozenset[Role]] = SHARERS
    refusal: ClassVar[str] = "A viewer ends no SOS."
    sos: EventOffset
    reason: Annotated[SosReason, OneOf(SosReason)]

    def decide(self, me: Participant, situation: Situation) -> list[Change]:
        """The end; nothing where somebody was faster."""
        _check_happened(situation.state, self.sos)
        sos = _find(situation.state, self.sos)
        if sos is None:
            return []
        if me.role is not Role.HOST and me.id not in {sos.participant, sos.by}:
            detail = "Only the person concerned, who raised it, and the host may end an SOS."
            raise Rejected(ErrorCode.FORBIDDEN, detail)
        return [SosCleared(sos.sos, SosEnd(self.reason))]


@dataclass(frozen=True, slots=True)
class EscalateSos(Command):
    """Alarm again where nobody helps, by the system."""

    issuer: ClassVar[Issuer] = Issuer.SYSTEM

    @classmethod
    def due(cls, state: SessionState) -> int | None:
        """When the first SOS reaches its next stage."""
        return min((due[0] for one in standing(state) if (due := _next(state, one))), default=None)

    def decide_alone(self, situation: Situation) -> list[Change]:
        """The stages that are reached; the last one alone where processes were away for so long."""
        changes: list[Change] = []
        for one in standing(situation.state):
            reached = 0
            while (due := _next(situation.state, replace(one, stage=max(one.stage, reached)))) is not None:
                if due[0] > situation.now:
                    break
                reached = due[1]
            if reached:
                changes.append(SosEscalated(one.sos, reached))
        return changes


def standing(state: SessionState) -> tuple[Sos, ...]:
    """The SOS that are open, by offset."""
    return state.features.of(OpenSos).open


def follows(state: SessionState, change: Change) -> list[Change]:
    """The end of the SOS of somebody who leaves."""
    leaves = change.effects().dismisses
    sos = None if leaves is None else _of(state, leaves)
    return [] if sos is None else [SosCleared(sos.sos, SosEnd.LEFT)]


def _next(state: SessionState, sos: Sos) -> tuple[int, int] | None:
    """When an SOS reaches which stage next, unless somebody helps; answers of those who left count no more.

    Who goes there ends all of it. Who calls does what stage 2 asks for, but the alarm is repeated for want of somebody
    who goes. Who stays helps nobody.
    """
    helping = {answer for who, answer in sos.answers.items() if int(who) in state.participants}
    if SosAnswer.GOING in helping:
        return None
    if sos.stage < AGAIN:
        return sos.again_at, AGAIN
    if sos.stage < CALL and SosAnswer.CALLING not in helping:
        return sos.call_at, CALL
    return None


def _of(state: SessionState, participant: int) -> Sos | None:
    return next((one for one in standing(state) if one.participant == participant), None)


def _find(state: SessionState, sos: int) -> Sos | None:
    return next((one for one in standing(state) if one.sos == sos), None)


def _named(state: SessionState, sos: int) -> Sos:
    """An open SOS that a command names.

    Raises:
        Rejected: `invalid_request` for the field `/sos` where it is not open.
    """
    found = _find(state, sos)
    if found is None:
        reject(FieldError("/sos", "must be an SOS that is open"))
    return found


def _check_happened(state: SessionState, sos: int) -> None:
    if sos > state.offset:
        reject(FieldError("/sos", "must be the offset of an SOS in this session"))


def _for_others(state: SessionState) -> int:
    return sum(one.by != one.participant for one in standing(state))


def _with_open(state: SessionState, sos: Iterable[Sos]) -> SessionState:
    return replace(state, features=state.features.put(OpenSos(tuple(sos))))


def _with_changed(state: SessionState, sos: int, change: Callable[[Sos], Sos]) -> SessionState:
    return _with_open(state, (change(one) if one.sos == sos else one for one in standing(state)))


_RAISED: Final = SosRaised(
    participant=2,
    by=1,
    kind=SosKind.INJURED,
    lat=47.66,
    lon=9.18,
    at=1_800_000_000_000,
    again_at=1_800_000_060_000,
    call_at=1_800_000_120_000,
)
_RAISED_DATA: Final = {
    "participant": 2,
    "by": 1,
    "kind": "injured",
    "lat": 47.66,
    "lon": 9.18,
    "at": 1_800_000_000_000,
    "again_at": 1_800_000_060_000,
    "call_at": 1_800_000_120_000,
    "replaces": None,
}

FEATURE: Final = Feature(
    commands=(RaiseSos, AnswerSos, ClearSos, EscalateSos),
    changes=(SosRaised, SosEscalated, SosAnswered, SosCleared),
    session=OpenSos,
    follows=follows,
    asked=(
        ("sos:raise", {"kind": "other"}, RaiseSos(SosKind.OTHER)),
        (
            "sos:raise",
            {"kind": "injured", "lat": 47.66, "lon": 9.18, "participant": 2},
            RaiseSos(SosKind.INJURED, 47.66, 9.18, 2),
        ),
        ("sos:answer", {"sos": 4, "answer": "going"}, AnswerSos(4, SosAnswer.GOING)),
        ("sos:clear", {"sos": 4, "reason": "false_alarm"}, ClearSos(4, SosReason.FALSE_ALARM)),
    ),
    refused=(
        ("sos:raise", {}, ("/kind",)),
        (
            "sos:raise",
            {"kind": "bored", "lat": 91, "lon": "9", "participant": 0},
            ("/kind", "/lat", "/lon", "/participant"),
        ),
        ("sos:answer", {"sos": 0, "answer": "maybe"}, ("/sos", "/answer")),
        ("sos:clear", {"sos": 4, "reason": "left"}, ("/reason",)),
    ),
    happened=(
        (_RAISED, _RAISED_DATA),
        (
            replace(_RAISED, lat=None, lon=None, replaces=3),
            {**_RAISED_DATA, "lat": None, "lon": None, "replaces": 3},
        ),
        (SosEscalated(4, CALL), {"sos": 4, "stage": 2}),
        (SosAnswered(4, 1, SosAnswer.GOING), {"sos": 4, "participant": 1, "answer": "going"}),
        (SosCleared(4, SosEnd.SOLVED), {"sos": 4, "reason": "solved"}),
    ),
)
