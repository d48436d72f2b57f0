"""The seam between what both backends share and what sets them apart.

A backend owns live state: it serialises changes, fans them out, and knows the newest positions and who is connected.
Everything else (frames, HTTP, tokens, limits, durable storage) is common and stays on this side.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from cavalcade.domain.events import Event
from cavalcade.domain.fix import Position
from cavalcade.domain.model import SessionState
from cavalcade.domain.operations import Operation
from cavalcade.server.live.send_queue import SendQueue
from cavalcade.storage.stored import Stored
from cavalcade.wire.messages import Since

MAX_MISSED: Final = 1000
"""A client further behind than this many events gets a snapshot."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """That an operation is stored.

    Attributes:
        offset: The session's newest event, which is the operation's own last one where it made any.
        state: The session after it; for a repeated operation as it is now.
        participant: Whom a `Join` let in.
        accepted: How many fixes of a `SendFixes` were valid.
    """

    offset: int
    state: SessionState
    participant: int | None = None
    accepted: int | None = None


@dataclass(frozen=True, slots=True)
class Attachment:
    """What somebody who attaches starts from; whatever happens later reaches their send queue.

    Attributes:
        state: The session, folded up to `state.offset`.
        events: Those after the offset that was asked for, or None where a snapshot is due: none was asked for, it lies
            too far back or ahead, or its event is one of another history.
        positions: The newest of everybody who shares, by participant.
        present: How many connections each connected participant has, by their presence refs.
        broadcasts: The newest that they may read: for each event its keys with their payload.
    """

    state: SessionState
    events: Sequence[Event] | None
    positions: Mapping[int, Position]
    present: Mapping[int, Sequence[str]] = field(default_factory=dict)
    broadcasts: Mapping[str, Mapping[str, object]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Neighbour:
    """Somebody near by: where, and how far off in metres."""

    participant: int
    position: Position
    distance: float


class Backend(Protocol):
    """Who owns live state. `services.backend` and `monolith.backend` implement it."""

    name: str

    async def attach(self, session_id: str, send_queue: SendQueue, since: Since | None) -> Attachment:
        """Subscribes a send queue and returns what it starts from, with nothing lost or doubled in between.

        Args:
            session_id: Which session.
            send_queue: Where later changes go; its participant must be in the session.
            since: Up to where the client knows the session, or None for a snapshot.

        Raises:
            Rejected: `session_not_found`, `unauthorized` or `unavailable`.
        """

    def detach(self, session_id: str, send_queue: SendQueue) -> None:
        """Ends the subscription; unknown send queues are ignored."""

    async def submit(self, session_id: str, operation: Operation, known: Stored | None = None) -> Receipt:
        """Carries out an operation; it is stored when this returns.

        Args:
            session_id: Which session.
            operation: What is asked for.
            known: The session as the caller has just read it, so that it need not be read once more; it may be old.

        Raises:
            Rejected: With the code of the rule that refuses it; `unavailable` where it may or may not have happened
                and the same `op_id` settles it.
        """

    def report(self, session_id: str, participant: int, position: Position) -> None:
        """Takes a position from an attached participant. Never blocks, never fails."""

    def broadcast(
        self, session_id: str, event: str, payload: Mapping[str, object] | None, audience: str | None, key: str
    ) -> None:
        """Tells those who are connected something that is not stored. Never blocks; where nobody is, it is dropped.

        Of each event and key the newest counts: slow readers get that one, and so do those who come within ten minutes.
        What a process knows of broadcasts is gone with it, or with the session.

        Args:
            session_id: Which session.
            event: The name under which clients get it, which is that of no durable event.
            payload: JSON for the clients, at most `live.broadcasts.MAX_PAYLOAD` bytes; None withdraws the key.
            audience: Who may read it, the same for all broadcasts of an event.
            key: What it is about, such as a participant's id.

        Raises:
            ValueError: Where a name or the payload is beyond its bounds.
        """

    async def positions(self, session_id: str) -> Mapping[int, Position]:
        """The newest positions of everybody who shares.

        Raises:
            Rejected: `unavailable`.
        """

    async def nearby(self, session_id: str, participant: int, radius_m: float) -> Sequence[Neighbour]:
        """Who is within a radius of a participant's own position, nearest first, oneself left out.

        Raises:
            Rejected: `unavailable`.
        """

    async def missing(self) -> str | None:
        """Which part is away that serving needs (`database`, `redis`), or None when all is there."""
