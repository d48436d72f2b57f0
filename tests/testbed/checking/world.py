"""A session in which everything goes right, step by step: the truth that planted faults are planted in."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from cavalcade.domain import session
from cavalcade.domain.events import Event
from cavalcade.domain.feature import Command
from cavalcade.domain.features.membership import Join, Leave
from cavalcade.domain.features.profile import SetProfile
from cavalcade.domain.features.sharing import SetSharing
from cavalcade.domain.fix import Position
from cavalcade.domain.model import Limits, Role, SessionState
from cavalcade.domain.operations import Operation
from cavalcade.domain.session import effects, evolve, found
from testbed.checking.history import (
    Admission,
    Ask,
    Cause,
    Delivered,
    Joined,
    Kept,
    Lost,
    MemberHistory,
    Present,
    Record,
    Reported,
    SessionHistory,
    Shown,
)

STEP_MS = 100
LIMITS = Limits()


@dataclass
class World:
    """People who come, move, change things, lose their connections and come back."""

    now: int = 1_000
    state: SessionState = field(default_factory=lambda: found("abcdefghij", "Trip", None, 0, LIMITS))
    events: list[Event] = field(default_factory=list)
    positions: dict[int, Position] = field(default_factory=dict)
    connected: dict[int, MemberHistory] = field(default_factory=dict)
    members: dict[int, MemberHistory] = field(default_factory=dict)
    causes: list[Cause] = field(default_factory=list)
    history: SessionHistory = field(init=False)
    cut_at: int | None = None

    def __post_init__(self) -> None:
        self.history = SessionHistory(self.state.session)

    def here(self) -> list[int]:
        """Who is connected."""
        return sorted(self.connected)

    def away(self) -> list[int]:
        """Who has not left and is not connected."""
        return sorted(self.members.keys() & self.state.participants.keys() - self.connected.keys())

    def come(self) -> int:
        """Somebody joins over HTTP and connects."""
        self._tick()
        name = f"Guest {len(self.history.admissions)}"
        who = self.state.next_participant
        self.history.admissions.append(Admission(name, who))
        self.decide(None, Join(Role.MEMBER, name))
        member = self.members[who] = MemberHistory(who)
        self.history.members.append(member)
        self.connect(who, by_snapshot=True)
        return who

    def connect(self, who: int, *, by_snapshot: bool) -> None:
        """Somebody connects (again)."""
        self._tick()
        member = self.members[who]
        known = max(
            (r.event.offset if isinstance(r, Delivered) else r.offset)
            for r in (Joined(0, 0, None, (), {}), *member.records)
            if isinstance(r, Delivered | Joined)
        )
        state, missed = (self.state, ()) if by_snapshot else (None, tuple(self.events[known:]))
        self.connected[who] = member
        member.records.append(Joined(self.now, self.state.offset, state, missed, dict(self.positions)))
        self._announce()
        if self.cut_at is not None and not self.away():
            self.causes.append(Cause(self.cut_at, self.now))
            self.cut_at = None

    def lose(self, who: int) -> None:
        """Somebody's connection breaks."""
        self._tick()
        if self.cut_at is None:
            self.cut_at = self.now
        self.connected.pop(who).records.append(Lost(self.now))
        self._announce()

    def report(self, who: int, late_ms: int = 0) -> None:
        """Somebody moves, which everybody is shown a while later."""
        self._tick()
        if self.state.participants[who].sharing:
            position = Position(self.now, who * 1_000, len(self.members[who].reports))
            self.members[who].reports.append(Reported(self.now, position))
            self.positions[who] = position
            self.now += late_ms
            self._tell(Shown(self.now, {who: position}))

    def rename(self, who: int) -> None:
        """Somebody takes another name."""
        name = f"Name {self.state.offset}"
        self._ask(who, "profile:set", {"name": name}, SetProfile(name=name))

    def pause(self, who: int, *, on: bool) -> None:
        """Somebody stops or starts sharing."""
        self._ask(who, "sharing:set", {"on": on}, SetSharing(on=on))

    def leave(self, who: int) -> None:
        """Somebody goes for good."""
        self._ask(who, "leave", {}, Leave())
        self.connected.pop(who).records.append(Lost(self.now))
        self._announce()

    def end(self, after_ms: int = 0) -> int:
        """Everybody comes back, and time passes; the moment at which it is over."""
        for who in self.away():
            self.connect(who, by_snapshot=False)
        for member in self.connected.values():
            member.state = self.state
        self.now += after_ms
        return self.now

    def kept(self) -> Kept:
        """What is stored."""
        return Kept(self.state, tuple(self.events))

    def _ask(self, who: int, operation: str, payload: Mapping[str, object], command: Command) -> None:
        self._tick()
        op_id = f"{who}-{len(self.members[who].asks)}"
        ask = Ask(self.now, op_id, operation, payload)
        self.members[who].asks.append(ask)
        self._tick()
        self.decide(who, command, op_id)
        ask.answered_at, ask.offset = self.now, self.state.offset

    def decide(self, by: int | None, command: Command, op_id: str | None = None) -> None:
        """Stores what a command leads to, and tells everybody who is connected."""
        for event in session.decide(self.state, Operation(by, command, op_id), self.now, LIMITS):
            self.state = evolve(self.state, event)
            self.events.append(event)
            gone = effects(event.change).withdraws
            if gone is not None:
                self.positions.pop(gone, None)
            self._tell(Delivered(self.now, event))

    def _announce(self) -> None:
        self._tell(Present(self.now, frozenset(self.connected)))

    def _tell(self, record: Record) -> None:
        for member in self.connected.values():
            member.records.append(record)

    def _tick(self) -> None:
        self.now += STEP_MS
