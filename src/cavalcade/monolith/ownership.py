"""Which sessions this node owns, and where the others are served.

PostgreSQL decides: the node that raises a session's epoch owns it, and no other can write to it any more. Redis helps
to find the owner, so that no session is taken from a node that is alive.
"""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import structlog
from redis.exceptions import RedisError

from cavalcade.monolith.node_leases import NodeLeases
from cavalcade.monolith.peers import NodeSilent, Peers
from cavalcade.monolith.placement import AskEverybody, AskForIt, Here, NodeLease, Sight, There, place, preferred
from cavalcade.server.live_storage.live_state import key
from cavalcade.server.live_storage.redis_link import Command, RedisLink
from cavalcade.server.processes.clock import moment
from cavalcade.storage.errors import Unavailable
from cavalcade.storage.sessions import SessionStore
from cavalcade.storage.stored import Stored

OWNER_S: Final = 32 * 86_400
"""How long it is noted who owns a session, where nobody takes the note away: longer than any session lives."""

_TRIES: Final = 3

# KEYS the note; ARGV epoch, life, seconds. The newest epoch wins.
_NOTE: Final = """
local old = redis.call('GET', KEYS[1])
if old and tonumber(string.match(old, '^%d+')) > tonumber(ARGV[1]) then return 0 end
return redis.call('SET', KEYS[1], ARGV[1] .. ' ' .. ARGV[2], 'EX', ARGV[3])
"""

# KEYS the note; ARGV what it must be.
_ERASE: Final = """
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
"""

_log = structlog.get_logger(__name__)


class Elsewhere(Exception):
    """The session is served by another node."""


@dataclass(slots=True)
class Counts:
    """What has happened since the start."""

    taken_over: int = 0
    superseded: int = 0
    handed_over: int = 0


