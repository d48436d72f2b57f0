"""Alerts: what clients judged about somebody, told once however many of them judge it."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Annotated, ClassVar, Final, Self

from cavalcade.domain.audience import MEMBERS
from cavalcade.domain.errors import ErrorCode, FieldError, Rejected
from cavalcade.domain.feature import SHARERS, Change, Command, Effects, Feature, Situation, member
from cavalcade.domain.fields import OneOf, reject
from cavalcade.domain.kept import Kept
from cavalcade.domain.model import Participant, ParticipantId, Role, SessionState, Somebody, Time

SAME_MS: Final = 300_000
"""For how long after an alert another one of the same key is the same."""

MOST: Final = 100
"""How many alerts of a session may be raised within that time."""

MOST_OF_ONE: Final = 10
"""The same of one participant, so that nobody alone uses up what all have."""


class AlertKind(StrEnum):
    """What clients may judge, in words that every reader sees in their own language."""

    STRAGGLER = "straggler"
    OFF_ROUTE = "off_route"
    NO_NEWS = "no_news"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert that was raised a short while ago.

    Attributes:
        alert: The offset of its event.
        kind: What was judged.
        participant: About whom.
        by: Who raised it.
        at: When, ms since the epoch.
    """

    alert: int
    kind: AlertKind
    participant: ParticipantId
    by: ParticipantId
    at: Time


@dataclass(frozen=True, slots=True)
class RecentAlerts(Kept):
    """The alerts that the next one may be the same as, by offset."""

    key: ClassVar[str] = "alerts"
    audience: ClassVar[str | None] = MEMBERS
    recent: tuple[Alert, ...] = ()


@dataclass(frozen=True, slots=True)
class AlertRaised(Change):
    """Clients judged that the group is to know something about somebody."""

    type: ClassVar[str] = "alert_raised"
    meaning: ClassVar[str] = "about whom, and who raised it first; it stands in `features.alerts` until later ones come"
    kind: AlertKind
    participant: ParticipantId
    by: ParticipantId
    at: Time

    def evolve(self, state: SessionState) -> SessionState:
        """It stands among those that are not too old to be the same."""
        alert = Alert(state.offset + 1, self.kind, self.participant, self.by, self.at)
        return replace(state, features=state.features.put(RecentAlerts((*recent(state, self.at), alert))))

    def effects(self) -> Effects:
        """Viewers do not learn of it."""
        return Effects(audience=MEMBERS)


@dataclass(frozen=True, slots=True)
class RaiseAlert(Command):
    """Tell the group what one judged, about oneself or about somebody who is silent.

    Attributes:
        kind: What.
        participant: About whom; None for oneself.
        seen_at: When that other person was last connected, ms since the epoch: `now` while they are. The backend knows
            it, never the client.
    """

    operation: ClassVar[str | None] = "alert:raise"
    meaning: ClassVar[str] = (
        "tell the group what one judged, about oneself or about the `participant`, who must be silent; the same within"
        " 5 minutes is one event. ok `{offset}` is that of the alert"
    )
    roles: ClassVar[frozenset[Role]] = SHARERS
    refusal: ClassVar[str] = "A viewer raises no alerts."
    kind: Annotated[AlertKind, OneOf(AlertKind)]
    participant: Somebody = None
    seen_at: int | None = None

    def concerns(self, state: SessionState) -> int | None:
        """The one whom it is about, where they are there."""
        return self.participant if self.participant in state.participants else None

    def informed(self, seen_at: int | None) -> Self:
        """With when they were last connected."""
        return replace(self, seen_at=seen_at)

    def decide(self, me: Participant, situation: Situation) -> list[Change]:
        """An alert, unless it was raised already."""
        state, now = situation.state, situation.now
        whose = me if self.participant is None else member(state, self.participant)
        if whose.role is Role.VIEWER:
            reject(FieldError("/participant", "must not be a viewer"))
        if whose.id != me.id:
            self._check_silent(whose, situation)
        elif self.kind is AlertKind.NO_NEWS:
            reject(FieldError("/participant", "must be somebody else: who says so is not silent"))
        before = recent(state, now)
        if any(_is(one, self.kind, whose.id) for one in before):
            return []
        of_mine = [one for one in before if one.by == me.id]
        for those, most in ((of_mine, MOST_OF_ONE), (before, MOST)):
            if len(those) >= most:
                wait_s = max(1, (those[0].at + SAME_MS - now) // 1000 + 1)
                detail = "Too many alerts in a short time; wait a moment."
                raise Rejected(ErrorCode.TOO_MANY_REQUESTS, detail, retry_after_s=wait_s)
        return [AlertRaised(self.kind, whose.id, me.id, now)]

    def names(self, by: int, after: SessionState) -> int | None:
        """The alert, new or not."""
        whose = self.participant or by
        found = [one.alert for one in after.features.of(RecentAlerts).recent if _is(one, self.kind, whose)]
        return found[-1] if found else None

    def _check_silent(self, whose: Participant, situation: Situation) -> None:
        seen_at = whose.joined_at if self.seen_at is None else self.seen_at
        silent_s = situation.limits.silent_s
        if situation.now - seen_at < silent_s * 1000:
            detail = f"An alert about somebody else needs them to have been away for {silent_s} seconds."
            raise Rejected(ErrorCode.FORBIDDEN, detail)


def recent(state: SessionState, now: int) -> tuple[Alert, ...]:
    """The alerts that one raised now may be the same as; a time far ahead is that of a clock that was wrong."""
    return tuple(one for one in state.features.of(RecentAlerts).recent if abs(now - one.at) < SAME_MS)


def _is(alert: Alert, kind: AlertKind, participant: int) -> bool:
    return (alert.kind, alert.participant) == (kind, participant)


FEATURE: Final = Feature(
    commands=(RaiseAlert,),
    changes=(AlertRaised,),
    session=RecentAlerts,
    asked=(
        ("alert:raise", {"kind": "stopped"}, RaiseAlert(AlertKind.STOPPED)),
        ("alert:raise", {"kind": "no_news", "participant": 2}, RaiseAlert(AlertKind.NO_NEWS, 2)),
    ),
    refused=(
        ("alert:raise", {}, ("/kind",)),
        ("alert:raise", {"kind": "bored", "participant": 0}, ("/kind", "/participant")),
        ("alert:raise", {"kind": "stopped", "place": 4, "seen_at": 0}, ("/place", "/seen_at")),
    ),
    happened=(
        (
            AlertRaised(AlertKind.NO_NEWS, 2, 1, 1_800_000_000_000),
            {"kind": "no_news", "participant": 2, "by": 1, "at": 1_800_000_000_000},
        ),
    ),
)
