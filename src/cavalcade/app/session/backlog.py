"""Fixes that the server has not shown to have: kept in order, thinned out and bounded; pure."""

from collections.abc import Mapping, Sequence
from typing import Final

from cavalcade.domain.fix import Fix, quantised
from cavalcade.wire.errors import DecodeError
from cavalcade.wire.positions import fix_to_dict

MOST: Final = 300
"""Fewer than the 500 that one `fixes:send` takes: as JSON they must also fit into a frame of 64 kB."""

APART_MS: Final = 5_000
MOST_SENT: Final = 120
"""Two minutes of a fix a second: a connection that is dead is found out sooner."""

_FIELDS: Final = frozenset({"lat", "lon", "fix_time", "accuracy", "heading", "speed", "altitude", "battery"})


class Backlog:
    """Fixes taken while there was no connection, and those that were sent into one and not seen to arrive."""

    def __init__(self, fixes: Sequence[Fix] = ()) -> None:
        self._kept = list(fixes)
        self._sent: list[Fix] = []

    def __len__(self) -> int:
        return len(self._kept)

    def keep(self, fix: Fix) -> None:
        """Keeps a fix, unless one was kept a moment ago; when full, every second one goes, so that the way remains."""
        if self._kept and abs(_time(fix) - _time(self._kept[-1])) < APART_MS:
            return
        self._kept.append(fix)
        if len(self._kept) > MOST:
            self._kept = self._kept[::2]

    def sent(self, fix: Fix) -> None:
        """Notes a fix that went out over a connection: it may still be lost with it."""
        self._sent = [*self._sent[-(MOST_SENT - 1) :], fix]

    def shown(self, fix_time: int) -> None:
        """One's own position came back: whatever was sent up to then has arrived."""
        self._sent = [fix for fix in self._sent if _time(fix) > fix_time]

    def disconnected(self) -> None:
        """Keeps what was sent into the connection that is gone and never shown."""
        lost, self._sent = self._sent, []
        for fix in lost:
            self.keep(fix)

    def take(self) -> Sequence[Fix]:
        """Gives what was kept, the oldest first, and keeps nothing of it."""
        taken, self._kept = self._kept, []
        return taken

    def clear(self) -> None:
        """Forgets all, because sharing was paused."""
        self._kept, self._sent = [], []

    def to_list(self) -> list[Mapping[str, object]]:
        """As JSON can hold it, with what is still under way."""
        return [fix_to_dict(fix) for fix in (*self._kept, *self._sent)]

    @classmethod
    def from_list(cls, data: object) -> "Backlog":
        """Reads what `to_list` made.

        Raises:
            DecodeError: It is not that.
        """
        if not isinstance(data, list) or len(data) > MOST + MOST_SENT:
            raise DecodeError("the backlog must be an array")
        return cls([_fix(item) for item in data])


def _time(fix: Fix) -> int:
    return fix.fix_time or 0


def _fix(item: object) -> Fix:
    if not isinstance(item, dict) or not _FIELDS.issuperset(item) or not {"lat", "lon", "fix_time"}.issubset(item):
        raise DecodeError("a kept fix must have lat, lon and fix_time")
    numbers = [value for value in item.values() if value is not None]
    if not all(isinstance(value, int | float) and not isinstance(value, bool) for value in numbers):
        raise DecodeError("a kept fix consists of numbers")
    fix = Fix(**item)
    if not isinstance(fix.fix_time, int) or quantised(fix, fix.fix_time) is None:
        raise DecodeError("a kept fix must lie on the Earth")
    return fix
