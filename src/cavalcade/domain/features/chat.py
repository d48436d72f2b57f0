"""Messages and signals: what people write to each other, who reads it, and taking it back.

A message is the event that sent it, and is named by that event's offset. The state keeps no messages, only who may
write and read; so a message changes nothing in it, with its content or without.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Annotated, ClassVar, Final, Self

from cavalcade.domain import texts
from cavalcade.domain.errors import ErrorCode, FieldError, Rejected
from cavalcade.domain.feature import (
    HOSTS,
    SHARERS,
    Bound,
    Change,
    Command,
    Earlier,
    Effects,
    Feature,
    Report,
    Situation,
)
from cavalcade.domain.features.posts import PersonPost, Post
from cavalcade.domain.fields import Boolean, OneOf, Whole, reject
from cavalcade.domain.fix import MAX_FIX_TIME
from cavalcade.domain.kept import Kept
from cavalcade.domain.model import EventOffset, Participant, ParticipantId, Role, SessionState, Time

MEMBERS: Final = "members"
"""The audience of everybody but viewers."""

CHAT: Final = "chat"
"""The audience of messages: who may read them is what `SessionChat` says when they are read."""

RECENT: Final = 50
"""How many of the newest messages from before their joining newcomers read, where that is some of them."""

MESSAGES_KEPT: Final = 1_000
"""How many messages of a session can be read, the newest."""

OF_ONE: Final = Bound("chat", ((10, 10), (60, 300)), "Too many messages in a short time; wait a moment.")
OF_ALL: Final = Bound(
    "chat", ((60, 10), (600, 300)), "Too much is written here in a short time; wait a moment.", of_all=True
)
SAME_SIGNAL_S: Final = 20
"""Seconds until somebody may give the same signal again."""

LATE_MS: Final = 60_000
"""When a message was written is told where it was sent so much later."""

NOT_A_MESSAGE: Final = "must be the offset of a message of this session"

EarlierMessage = Annotated[int | None, Whole(1, MAX_FIX_TIME, example=17)]
"""The offset of the event that sent a message, or None."""


class Signal(StrEnum):
    """What is said with one tap; every reader sees and hears it in their own language."""

    WAIT_FOR_ME = "wait_for_me"
    NEXT_STOP = "next_stop"
    FUEL = "fuel"
    BREAK = "break"
    GO_ON = "go_on"
    ALL_GOOD = "all_good"
    SEEN = "seen"
    THANKS = "thanks"


class Addressee(StrEnum):
    """Whom a message concerns and alerts; all who read the chat can read it."""

    ALL = "all"
    LEAD = "lead"
    SWEEP = "sweep"


class Newcomers(StrEnum):
    """What newcomers read of the messages from before their joining."""

    NONE = "none"
    RECENT = "recent"
    ALL = "all"


class Writers(StrEnum):
    """Who may write; leaders are the host and who leads."""

    ALL = "all"
    LEADERS = "leaders"


@dataclass(frozen=True, slots=True)
class SessionChat(Kept):
    """Who may write and read in the chat of a session.

    Attributes:
        viewers_read: Whether viewers read it, too.
        newcomers_see: What newcomers read from before their joining.
        writers: Who may write. Signals are open to every member all the same.
    """

    key: ClassVar[str] = "chat"
    viewers_read: bool = False
    newcomers_see: Newcomers = Newcomers.RECENT
    writers: Writers = Writers.ALL

    @property
    def shown_from_before(self) -> int | None:
        """How many of the newest messages from before their joining newcomers read; None for all."""
        return {Newcomers.NONE: 0, Newcomers.RECENT: RECENT, Newcomers.ALL: None}[self.newcomers_see]


@dataclass(frozen=True, slots=True)
class MessageSent(Change):
    """Somebody wrote, or gave a signal."""

    type: ClassVar[str] = "message_sent"
    meaning: ClassVar[str] = (
        "the message is named by the event's offset; it has a `text`, a `signal` or both, and is in no snapshot."
        " `reply_to` is the message that it answers; `written_at` is null unless it was written more than"
        " a minute before"
    )
    most: ClassVar[int | None] = MESSAGES_KEPT
    participant: ParticipantId
    text: str | None
    signal: Signal | None
    to: Addressee
    reply_to: EarlierMessage
    written_at: Time | None = None

    def evolve(self, state: SessionState) -> SessionState:
        """Nothing: messages are not part of the state."""
        return state

    def effects(self) -> Effects:
        """Only those who read the chat get it."""
        return Effects(audience=CHAT)


@dataclass(frozen=True, slots=True)
class MessageRemoved(Change):
    """A message was taken back."""

    type: ClassVar[str] = "message_removed"
    meaning: ClassVar[str] = "the content of the message is gone from everywhere"
    message: EventOffset

    def evolve(self, state: SessionState) -> SessionState:
        """Nothing: messages are not part of the state."""
        return state

    def effects(self) -> Effects:
        """What it said is scrubbed."""
        return Effects(scrubs=(self.message,))


@dataclass(frozen=True, slots=True)
class ChatChanged(Change):
    """The host said who may write and read."""

    type: ClassVar[str] = "chat_changed"
    meaning: ClassVar[str] = "stands in the session's `features.chat`; it holds for earlier messages, too"
    viewers_read: bool
    newcomers_see: Newcomers
    writers: Writers

    def evolve(self, state: SessionState) -> SessionState:
        """It stands until it is changed."""
        kept = SessionChat(self.viewers_read, self.newcomers_see, self.writers)
        return replace(state, features=state.features.put(kept))


@dataclass(frozen=True, slots=True)
class SendMessage(Command):
    """Write, or give a signal; under another message, this answers it.

    Attributes:
        text: At most 500 characters in 5 lines.
        signal: Stands alone, or with a text.
        to: Whom it concerns; None for everybody.
        reply_to: The message that it answers.
        answered: That message. The server knows it, never the client.
        written_at: When it was written, ms since the epoch on the server's clock, where it had to wait.
    """

    operation: ClassVar[str | None] = "chat:send"
    meaning: ClassVar[str] = (
        "write a `text` (at most 500 characters in 5 lines), give a `signal`, or both. `to` says whom it concerns, by"
        " default all; `reply_to` which message it answers; `written_at` when it was written,"
        " where it had to wait. Where only `leaders` write, the others still give signals"
    )
    roles: ClassVar[frozenset[Role]] = SHARERS
    refusal: ClassVar[str] = "A viewer does not write."
    text: Annotated[str | None, texts.TEXT] = None
    signal: Annotated[Signal | None, OneOf(Signal)] = None
    to: Annotated[Addressee | None, OneOf(Addressee)] = None
    reply_to: EarlierMessage = None
    answered: Earlier | None = None
    written_at: Annotated[int | None, Whole(1, MAX_FIX_TIME)] = None

    @property
    def bounds(self) -> tuple[Bound, ...]:
        """Of one person, and of all; and the same signal seldom enough that it stays one."""
        if self.signal is None:
            return (OF_ONE, OF_ALL)
        refusal = f"The same signal can be given once in {SAME_SIGNAL_S} seconds."
        return (Bound(f"signal {self.signal}", ((1, SAME_SIGNAL_S),), refusal, same=("signal",)), OF_ONE, OF_ALL)

    def refers(self) -> int | None:
        """The message that it answers."""
        return self.reply_to

    def recalling(self, earlier: Earlier | None) -> Self:
        """With that message."""
        return replace(self, answered=earlier)

    def decide(self, me: Participant, situation: Situation) -> list[Change]:
        """A message, however often it was sent before."""
        if self.text is None and self.signal is None:
            reject(FieldError("/text", "is required where there is no signal"))
        writers = situation.state.features.of(SessionChat).writers
        leads = me.role is Role.HOST or me.features.of(PersonPost).post is Post.LEAD
        if self.text is not None and writers is Writers.LEADERS and not leads:
            raise Rejected(ErrorCode.FORBIDDEN, "Only the host and who leads write here now; signals go through.")
        if self.reply_to is not None and not _is_message(self.answered):
            reject(FieldError("/reply_to", NOT_A_MESSAGE))
        to, written_at = self.to or Addressee.ALL, self._written_before(me, situation.now)
        return [MessageSent(me.id, self.text, self.signal, to, self.reply_to, written_at)]

    def _written_before(self, me: Participant, now: int) -> int | None:
        """When it was written, where that was long before: never before its writer came."""
        written_at = None if self.written_at is None else max(self.written_at, me.joined_at)
        return written_at if written_at is not None and now - written_at > LATE_MS else None


@dataclass(frozen=True, slots=True)
class RemoveMessage(Command):
    """Take a message back.

    Attributes:
        message: Which.
        named: That message. The server knows it, never the client.
    """

    operation: ClassVar[str | None] = "chat:remove"
    meaning: ClassVar[str] = "take a message of one's own back; a host takes back any. Its content is scrubbed"
    roles: ClassVar[frozenset[Role]] = SHARERS
    refusal: ClassVar[str] = "A viewer has no messages."
    message: EventOffset
    named: Earlier | None = None

    def refers(self) -> int | None:
        """The message."""
        return self.message

    def recalling(self, earlier: Earlier | None) -> Self:
        """With who sent it."""
        return replace(self, named=earlier)

    def decide(self, me: Participant, situation: Situation) -> list[Change]:  # noqa: ARG002
        """It is gone, where it was not already."""
        named = self.named
        if named is None or not _is_message(named):
            reject(FieldError("/message", NOT_A_MESSAGE))
        if named.by != me.id and me.role is not Role.HOST:
            raise Rejected(ErrorCode.FORBIDDEN, "Only the host may take back what others wrote.")
        return [MessageRemoved(self.message)] if named.has_content else []


@dataclass(frozen=True, slots=True)
class SetChat(Command):
    """Say who may write and read, by the host; None leaves a setting as it is."""

    operation: ClassVar[str | None] = "chat:set"
    meaning: ClassVar[str] = (
        "say whether viewers read the chat (at first they do not), what newcomers see of it from before their joining"
        f" (`none`, `recent` for the newest {RECENT}, which is so at first, or `all`), and who may write (`all` or"
        " `leaders`: the host and who leads)"
    )
    roles: ClassVar[frozenset[Role]] = HOSTS
    refusal: ClassVar[str] = "Only the host may do this."
    viewers_read: Annotated[bool | None, Boolean()] = None
    newcomers_see: Annotated[Newcomers | None, OneOf(Newcomers)] = None
    writers: Annotated[Writers | None, OneOf(Writers)] = None

    def decide(self, me: Participant, situation: Situation) -> list[Change]:  # noqa: ARG002
        """The settings as they are now, where they were others."""
        before = situation.state.features.of(SessionChat)
        after = SessionChat(
            before.viewers_read if self.viewers_read is None else self.viewers_read,
            self.newcomers_see or before.newcomers_see,
            self.writers or before.writers,
        )
        return [] if after == before else [ChatChanged(after.viewers_read, after.newcomers_see, after.writers)]


@dataclass(frozen=True, slots=True)
class Reached(Report):
    """Up to which event the chat has been on somebody's screen.

    Attributes:
        offset: The newest event that was there.
    """

    operation: ClassVar[str] = "chat:reached"
    event: ClassVar[str] = "reached"
    meaning: ClassVar[str] = (
        "the chat was on one's screen up to this offset, which is no higher than what one has been sent"
    )
    roles: ClassVar[frozenset[Role]] = SHARERS
    refusal: ClassVar[str] = "A viewer does not say what they have read."
    audience: ClassVar[str | None] = MEMBERS
    every_s: ClassVar[int] = 5
    offset: EventOffset

    def check(self, newest: int) -> None:
        """Nobody has read what they were not sent."""
        if self.offset > newest:
            reject(FieldError("/offset", "must not be above the newest event that was sent to you"))


def _is_message(earlier: Earlier | None) -> bool:
    return earlier is not None and earlier.type == MessageSent.type


FEATURE: Final = Feature(
    commands=(SendMessage, RemoveMessage, SetChat),
    changes=(MessageSent, MessageRemoved, ChatChanged),
    reports=(Reached,),
    session=SessionChat,
    asked=(
        ("chat:send", {"text": " Fuel in\t20 km?\r\n "}, SendMessage("Fuel in 20 km?")),
        (
            "chat:send",
            {"signal": "wait_for_me", "to": "lead"},
            SendMessage(None, Signal.WAIT_FOR_ME, Addressee.LEAD),
        ),
        (
            "chat:send",
            {"signal": "seen", "reply_to": 3, "written_at": 1_790_000_000_000},
            SendMessage(None, Signal.SEEN, None, 3, written_at=1_790_000_000_000),
        ),
        ("chat:remove", {"message": 3}, RemoveMessage(3)),
        (
            "chat:set",
            {"viewers_read": True, "newcomers_see": "none", "writers": "leaders"},
            SetChat(viewers_read=True, newcomers_see=Newcomers.NONE, writers=Writers.LEADERS),
        ),
        ("chat:set", {"writers": None}, SetChat()),
    ),
    refused=(
        ("chat:send", {"text": ""}, ("/text",)),
        ("chat:send", {"text": "a" * (texts.MAX_TEXT_LENGTH + 1)}, ("/text",)),
        ("chat:send", {"text": "1\n2\n3\n4\n5\n6"}, ("/text",)),
        ("chat:send", {"text": "a\u202eb"}, ("/text",)),
        ("chat:send", {"text": "bell\u0007"}, ("/text",)),
        ("chat:send", {"text": "Z" + "\u0301" * 6}, ("/text",)),
        (
            "chat:send",
            {"text": 5, "signal": "hello", "to": "everybody", "reply_to": 0},
            ("/text", "/signal", "/to", "/reply_to"),
        ),
        ("chat:send", {"signal": "fuel", "answered": None}, ("/answered",)),
        ("chat:send", {"text": "Hi", "written_at": "14:02"}, ("/written_at",)),
        ("chat:send", {"text": "Hi", "written_at": 0}, ("/written_at",)),
        ("chat:remove", {}, ("/message",)),
        ("chat:remove", {"message": "3", "named": {}}, ("/message", "/named")),
        (
            "chat:set",
            {"viewers_read": 1, "newcomers_see": 50, "writers": "hosts"},
            ("/viewers_read", "/newcomers_see", "/writers"),
        ),
    ),
    happened=(
        (
            MessageSent(2, "Fuel in 20 km?\nI am at 5 %", None, Addressee.ALL, None),
            {
                "participant": 2,
                "text": "Fuel in 20 km?\nI am at 5 %",
                "signal": None,
                "to": "all",
                "reply_to": None,
                "written_at": None,
            },
        ),
        (
            MessageSent(1, None, Signal.SEEN, Addressee.SWEEP, 3, 1_790_000_000_000),
            {
                "participant": 1,
                "text": None,
                "signal": "seen",
                "to": "sweep",
                "reply_to": 3,
                "written_at": 1_790_000_000_000,
            },
        ),
        (MessageRemoved(3), {"message": 3}),
        (
            ChatChanged(viewers_read=True, newcomers_see=Newcomers.NONE, writers=Writers.LEADERS),
            {"viewers_read": True, "newcomers_see": "none", "writers": "leaders"},
        ),
    ),
)
