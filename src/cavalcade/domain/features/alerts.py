"""Alerts: what clients judged about somebody or a place, told once however many of them judge it."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Annotated, ClassVar, Final, Self

from cavalcade.domain.audience import MEMBERS
from cavalcade.domain.errors import ErrorCode, FieldError, Rejected
from cavalcade.domain.feature import SHARERS, Change, Command, Effects, Feature, Situation, member
from cavalcade.domain.features.places import (
    MAX_PLACES,
    AddPlace,
    PlaceKind,
    SomePlace,
    check_hazard,
    named_or_gone,
)
from cavalcade.domain.features.posts import PersonPost, Post
from cavalcade.domain.fields import OneOf, reject
from cavalcade.domain.kept import Kept
from cavalcade.domain.model import EventOffset, Participant, ParticipantId, Role, SessionState, Somebody, Time

SAME_MS: Final = 300_000
"""For how long after an alert another one of the same key is the same."""

MOST: Final = 100
"""How many alerts of a session about people may be raised within that time."""

MOST_ABOUT_PLACES: Final = 200
"""The same of alerts about places, which are counted apart: a large group arrives all at once."""

MOST_OF_ONE: Final = 10
"""The same of one participant, of either, so that nobody alone uses up what all have."""


class AlertKind(StrEnum):
    """What clients may judge, in words that every reader sees in their own language."""

    STRAGGLER = "straggler"
    OFF_ROUTE = "off_route"
    NO_NEWS = "no_news"
    STOPPED = "stopped"
    ARRIVAL = "arrival"
    DEPARTURE = "departure"
    ALL_HERE = "all_here"
    HAZARD_GONE = "hazard_gone"


AT_PLACES: Final = frozenset({AlertKind.ARRIVAL, AlertKind.DEPARTURE})
"""What is about somebody at a place."""

OF_PLACES: Final = frozenset({AlertKind.ALL_HERE, AlertKind.HAZARD_GONE})
"""What is about a place alone: all are there, or all have passed."""


class AlertAnswer(StrEnum):
    """What somebody does about an alert."""

    GOING = "going"


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert that was raised a short while ago.

    Attributes:
        alert: The offset of its event.
        kind: What was judged.
        participant: About whom; None where it is about a place alone.
        by: Who raised it.
        at: When, ms since the epoch.
        place: About which place, or None.
        going: Who said that they go to them, in the order of saying so.
    """

    alert: int
    kind: AlertKind
    participant: Somebody
    by: ParticipantId
    at: Time
    place: SomePlace = None
    going: tuple[ParticipantId, ...] = ()


@dataclass(frozen=True, slots=True)
class RecentAlerts(Kept):
    """What the next alert may be the same as.

    Attributes:
        recent: The alerts of a short while ago, by offset.
        gathered: The places where all were told to be there, which is said once; the newest of them.
    """

    key: ClassVar[str] = "alerts"
    audience: ClassVar[str | None] = MEMBERS
    recent: tuple[Alert, ...] = ()
    gathered: tuple[EventOffset, ...] = ()


@dataclass(frozen=True, slots=True)
class AlertRaised(Change):
    """Clients judged that the group is to know something about somebody, or about a place."""

    type: ClassVar[str] = "alert_raised"
    meaning: ClassVar[str] = (
        "about whom or which place, and who raised it first; it stands in `features.alerts` until later ones come"
    )
    kind: AlertKind
    participant: Somebody
    by: ParticipantId
    at: Time
    place: SomePlace = None

    def evolve(self, state: SessionState) -> SessionState:
        """It stands among those that are not too old to be the same."""
        alert = Alert(state.offset + 1, self.kind, self.participant, self.by, self.at, self.place)
        gathered = state.features.of(RecentAlerts).gathered
        if self.kind is AlertKind.ALL_HERE and self.place is not None:
            gathered = (*(place for place in gathered if place != self.place), self.place)[-MAX_PLACES:]
        return replace(state, features=state.features.put(RecentAlerts((*recent(state, self.at), alert), gathered)))

    def effects(self) -> Effects:
        """Viewers do not learn of it."""
        return Effects(audience=MEMBERS)


@dataclass(frozen=True, slots=True)
class AlertAnswered(Change):
    """Somebody says what they do about an alert."""

    type: ClassVar[str] = "alert_answered"
    meaning: ClassVar[str] = (
        "who is `going` stands with the alert in `features.alerts`; `answer` is null for not any more"
    )
    alert: EventOffset
    participant: ParticipantId
    answer: AlertAnswer | None

    def evolve(self, state: SessionState) -> SessionState:
        """They stand with the alert, or do not any more."""
        kept, answering = state.features.of(RecentAlerts), () if self.answer is None else (self.participant,)
        after = tuple(
            replace(one, going=(*(who for who in one.going if who != self.participant), *answering))
            if one.alert == self.alert
            else one
            for one in kept.recent
        )
        return replace(state, features=state.features.put(replace(kept, recent=after)))

    def effects(self) -> Effects:
        """Viewers do not learn of it."""
        return Effects(audience=MEMBERS)


