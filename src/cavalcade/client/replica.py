"""A client's copy of a session: its state, the newest positions, and who is connected. Pure, without I/O."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from cavalcade.domain import session
from cavalcade.domain.events import Event
from cavalcade.domain.fix import Position, is_newer
from cavalcade.domain.model import SessionState
from cavalcade.wire.errors import DecodeError

PresenceRefs = dict[int, set[str]]

AHEAD_MS: Final = 5_000
"""No position is taken so long after it is sent: frames of several processes may differ by less."""


class Gap(Exception):
    """An event is missing before the one that came: only a snapshot helps."""


@dataclass(slots=True)
class Replica:
    """What one client knows.

    Attributes:
        state: Folded by the domain's `evolve`; None before the first join.
        positions: The newest of everybody who is in the session and shares.
        present: Who is connected now. While this client itself is not, what it last heard.
        reached: Up to which event the chat has been on whose screen; of some it is not known.
    """

    state: SessionState | None = None
    positions: dict[int, Position] = field(default_factory=dict)
    present: frozenset[int] = frozenset()
    reached: dict[int, int] = field(default_factory=dict)
    _refs: PresenceRefs | None = None
    _early_diffs: list[tuple[PresenceRefs, PresenceRefs]] = field(default_factory=list)

    def replace_state(self, state: SessionState) -> None:
        """Starts again from a snapshot."""
        self.state = state
        self.positions = {who: where for who, where in self.positions.items() if self._shows(who)}

    def fold(self, event: Event) -> bool:
        """Folds the next event into the state; a position that it withdraws disappears.

        Returns:
            False where the event was known already.

        Raises:
            Gap: An event before this one is missing.
        """
        if self.state is None or event.offset > self.state.offset + 1:
            raise Gap
        if event.offset <= self.state.offset:
            return False
        self.state = session.evolve(self.state, event)
        what = session.effects(event.change)
        if what.withdraws is not None:
            self.positions.pop(what.withdraws, None)
        if what.dismisses is not None:
            self.reached.pop(what.dismisses, None)
        return True

    def replace_positions(self, positions: Iterable[tuple[int, Position]], server_time: int) -> None:
        """Takes the newest positions of everybody that the server has: who is not among them has none.

        Args:
            positions: (participant, position) pairs. A newer one that is known already stays.
            server_time: When they were sent, ms since the epoch.
        """
        self.positions = {
            who: where if self._is_newer(who, where, server_time) else self.positions[who]
            for who, where in positions
            if self._shows(who)
        }

    def merge_positions(self, positions: Iterable[tuple[int, Position]], server_time: int) -> dict[int, Position]:
        """Takes the newest positions of some.

        Args:
            positions: (participant, position) pairs.
            server_time: When they were sent, ms since the epoch.

        Returns:
            Those that were taken: of participants who are known and share, and not older than what was there.
        """
        taken = {who: where for who, where in positions if self._shows(who) and self._is_newer(who, where, server_time)}
        self.positions.update(taken)
        return taken

    def _is_newer(self, who: int, where: Position, server_time: int) -> bool:
        known = self.positions.get(who)
        # One that lies ahead is from before the server's clock was set back.
        return is_newer(where, known) or (known is not None and known.fix_time > server_time + AHEAD_MS)

    def merge_reached(self, payload: object) -> None:
        """Takes a broadcast of `reached`: of each participant that it names up to where, null for not known any more.

        Raises:
            DecodeError: It is not one.
        """
        if not isinstance(payload, dict):
            raise DecodeError("reached must be an object")
        for key, told in payload.items():
            who = _participant(key)
            offset = told.get("offset") if isinstance(told, dict) else None
            if told is None or self.state is None or who not in self.state.participants:
                self.reached.pop(who, None)
            elif isinstance(offset, int):
                self.reached[who] = offset
            else:
                raise DecodeError("reached must say offsets")

    def forget_presence(self) -> None:
        """Expects a whole new presence: differences that come before it are kept until it is there."""
        self.reached.clear()
        self._refs = None
        self._early_diffs.clear()

    def replace_presence(self, payload: object) -> None:
        """Takes a `presence_state`.

        Raises:
            DecodeError: It is not one.
        """
        self._refs = _presence(payload)
        for joins, leaves in self._early_diffs:
            _apply(self._refs, joins, leaves)
        self._early_diffs.clear()
        self.present = frozenset(self._refs)

    def change_presence(self, payload: object) -> None:
        """Takes a `presence_diff`.

        Raises:
            DecodeError: It is not one.
        """
        if not isinstance(payload, dict):
            raise DecodeError("a presence_diff must be an object")
        joins, leaves = _presence(payload.get("joins", {})), _presence(payload.get("leaves", {}))
        if self._refs is None:
            self._early_diffs.append((joins, leaves))
            return
        _apply(self._refs, joins, leaves)
        self.present = frozenset(self._refs)

    def _shows(self, participant: int) -> bool:
        known = None if self.state is None else self.state.participants.get(participant)
        return known is not None and known.sharing


def _apply(refs: PresenceRefs, joins: PresenceRefs, leaves: PresenceRefs) -> None:
    for who, added in joins.items():
        refs.setdefault(who, set()).update(added)
    for who, removed in leaves.items():
        if who in refs:
            refs[who] -= removed
            if not refs[who]:
                del refs[who]


def _presence(payload: object) -> PresenceRefs:
    if not isinstance(payload, dict):
        raise DecodeError("presence must be an object")
    return {_participant(key): set(_refs(entry)) for key, entry in payload.items()}


def _participant(key: str) -> int:
    if not (key.isascii() and key.isdigit()):
        raise DecodeError("presence must be keyed by participants' ids")
    return int(key)


def _refs(entry: object) -> Iterable[str]:
    metas = entry.get("metas") if isinstance(entry, Mapping) else None
    if not isinstance(metas, list):
        raise DecodeError("presence must hold metas")
    for meta in metas:
        ref = meta.get("phx_ref") if isinstance(meta, Mapping) else None
        if not isinstance(ref, str):
            raise DecodeError("a presence meta must have a phx_ref")
        yield ref
