"""What can be wrong with a history, and what all rules look at."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import accumulate

from cavalcade.domain.model import SessionState
from cavalcade.domain.session import effects, evolve
from cavalcade.wire.messages import snapshot_to_dict
from testbed.checking.history import Cause, Kept, MemberHistory, SessionHistory


class Rule(StrEnum):
    """What can be wrong."""

    LOG = "stored events are numbered without holes and fold into the stored state"
    LOST = "what was acknowledged is stored"
    DOUBLED = "what was asked for once is stored once"
    UNASKED = "what is stored was asked for"
    REFUSED = "what the rules allow is not refused"
    UNANSWERED = "what was asked for is answered in the end"
    ORDER = "events are delivered once and in order, and joins go on from there"
    TRUTH = "what is delivered is what is stored"
    BEHIND = "everybody who is connected knows everything in the end"
    AWAY = "everybody who has not left is connected in the end"
    STALE = "everybody shows everybody's newest position"
    WITHDRAWN = "a position that was withdrawn is not shown again"
    FOREIGN = "a member is told of their own session alone"
    PRESENCE = "who is shown as connected is"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong.

    Attributes:
        rule: The rule that is broken.
        participant: With whom, where it is with somebody.
        detail: What exactly.
        at: When, where there is a moment.
    """

    rule: Rule
    participant: int | None
    detail: str
    at: int | None = None

    def __str__(self) -> str:
        who = "" if self.participant is None else f" [participant {self.participant}]"
        when = "" if self.at is None else f" at {self.at}"
        return f"not so: {self.rule}{who}: {self.detail}{when}"


class Run:
    """What the rules look at."""

    def __init__(self, history: SessionHistory, kept: Kept, causes: Sequence[Cause], end: int) -> None:
        self.history, self.kept, self.causes, self.end = history, kept, causes, end
        self.states = list(accumulate(kept.events, evolve, initial=SessionState(history.session)))
        """The session after so many events."""
        self.reported = {m.participant: {r.position: r.at for r in m.reports} for m in history.members}
        """When each position was reported."""
        self._pauses = {member.participant: self._pauses_of(member) for member in history.members}

    def stays(self, member: MemberHistory) -> bool:
        """Whether somebody has not left, nor the session ended."""
        return self.kept.state.ended is None and member.participant in self.kept.state.participants

    def withdrawn_before(self, participant: int, offset: int) -> int:
        """Until when somebody's positions are withdrawn for those who know the events up to an offset."""
        return max((at for paused, at in self._pauses.get(participant, ()) if paused <= offset), default=0)

    def _pauses_of(self, member: MemberHistory) -> list[tuple[int, int]]:
        asked = {ask.op_id: ask.at for ask in member.asks}
        return [
            (event.offset, asked[event.op_id])
            for event in self.kept.events
            if event.by == member.participant and effects(event.change).withdraws == event.by and event.op_id in asked
        ]


def visible(state: SessionState | None) -> Mapping[str, object]:
    """What of a state members are shown, with its offset."""
    return {} if state is None else {**snapshot_to_dict(state), "offset": state.offset, "ended": state.ended}
