"""Connections that have not joined: how many there may be, and who makes room for the next.

A connection joins within moments or never does. So where too many wait, the one that has waited longest is the least
likely to be missed, and closing it keeps a flood from locking out those who mean to join.
"""

from collections import OrderedDict
from typing import Final, Generic, TypeVar

MOST_OF_ONE: Final = 16
"""Connections that one participant, or without a valid token one address, may have waiting."""

MOST_STRANGERS: Final = 1024
"""Connections without a valid token that may wait in one process. Those with one are bounded by their participants."""

_Connection = TypeVar("_Connection")


class JoinBacklog(Generic[_Connection]):
    """Who waits, in the order of coming."""

    def __init__(self) -> None:
        self._names: dict[_Connection, str] = {}
        self._waiting: dict[str, OrderedDict[_Connection, None]] = {}
        self._strangers: OrderedDict[_Connection, None] = OrderedDict()

    def __len__(self) -> int:
        """How many wait."""
        return len(self._names)

    def enter(self, connection: _Connection, name: str, *, stranger: bool) -> _Connection | None:
        """Lets a connection wait.

        Args:
            connection: Which; it must not wait already.
            name: Whose it is: a participant, or an address.
            stranger: Whether it has no valid token.

        Returns:
            Who must go for it, and waits no more.
        """
        self._names[connection] = name
        own = self._waiting.setdefault(name, OrderedDict())
        own[connection] = None
        if stranger:
            self._strangers[connection] = None
        if len(own) > MOST_OF_ONE:
            longest = next(iter(own))
        elif len(self._strangers) > MOST_STRANGERS:
            longest = next(iter(self._strangers))
        else:
            return None
        self.leave(longest)
        return longest

    def leave(self, connection: _Connection) -> None:
        """Forgets a connection that joined or has gone; one that does not wait is ignored."""
        name = self._names.pop(connection, "")
        self._strangers.pop(connection, None)
        own = self._waiting.get(name)
        if own is not None:
            own.pop(connection, None)
            if not own:
                del self._waiting[name]