@dataclass(frozen=True, slots=True)
class RaiseAlert(Command):
    """Tell the group what one judged, about oneself, about somebody who is silent, or about a place.

    Attributes:
        kind: What.
        participant: About whom; None for oneself, or where it is about a place alone.
        seen_at: When that other person was last connected, ms since the epoch: `now` while they are. The backend knows
            it, never the client.
        place: About which place.
    """

    operation: ClassVar[str | None] = "alert:raise"
    meaning: ClassVar[str] = (
        "tell the group what one judged, about oneself or about the `participant`, who must be silent; the same within"
        " 5 minutes is one event. `arrival` and `departure` name a `place`; `all_here` and `hazard_gone` are about a"
        " `place` alone. ok `{offset}` is that of the alert"
    )
    roles: ClassVar[frozenset[Role]] = SHARERS
    refusal: ClassVar[str] = "A viewer raises no alerts."
    kind: Annotated[AlertKind, OneOf(AlertKind)]
    participant: Somebody = None
    seen_at: int | None = None
    place: SomePlace = None

    def concerns(self, state: SessionState) -> int | None:
        """The one whom it is about, where they are there."""
        return self.participant if self.participant in state.participants else None

    def informed(self, seen_at: int | None) -> Self:
        """With when they were last connected."""
        return replace(self, seen_at=seen_at)

    def decide(self, me: Participant, situation: Situation) -> list[Change]:
        """An alert, unless it was raised already, or is about a place that is gone."""
        state, now = situation.state, situation.now
        whose = self._about(me.id)
        if whose is not None:
            self._check_person(me, member(state, whose), situation)
        if not self._is_place_there(me, state):
            return []
        before = recent(state, now)
        if any(self._is(one, me.id) for one in before):
            return []
        alike = [one for one in before if (one.place is None) == (self.place is None)]
        of_mine = [one for one in alike if one.by == me.id]
        for those, most in ((of_mine, MOST_OF_ONE), (alike, MOST if self.place is None else MOST_ABOUT_PLACES)):
            if len(those) >= most:
                wait_s = max(1, (those[0].at + SAME_MS - now) // 1000 + 1)
                detail = "Too many alerts in a short time; wait a moment."
                raise Rejected(ErrorCode.TOO_MANY_REQUESTS, detail, retry_after_s=wait_s, same=("place",))
        return [AlertRaised(self.kind, whose, me.id, now, self.place)]

    def names(self, by: int, after: SessionState) -> int | None:
        """The alert, new or not."""
        found = [one.alert for one in after.features.of(RecentAlerts).recent if self._is(one, by)]
        return found[-1] if found else None

    def _about(self, by: int) -> int | None:
        return None if self.kind in OF_PLACES else self.participant or by

    def _is(self, alert: Alert, by: int) -> bool:
        return (alert.kind, alert.participant, alert.place) == (self.kind, self._about(by), self.place)

    def _check_person(self, me: Participant, whose: Participant, situation: Situation) -> None:
        if whose.role is Role.VIEWER:
            reject(FieldError("/participant", "must not be a viewer"))
        if whose.id != me.id:
            self._check_silent(whose, situation)
        elif self.kind is AlertKind.NO_NEWS:
            reject(FieldError("/participant", "must be somebody else: who says so is not silent"))

    def _is_place_there(self, me: Participant, state: SessionState) -> bool:
        """Sees that the alert names a place where it must, and says whether there is something to tell of it."""
        if self.kind not in AT_PLACES | OF_PLACES:
            if self.place is not None:
                reject(FieldError("/place", "must be left out: this is about somebody alone"))
            return True
        if self.kind in OF_PLACES and self.participant is not None:
            reject(FieldError("/participant", "must be left out: this is about a place alone"))
        if self.place is None:
            reject(FieldError("/place", "is required: this is about a place"))
        place = named_or_gone(state, self.place)
        if place is None:
            return False
        if self.kind is AlertKind.HAZARD_GONE:
            check_hazard(place)
            if me.role is not Role.HOST and me.features.of(PersonPost).post is not Post.SWEEP:
                raise Rejected(ErrorCode.FORBIDDEN, "Only who sweeps, and the host, know that all have passed.")
        return self.kind is not AlertKind.ALL_HERE or self.place not in state.features.of(RecentAlerts).gathered

    def _check_silent(self, whose: Participant, situation: Situation) -> None:
        seen_at = whose.joined_at if self.seen_at is None else self.seen_at
        silent_s = situation.limits.silent_s
        if situation.now - seen_at < silent_s * 1000:
            detail = f"An alert about somebody else needs them to have been away for {silent_s} seconds."
            raise Rejected(ErrorCode.FORBIDDEN, detail)


@dataclass(frozen=True, slots=True)
class AnswerAlert(Command):
    """Say what one does about an alert, so that others need not.

    Attributes:
        alert: Which.
        answer: What; None for nothing any more.
    """

    operation: ClassVar[str | None] = "alert:answer"
    meaning: ClassVar[str] = (
        "say that one is `going` to the person whom an alert of the last minutes is about; without an `answer`, not any"
        " more"
    )
    roles: ClassVar[frozenset[Role]] = SHARERS
    refusal: ClassVar[str] = "A viewer answers no alerts."
    alert: EventOffset
    answer: Annotated[AlertAnswer | None, OneOf(AlertAnswer)] = None

    def decide(self, me: Participant, situation: Situation) -> list[Change]:
        """An answer, where it was another one."""
        found = [one for one in situation.state.features.of(RecentAlerts).recent if one.alert == self.alert]
        if not found or found[0].participant is None:
            reject(FieldError("/alert", "must be the offset of an alert of the last minutes about somebody"))
        if found[0].participant == me.id:
            raise Rejected(ErrorCode.FORBIDDEN, "Only the others answer an alert.")
        is_going = self.answer is not None
        return [AlertAnswered(self.alert, me.id, self.answer)] if is_going != (me.id in found[0].going) else []


def recent(state: SessionState, now: int) -> tuple[Alert, ...]:
    """The alerts that one raised now may be the same as; a time far ahead is that of a clock that was wrong."""
    return tuple(one for one in state.features.of(RecentAlerts).recent if abs(now - one.at) < SAME_MS)


def with_all_awaited(state: SessionState, place: int) -> SessionState:
    """The state in which all are awaited at a place, so that it can be told again that they are there."""
    kept = state.features.of(RecentAlerts)
    awaited = replace(kept, gathered=tuple(one for one in kept.gathered if one != place))
    return replace(state, features=state.features.put(awaited))


FEATURE: Final = Feature(
    commands=(RaiseAlert, AnswerAlert),
    changes=(AlertRaised, AlertAnswered),
    session=RecentAlerts,
    asked=(
        ("alert:raise", {"kind": "stopped"}, RaiseAlert(AlertKind.STOPPED)),
        ("alert:raise", {"kind": "no_news", "participant": 2}, RaiseAlert(AlertKind.NO_NEWS, 2)),
        ("alert:raise", {"kind": "arrival", "place": 4}, RaiseAlert(AlertKind.ARRIVAL, place=4)),
        ("alert:raise", {"kind": "all_here", "place": 4}, RaiseAlert(AlertKind.ALL_HERE, place=4)),
        ("alert:raise", {"kind": "hazard_gone", "place": 5}, RaiseAlert(AlertKind.HAZARD_GONE, place=5)),
        ("place:add", {"kind": "hazard", "lat": 47.66, "lon": 9.18}, AddPlace(PlaceKind.HAZARD, 47.66, 9.18)),
        ("alert:answer", {"alert": 7, "answer": "going"}, AnswerAlert(7, AlertAnswer.GOING)),
        ("alert:answer", {"alert": 7}, AnswerAlert(7)),
    ),
    refused=(
        ("alert:raise", {}, ("/kind",)),
        ("alert:raise", {"kind": "bored", "participant": 0}, ("/kind", "/participant")),
        ("alert:raise", {"kind": "arrival", "place": "4", "seen_at": 0}, ("/place", "/seen_at")),
        ("alert:answer", {"answer": "staying"}, ("/alert", "/answer")),
    ),
    happened=(
        (
            AlertRaised(AlertKind.NO_NEWS, 2, 1, 1_800_000_000_000),
            {"kind": "no_news", "participant": 2, "by": 1, "at": 1_800_000_000_000, "place": None},
        ),
        (
            AlertRaised(AlertKind.ALL_HERE, None, 1, 1_800_000_000_000, 4),
            {"kind": "all_here", "participant": None, "by": 1, "at": 1_800_000_000_000, "place": 4},
        ),
        (AlertAnswered(7, 3, AlertAnswer.GOING), {"alert": 7, "participant": 3, "answer": "going"}),
        (AlertAnswered(7, 3, None), {"alert": 7, "participant": 3, "answer": None}),
    ),
)