class Ownership:
    """The sessions of this node."""

    def __init__(
        self, store: SessionStore, leases: NodeLeases, link: RedisLink, peers: Peers, superseded: Callable[[str], None]
    ) -> None:
        """Starts without any.

        Args:
            store: PostgreSQL.
            leases: Who the others are.
            link: Redis, for writing without waiting.
            peers: The others.
            superseded: Called for a session that somebody else owns now: it must go from here unwritten.
        """
        self.held: dict[str, int] = {}
        """The epoch of each session of this node."""
        self.claimed_at: dict[str, float] = {}
        """When each was taken over, or somebody last asked for it here by themselves; by `leases.moment`."""
        self.counts = Counts()
        self._store, self._leases, self._link, self._peers = store, leases, link, peers
        self._superseded = superseded
        self._wanted: dict[str, asyncio.Future[NodeLease | None]] = {}
        self._batches: set[asyncio.Task[None]] = set()

    def note_arrival(self, session_id: str) -> None:
        """Notes that somebody asked for a session of this node here, not passed on by another one."""
        if session_id in self.held:
            self.claimed_at[session_id] = moment()

    async def locate(self, session_id: str) -> NodeLease | None:
        """Finds the node that serves a session; None where that is this one, or nobody yet.

        Raises:
            Unavailable: Where that cannot be known now.
        """
        if session_id in self.held:
            return None
        future = self._wanted.get(session_id)
        if future is None:
            if not self._wanted:
                batch = asyncio.create_task(self._locate_wanted())
                self._batches.add(batch)
                batch.add_done_callback(self._batches.discard)
            future = self._wanted[session_id] = asyncio.get_running_loop().create_future()
        return await asyncio.shield(future)

    async def take_over(self, session_ids: Collection[str]) -> Mapping[str, Stored | Exception]:
        """Reads sessions and makes this node their owner, where nobody else is.

        Returns:
            By id: the session with its new epoch, or as it ended; `Elsewhere` where another node serves it,
            `Unavailable` where that cannot be known. What is missing does not exist.

        Raises:
            Unavailable: Where PostgreSQL is away.
        """
        results: dict[str, Stored | Exception] = {}
        wanted = list(session_ids)
        for _ in range(_TRIES):
            stored = await self._store.load_many(wanted)
            results |= {name: one for name, one in stored.items() if one.state.ended is not None}
            living = {name: one for name, one in stored.items() if one.state.ended is None}
            results |= await self._obstacles(living)
            wanted = [name for name in living if name not in results]
            if wanted:
                taken = await self._move_on({name: living[name] for name in wanted})
                results |= taken
                wanted = [name for name in wanted if name not in taken]
            if not wanted:
                break
        return results | {name: Unavailable("somebody else takes the session over") for name in wanted}

    def let_go(self, session_id: str) -> None:
        """Owns a session no more, and says so."""
        epoch = self.held.pop(session_id, None)
        self.claimed_at.pop(session_id, None)
        if epoch is not None:
            note = f"{epoch} {self._leases.me.life}"
            self._link.tell([("EVAL", _ERASE, 1, key(session_id, "owner"), note)])

    def rewrite(self) -> None:
        """Notes all sessions of this node in Redis again: it may have forgotten them."""
        self._link.tell([self._note(name, epoch) for name, epoch in self.held.items()])

    async def check(self) -> None:
        """Compares all epochs with PostgreSQL, and gives up what somebody else owns by now.

        Raises:
            Unavailable: Where PostgreSQL is away.
        """
        before = dict(self.held)
        if not before:
            return
        now = await self._store.offsets(before)
        for session_id, epoch in before.items():
            # One that this node takes over again at this moment is not in `held`, or with another epoch.
            if session_id in now and now[session_id][0] != epoch and self.held.get(session_id) == epoch:
                self._give_up(session_id)

    def _give_up(self, session_id: str) -> None:
        del self.held[session_id]
        self.claimed_at.pop(session_id, None)
        self.counts.superseded += 1
        _log.warning("session_superseded")
        self._superseded(session_id)

    async def _obstacles(self, stored: Mapping[str, Stored]) -> dict[str, Exception]:
        """What keeps this node from owning sessions; nothing for those that it may take over."""
        strange = {}
        obstacles: dict[str, Exception] = {}
        for name, one in stored.items():
            held = self.held.get(name)
            if held is None:
                strange[name] = one.epoch
            elif held != one.epoch:
                self._give_up(name)
                obstacles[name] = Elsewhere()
        if strange:
            for name, found in (await self._find(strange)).items():
                if isinstance(found, NodeLease):
                    obstacles[name] = Elsewhere()
                elif found is not None:
                    obstacles[name] = found
        return obstacles

    async def _move_on(self, sessions: Mapping[str, Stored]) -> dict[str, Stored]:
        """Gives sessions their next epoch, those that are still as they were read."""
        held = {name: self.held.pop(name) for name in sessions if name in self.held}
        try:
            taken = await self._store.take_over(list(sessions.values()))
        except Unavailable:
            self.held |= held
            raise
        now = moment()
        for name, one in taken.items():
            self.held[name] = one.epoch
            self.claimed_at.setdefault(name, now)
        self.held |= {name: epoch for name, epoch in held.items() if name not in taken}
        self.counts.taken_over += sum(name not in held for name in taken)
        self._link.tell([self._note(name, one.epoch) for name, one in taken.items()])
        return taken

    def _note(self, session_id: str, epoch: int) -> Command:
        return ("EVAL", _NOTE, 1, key(session_id, "owner"), epoch, self._leases.me.life, OWNER_S)

    # Finding owners.

    async def _locate_wanted(self) -> None:
        """Locates all sessions that are asked for in one moment together."""
        await asyncio.sleep(0)
        batch, self._wanted = self._wanted, {}
        found = await self._find(dict.fromkeys(batch))
        for name, future in batch.items():
            where = found[name]
            if future.done():
                continue
            if isinstance(where, Exception):
                future.set_exception(where)
                future.exception()  # counts as read: where nobody waits any more, asyncio need not report it
            else:
                future.set_result(where)

    async def _find(self, epochs: Mapping[str, int | None]) -> dict[str, NodeLease | Exception | None]:
        """Finds who serves sessions, by their epochs where those are known; None where nobody does."""
        try:
            sights = await self._leases.look(epochs)
        except (RedisError, OSError):
            sights = dict.fromkeys(epochs, Sight(None, self._leases.others, is_trusted=False))
        found = await asyncio.gather(*(self._one(name, epochs[name], sights[name]) for name in epochs))
        return dict(zip(epochs, found, strict=True))

    async def _one(self, session_id: str, epoch: int | None, sight: Sight) -> NodeLease | Exception | None:
        where = place(session_id, sight, epoch=epoch, is_draining=self._leases.me.is_draining)
        try:
            match where:
                case Here():
                    return None
                case There(lease):
                    return lease
                case AskForIt(lease):
                    return None if await self._peers.ask_for(lease, session_id) else lease
                case AskEverybody():
                    return await self._ask_everybody(session_id, list(sight.others.values()))
        except NodeSilent:
            return Unavailable("a node that may serve the session does not answer")

    async def _ask_everybody(self, session_id: str, others: Sequence[NodeLease]) -> NodeLease | Exception | None:
        """Asks the nodes themselves: for Redis cannot be relied on now."""
        if not self._leases.has_seen:
            return Unavailable("nothing is known of other nodes yet")
        answers = await asyncio.gather(*(self._peers.holds(lease, session_id) for lease in others))
        nobody = preferred(session_id, others) if self._leases.me.is_draining else None
        return next((lease for lease, holds in zip(others, answers, strict=True) if holds), nobody)
