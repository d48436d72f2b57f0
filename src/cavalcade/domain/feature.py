"""What a feature of a session is made of: commands that people give, changes that follow, and the effects of those.

Each feature is one module in `domain.features`. `domain.session` registers them and says in which order they are asked.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import ClassVar, Self

from cavalcade.domain.errors import ErrorCode, FieldError, Rejected
from cavalcade.domain.fields import Fields, reject
from cavalcade.domain.fix import Fix
from cavalcade.domain.kept import Kept
from cavalcade.domain.model import Limits, Participant, Role, SessionState

EVERYBODY = frozenset(Role)
SHARERS = frozenset({Role.HOST, Role.MEMBER})
HOSTS = frozenset({Role.HOST})


@dataclass(frozen=True, slots=True)
class Effects:
    """What servers, stores and clients must do about a change, besides folding it into the state.

    Attributes:
        admits: Who came in with it.
        dismisses: For whom the session is over; their connections end after they were told.
        withdraws: Whose position must disappear everywhere at once.
        starts_over: Whose stored position is from before, and must be gone before new ones come.
        keeps_longer: The session's end has moved, and what expires with it must be stored again.
        ends: Why the session is over for everybody.
        audience: Who may read the event's content, where that is not everybody; see `audience`.
        scrubs: The offsets of earlier events whose content must be gone from everywhere once this one is stored. The
            state must then be what it would be had they never had any content.
    """

    admits: int | None = None
    dismisses: int | None = None
    withdraws: int | None = None
    starts_over: int | None = None
    keeps_longer: bool = False
    ends: str | None = None
    audience: str | None = None
    scrubs: tuple[int, ...] = ()


NO_EFFECTS = Effects()


class Change:
    """What happened: the content of an event. Its fields are the event's `data`, as `wire.codec` writes them.

    Attributes:
        type: The event's type on the wire.
        meaning: What the contract's table of events says beside the data; may be empty.
        most: How many of them keep their content, the newest; None for all.
    """

    __slots__ = ()
    type: ClassVar[str]
    meaning: ClassVar[str] = ""
    most: ClassVar[int | None] = None

    def evolve(self, state: SessionState) -> SessionState:
        """Folds it into the state; `session.evolve` moves the offset."""
        raise NotImplementedError

    def effects(self) -> Effects:
        """What must be done about it besides."""
        return NO_EFFECTS


class Issuer(Enum):
    """Who gives a command."""

    PARTICIPANT = auto()
    NEWCOMER = auto()
    SYSTEM = auto()


@dataclass(frozen=True, slots=True)
class Situation:
    """What a command is decided on.

    Attributes:
        state: The session as it is.
        now: ms since the epoch.
        limits: The operator's bounds.
    """

    state: SessionState
    now: int
    limits: Limits


@dataclass(frozen=True, slots=True)
class Bound:
    """How often something may be asked for, beside what every operation is bound to.

    Attributes:
        name: What is counted together.
        rates: So many times in so many seconds, for one participant; all of them hold at once.
        refusal: What is said beyond them.
        of_all: Whether it counts for all participants of the session together.
        same: The fields of the command in which those that are counted together are alike.
    """

    name: str
    rates: tuple[tuple[int, int], ...]
    refusal: str
    of_all: bool = False
    same: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Earlier:
    """An earlier event, as far as a rule needs to know it.

    Attributes:
        type: Its type.
        by: Who caused it; None for the system.
        has_content: Whether its content was not scrubbed since.
    """

    type: str
    by: int | None
    has_content: bool


class Command:
    """What somebody asks for. `decide` says whether it becomes changes.

    A command's fields that are annotated with a `fields.Rule` are read from the operation's payload.

    Attributes:
        operation: Its event name on the socket; None where it cannot come from there.
        meaning: What the contract's table of operations says of it.
        issuer: Who gives it.
        roles: The roles of those who may give it.
        refusal: What the others are told.
        finishes: Whether the session is over for its issuer afterwards, also where somebody else ended it first.
        urgent: Whether it waits behind no other operation, and is counted apart from them.
        rates: How often it may be asked for, whatever its fields are; see `bounds`.
    """

    __slots__ = ()
    operation: ClassVar[str | None] = None
    meaning: ClassVar[str] = ""
    issuer: ClassVar[Issuer] = Issuer.PARTICIPANT
    roles: ClassVar[frozenset[Role]] = EVERYBODY
    refusal: ClassVar[str] = ""
    finishes: ClassVar[bool] = False
    urgent: ClassVar[bool] = False
    rates: ClassVar[tuple[Bound, ...]] = ()

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """Reads it from untrusted JSON; `fields.finish` raises with all that is wrong."""
        return fields.build(cls)

    def decide(self, me: Participant, situation: Situation) -> list[Change]:
        """Says what a participant's command leads to; nothing where it changes nothing.

        Raises:
            Rejected: With the code of the rule that refuses it.
        """
        raise NotImplementedError

    def decide_alone(self, situation: Situation) -> list[Change]:
        """Says what the command of a newcomer or of the system leads to.

        Raises:
            Rejected: With the code of the rule that refuses it.
        """
        raise NotImplementedError

    @classmethod
    def due(cls, state: SessionState) -> int | None:  # noqa: ARG003 - others look at it
        """When the system is to give this command, ms since the epoch; None where it is not.

        Only of commands of the system that are made without arguments. What it leads to must move this on: what stays
        due is decided again and again.
        """
        return None

    def concerns(self, state: SessionState) -> int | None:  # noqa: ARG002 - others look at it
        """The participant of whom the rule needs to know when they were last connected, if there is one."""
        return None

    def informed(self, seen_at: int | None) -> Self:  # noqa: ARG002 - others take it in
        """The same with when the one whom it `concerns` was last connected: ms since the epoch, None for never."""
        return self

    def refers(self) -> int | None:
        """The offset of an earlier event that the rule needs to know, if there is one."""
        return None

    def recalling(self, earlier: Earlier | None) -> Self:  # noqa: ARG002 - others take it in
        """The same with the event that it `refers` to; None where there is no such event."""
        return self

    def names(self, by: int, after: SessionState) -> int | None:  # noqa: ARG002 - others look at it
        """The offset of the event that did what this asks for, in the state that follows; None for the newest event.

        Only where the answer must name it, and others may have been faster.
        """
        return None

    @property
    def bounds(self) -> tuple[Bound, ...]:
        """How often it may be asked for, the narrowest first. The same operation again counts once."""
        return self.rates

    @property
    def kept_fixes(self) -> tuple[Fix, ...] | None:
        """The fixes that it brings, of which the newest moves the avatar; None where it is not about fixes."""
        return None


class Report:
    """What a participant tells the others about themselves that is not stored: the newest of each counts.

    A report's fields are annotated with rules, like those of a command. The others get them with the `participant` as a
    broadcast, whose keys are the participants' ids.

    Attributes:
        operation: The event name of the push that it comes with.
        event: The name of the broadcast.
        meaning: What the documents say of it.
        roles: The roles of those who may give it.
        refusal: What the others are told.
        audience: Who gets the broadcast; see `audience`.
        every_s: Seconds between two of one connection.
    """

    __slots__ = ()
    operation: ClassVar[str]
    event: ClassVar[str]
    meaning: ClassVar[str]
    roles: ClassVar[frozenset[Role]] = EVERYBODY
    refusal: ClassVar[str] = ""
    audience: ClassVar[str | None] = None
    every_s: ClassVar[int]

    def check(self, newest: int) -> None:
        """Sees that it can be true.

        Args:
            newest: The offset of the newest event that was sent to its participant.

        Raises:
            Rejected: `invalid_request` with the bad field.
        """


@dataclass(frozen=True, slots=True)
class Feature:
    """One feature: what it adds to a session, with examples.

    The examples feed the tests of the domain, the codecs and the servers; they are checked by them too.

    Attributes:
        commands: What can be asked for.
        changes: What can happen.
        reports: What participants tell each other that is not stored.
        session: What it keeps for the session, where it keeps anything.
        participant: What it keeps for each participant, where it keeps anything.
        follows: What follows of this feature, in a state, where a change of any feature happens.
        asked: Payloads of operations that are right, without `op_id`: the operation's name, the payload, and as what
            it is read.
        refused: Payloads that are wrong: the operation's name, the payload, and the pointers of its bad fields.
        happened: At least one of each change, with the `data` of its event as it is on the wire.
    """

    commands: tuple[type[Command], ...] = ()
    changes: tuple[type[Change], ...] = ()
    reports: tuple[type[Report], ...] = ()
    session: type[Kept] | None = None
    participant: type[Kept] | None = None
    follows: Callable[[SessionState, Change], Sequence[Change]] | None = None
    asked: tuple[tuple[str, Mapping[str, object], Command], ...] = ()
    refused: tuple[tuple[str, Mapping[str, object], tuple[str, ...]], ...] = ()
    happened: tuple[tuple[Change, Mapping[str, object]], ...] = ()


def permit(command: Command, participant: Participant) -> None:
    """Sees that somebody's role allows a command.

    Raises:
        Rejected: `forbidden`.
    """
    if participant.role not in command.roles:
        raise Rejected(ErrorCode.FORBIDDEN, command.refusal)


def member(state: SessionState, participant: int, pointer: str = "/participant") -> Participant:
    """Somebody whom a command names.

    Raises:
        Rejected: `invalid_request` for the field at the pointer where they are not in the session.
    """
    found = state.participants.get(participant)
    if found is None:
        reject(FieldError(pointer, "must be somebody who is in this session"))
    return found


def require_away(whose: Participant, seen_at: int | None, situation: Situation, called: str) -> None:
    """Sees that somebody has been away for so long that others may take their place.

    Args:
        whose: Whose place.
        seen_at: When they were last connected, ms since the epoch; None where nobody has ever seen them connected.
        situation: What is decided on.
        called: What the refusal calls them, such as "The host".

    Raises:
        Rejected: `forbidden`.
    """
    away_s = situation.limits.host_away_s
    if situation.now - (whose.joined_at if seen_at is None else seen_at) < away_s * 1000:
        minutes = max(1, round(away_s / 60))
        raise Rejected(ErrorCode.FORBIDDEN, f"{called} must have been away for {minutes} minutes.")
