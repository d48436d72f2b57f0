"""The messages that one member knows, in the order of their offsets; pure.

They come as events and as older pages. Whichever way they came, the same chat comes out: everything from `since` on is
held, and of what was removed only that it was.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from cavalcade.domain.events import ContentLeftOut, Event
from cavalcade.domain.features.chat import Addressee, MessageRemoved, MessageSent

MOST_MESSAGES: Final = 1_000
"""The oldest of more go, and are asked for again where somebody wants earlier ones."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message.

    Attributes:
        id: The offset of its event.
        at: When the server took it, ms on its clock.
        participant: Who sent it.
        said: What; None where it was removed.
    """

    id: int
    at: int
    participant: int
    said: MessageSent | None


@dataclass(frozen=True, slots=True)
class Chat:
    """What is held of a session's messages.

    Attributes:
        messages: The oldest first.
        since: All messages of this offset and later ones are held, as far as events came.
        removed: Earlier ones that were removed since: a page that was asked for before may still say their text.
    """

    messages: tuple[Message, ...] = ()
    since: int = 1
    removed: frozenset[int] = frozenset()

    @property
    def has_older(self) -> bool:
        """Whether there may be older messages to ask for."""
        return self.since > 1 and len(self.messages) < MOST_MESSAGES

    def find(self, message: int) -> Message | None:
        """One that is held."""
        return next((one for one in self.messages if one.id == message), None)


def hear(chat: Chat, event: Event) -> Chat:
    """Folds an event, which comes in order."""
    if event.change.type == MessageSent.type:
        message = _message(event)
        newest = chat.messages[-1].id if chat.messages else 0
        if message is None or event.offset < chat.since or newest >= event.offset:
            return chat
        return _bounded(replace(chat, messages=(*chat.messages, message)))
    if isinstance(event.change, MessageRemoved):
        return _without(chat, event.change.message)
    return chat


def add_page(chat: Chat, before: int, limit: int, page: Sequence[Event], joined_at: int = 0) -> Chat:
    """Adds a page of older messages.

    Args:
        chat: What is held.
        before: What was asked for: messages before this offset. A page that does not end where the chat begins is left
            aside.
        limit: How many were asked for at most; fewer mean that there are no older ones.
        page: What came.
        joined_at: When the reader joined. What has no content from before may be withheld from newcomers, and is left
            out.
    """
    if before != chat.since:
        return chat
    told = [
        one for one in page
        if one.offset < before and (not isinstance(one.change, ContentLeftOut) or one.at >= joined_at)
    ]  # fmt: skip
    older = [message for event in told if (message := _message(event)) is not None]
    older = [replace(one, said=None) if one.id in chat.removed else one for one in older]
    is_last = len(page) < limit or not told
    since = 1 if is_last else min(before, *(one.offset for one in page))
    removed = frozenset(one for one in chat.removed if one < since)
    return _bounded(Chat((*sorted(older, key=lambda one: one.id), *chat.messages), since, removed))


def unread(chat: Chat, read_up_to: int, me: int) -> int:
    """How many messages of others came after the offset that was read up to."""
    return sum(one.id > read_up_to and one.participant != me and one.said is not None for one in chat.messages)


def is_addressed(message: Message) -> bool:
    """Whether it concerns lead or sweep rather than everybody."""
    return message.said is not None and message.said.to is not Addressee.ALL


def _message(event: Event) -> Message | None:
    if isinstance(event.change, MessageSent):
        return Message(event.offset, event.at, event.change.participant, event.change)
    if event.change.type != MessageSent.type or event.by is None:
        return None
    return Message(event.offset, event.at, event.by, None)


def _without(chat: Chat, message: int) -> Chat:
    if message < chat.since:
        return replace(chat, removed=chat.removed | {message})
    return replace(chat, messages=tuple(replace(one, said=None) if one.id == message else one for one in chat.messages))


def _bounded(chat: Chat) -> Chat:
    if len(chat.messages) <= MOST_MESSAGES:
        return chat
    messages = chat.messages[-MOST_MESSAGES:]
    return replace(chat, messages=messages, since=messages[0].id)
