"""Durable changes: what happened in a session, in the order of offsets."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from cavalcade.domain.audience import may_read
from cavalcade.domain.feature import Change
from cavalcade.domain.features.chat import CHAT, SessionChat
from cavalcade.domain.model import SessionState


@dataclass(frozen=True, slots=True)
class UnknownChange(Change):
    """A type of event that this version does not know: it moves the offset, and is remembered by its type.

    Attributes:
        data: What it came with, so that it can be passed on whole to those who know it.
    """

    type: str  # type: ignore[misc]  # each one has its own
    data: object = None

    def evolve(self, state: SessionState) -> SessionState:
        """What it changed is missing from now on."""
        return replace(state, unknown=state.unknown | {self.type})


@dataclass(frozen=True, slots=True)
class ContentLeftOut(Change):
    """The content of an event is not there: it was scrubbed, or is not for this reader. Only the offset moves."""

    type: str  # type: ignore[misc]  # each one has its own

    def evolve(self, state: SessionState) -> SessionState:
        """Nothing."""
        return state


@dataclass(frozen=True, slots=True)
class Event:
    """One change in its place. All but the change itself must be obeyed also where its type is not known.

    Attributes:
        offset: Its number in the session, from 1, without holes.
        at: When it was decided, ms since the epoch.
        by: The participant who caused it; None for the system (expiry).
        op_id: The operation's id as its client chose it, where it came over a socket.
        change: What happened.
        mark: Chosen at random when it was appended: two histories that part, as after a restore from a backup, have
            different marks at the same offset. None where it was appended by a version that knew no marks.
        audience: Who may read the change; see `audience`.
        scrubs: The offsets of earlier events whose content goes.
    """

    offset: int
    at: int
    by: int | None
    op_id: str | None
    change: Change
    mark: str | None = None
    audience: str | None = None
    scrubs: tuple[int, ...] = ()

    @property
    def has_content(self) -> bool:
        """Whether its content is there."""
        return not isinstance(self.change, ContentLeftOut)

    def without_content(self) -> "Event":
        """The same in its place, without what happened."""
        return replace(self, change=ContentLeftOut(self.change.type))


def read_by(events: Sequence[Event], reader: int, state: SessionState) -> list[Event]:
    """Events that follow each other, up to the newest, as somebody may read them.

    Where their own joining is among the events, those before it are from before it, and newcomers read some of them.

    Args:
        events: The events. Where one scrubs an earlier one, that is without its content, too.
        reader: The participant who reads them.
        state: The session as it is now.
    """
    left_out = {offset for event in events for offset in event.scrubs}
    joining = next((place for place, event in enumerate(events) if event.change.effects().admits == reader), 0)
    from_before = [event.offset for event in events[:joining] if event.audience == CHAT]
    shown = state.features.of(SessionChat).shown_from_before
    if shown is not None:
        left_out.update(from_before[: max(0, len(from_before) - shown)])
    return [
        event if event.offset not in left_out and may_read(event.audience, reader, state) else event.without_content()
        for event in events
    ]
