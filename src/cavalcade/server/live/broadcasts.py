"""Short-lived news of a session that are not stored: of each key the newest, within bounds. Pure, without I/O.

Processes that take the same news end with the same, in whatever order and however often they come: the later one wins,
and a key that was withdrawn is kept as such for as long as its news would be, so that an older one does not bring it
back.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

MAX_PAYLOAD: Final = 512
"""The longest payload of one broadcast, bytes of JSON."""

MAX_NAME: Final = 64
"""The longest name of an event or a key, characters; both are visible ASCII."""

MAX_KEYS: Final = 512
"""How many keys a session keeps, of all events together; where there are more, the oldest go."""

AHEAD_MS: Final = 1_000
"""By how much the clocks of two machines may differ; what lies further ahead was made by one that was wrong."""

KEPT_MS: Final = 600_000
"""For how long a broadcast is given to those who come later, ms."""


@dataclass(frozen=True, slots=True)
class Broadcast:
    """One piece of news.

    Attributes:
        event: The name under which clients get it.
        key: What it is about; the newest of each event and key counts.
        audience: Who may read it, as `domain.audience` says; the same for all broadcasts of an event.
        at: When it was sent, ms since the epoch.
        payload: What clients read; None where the key is withdrawn.
    """

    event: str
    key: str
    audience: str | None
    at: int
    payload: Mapping[str, object] | None

    def __post_init__(self) -> None:
        """Checks the bounds.

        Raises:
            ValueError: Where a name or the payload is beyond them, or the payload is no JSON.
        """
        for name in (self.event, self.key):
            if not (0 < len(name) <= MAX_NAME and all("!" <= character <= "~" for character in name)):
                raise ValueError(f"events and keys of broadcasts must be 1 to {MAX_NAME} visible ASCII characters")
        if self.at < 0:
            raise ValueError("a broadcast must have been sent at some time")
        try:
            size = len(json.dumps(self.payload, allow_nan=False))
        except (TypeError, ValueError, RecursionError) as error:
            raise ValueError("the payload of a broadcast must be JSON") from error
        if size > MAX_PAYLOAD:
            raise ValueError(f"the payload of a broadcast must have at most {MAX_PAYLOAD} bytes")

    @property
    def slot(self) -> tuple[str, str]:
        """What it takes the place of."""
        return self.event, self.key

    @property
    def order(self) -> tuple[int, str, str]:
        """The greater one is the newer one; of one moment, too, there must be the same winner everywhere."""
        return self.at, self.audience or "", json.dumps(self.payload, sort_keys=True)


class Broadcasts:
    """The newest broadcast of each key in one session, and which of them are still to be sent."""

    __slots__ = ("_newest", "unsent")

    def __init__(self) -> None:
        """Starts without any."""
        self._newest: dict[tuple[str, str], Broadcast] = {}
        self.unsent: dict[tuple[str, str], bool] = {}
        """What is still to be sent, and whether it was made in this process."""

    def __len__(self) -> int:
        """How many keys are kept, withdrawn ones included."""
        return len(self._newest)

    def take(self, broadcast: Broadcast, now: int, *, is_own: bool = True) -> bool:
        """Takes a broadcast.

        Args:
            broadcast: The news.
            now: ms since the epoch.
            is_own: Whether it was made in this process; the others have those that were not.

        Returns:
            Whether it is the newest of its key and is kept, to be sent.
        """
        self._forget_old(now)
        if broadcast.at > now + AHEAD_MS:
            broadcast = replace(broadcast, at=now)
        if broadcast.at <= now - KEPT_MS:
            return False
        slot = broadcast.slot
        known = self._newest.get(slot)
        if known is not None and known.at <= now + AHEAD_MS and known.order >= broadcast.order:
            return False
        self._newest[slot] = broadcast
        self.unsent[slot] = is_own
        if len(self._newest) > MAX_KEYS:
            self._drop(min(self._newest.values(), key=lambda kept: (kept.at, kept.slot)).slot)
        return slot in self._newest

    def to_send(self) -> tuple[Sequence[Broadcast], Sequence[Broadcast]]:
        """What is to be sent: all of it, and that part which was made in this process."""
        newest = self._newest
        return [newest[slot] for slot in self.unsent], [newest[slot] for slot, own in self.unsent.items() if own]

    def mark_sent(self, broadcasts: Iterable[Broadcast]) -> None:
        """Notes that these have been sent."""
        for broadcast in broadcasts:
            self.unsent.pop(broadcast.slot, None)

    def current(self, now: int) -> Sequence[Broadcast]:
        """All that are kept, withdrawn keys included, at a time in ms since the epoch."""
        self._forget_old(now)
        return tuple(self._newest.values())

    def _forget_old(self, now: int) -> None:
        old = [slot for slot, kept in self._newest.items() if kept.at <= now - KEPT_MS]
        for slot in old:
            self._drop(slot)

    def _drop(self, slot: tuple[str, str]) -> None:
        del self._newest[slot]
        self.unsent.pop(slot, None)


def by_event(
    broadcasts: Iterable[Broadcast], may_read: Callable[[str | None], bool]
) -> dict[str, dict[str, Mapping[str, object] | None]]:
    """Broadcasts as a client reads them: for each event its keys with their newest payload, null where withdrawn.

    Args:
        broadcasts: Of each key the newest.
        may_read: Whether the client may read what is for an audience; the rest is left out.
    """
    events: dict[str, dict[str, Mapping[str, object] | None]] = {}
    for broadcast in broadcasts:
        if may_read(broadcast.audience):
            events.setdefault(broadcast.event, {})[broadcast.key] = broadcast.payload
    return events
