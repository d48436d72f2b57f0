"""The nodes' leases in Redis: who is there, where, and whether this node may still be taken for alive.

A lease is short and renewed all the time. It only helps to find owners; what fences a stale one is the epoch in
PostgreSQL. Times in Redis are Redis' own, so that the nodes' clocks need not agree.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Final, cast

import msgspec
import redis.asyncio
import structlog
from redis.exceptions import ReadOnlyError, RedisError

from cavalcade.monolith.placement import NodeLease, Owner, Sight
from cavalcade.server.live_storage.live_state import key
from cavalcade.server.live_storage.redis_link import Command
from cavalcade.server.live_storage.refusals import Refusals
from cavalcade.server.processes.clock import moment

LEASE_S: Final = 3.0
"""How long a lease stands."""

RENEW_S: Final = 0.5
ANSWER_S: Final = 1.0
"""How long Redis has for an answer."""

NODES: Final = "cavalcade:nodes"
"""The hash of all leases, by the nodes' names: until when each stands (ms, by Redis' clock), and the lease."""

# KEYS the hash; ARGV name, lease, ms that it stands, life, 1 at a node's start: then it takes the name from the life
# that had it. Answers what was there before, the time, and all leases. Leases that ended an hour ago are removed, and
# those that stand longer than a lease can, because Redis' clock was set back: nodes that are alive take theirs again.
_RENEW: Final = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local before = redis.call('HGET', KEYS[1], ARGV[1]) or ''
if ARGV[5] == '1' or before == '' or string.find(before, ARGV[4], 1, true) then
  redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f ', now + ARGV[3]) .. ARGV[2])
end
local all = redis.call('HGETALL', KEYS[1])
for i = 1, #all, 2 do
  local stands = tonumber(string.match(all[i + 1], '^%d+'))
  if stands < now - 3600000 or stands > now + ARGV[3] then redis.call('HDEL', KEYS[1], all[i]) end
end
return {before, string.format('%.0f', now), all}
"""

# KEYS the hash; ARGV name, life.
_RETURN: Final = """
local mine = redis.call('HGET', KEYS[1], ARGV[1])
if mine and string.find(mine, ARGV[2], 1, true) then return redis.call('HDEL', KEYS[1], ARGV[1]) end
return 0
"""

_log = structlog.get_logger(__name__)


class NameTaken(Exception):
    """Another node runs under the same name; only one of them may."""


class NodeLeases:
    """This node's lease, and its view of the others'."""

    def __init__(
        self,
        client: redis.asyncio.Redis,
        me: NodeLease,
        *,
        forgotten: Callable[[], None] = lambda: None,
        before_renewal: Callable[[], object] = lambda: None,
        refusals: Refusals | None = None,
    ) -> None:
        """Starts without a lease; `run` takes it and renews it.

        Args:
            client: The caller's connection.
            me: What the lease says.
            forgotten: Called when Redis has lost its memory, or its clock was set: all that this node keeps there is
                written again.
            before_renewal: Called before each renewal, while the lease stands or does not.
            refusals: Told of every error reply.
        """
        self.me = me
        self.others: Mapping[str, NodeLease] = {}
        """The other nodes by their lives, as last seen; while Redis is away, as they were before."""
        self.stands_until = 0.0
        """Until when nobody can take this node for dead, by `moment`."""
        self._client, self._refusals = client, refusals or Refusals()
        self._forgotten, self._before_renewal = forgotten, before_renewal
        self._trusted_from = 0.0
        self._gone: set[str] = set()

    @property
    def has_seen(self) -> bool:
        """Whether Redis has ever told this node of the others."""
        return self.stands_until > 0

    async def run(self) -> None:
        """Renews the lease until cancelled.

        Raises:
            NameTaken: Where another node has taken the name since.
        """
        is_lost = False
        while True:
            try:
                await self.renew()
            except (RedisError, OSError) as error:
                if not is_lost:
                    _log.warning("lease_not_renewed", error=type(error).__name__)
                is_lost = True
                self._refusals.note_any(error)
                if isinstance(error, ReadOnlyError):  # the address may lead to another server by now
                    await self._client.connection_pool.disconnect(inuse_connections=False)
            else:
                is_lost = False
            await asyncio.sleep(RENEW_S)

    async def renew(self) -> None:
        """Renews the lease once.

        Raises:
            NameTaken: Where another node has taken the name since.
            RedisError: Where Redis is away.
            OSError: Where it does not answer.
        """
        self._before_renewal()
        begun, had_one = moment(), self.has_seen
        me = msgspec.json.encode(self.me)
        arguments = (self.me.name, me, round(LEASE_S * 1000), self.me.life, int(not had_one))
        (answer,) = await self._ask([("EVAL", _RENEW, 1, NODES, *arguments)])
        before, now, everybody = cast("tuple[bytes, bytes, object]", answer)
        is_forgotten = had_one and not before
        if had_one and before:
            stood_until, previous = _read_lease(before)
            if previous.life != self.me.life:
                _log.error("node_name_taken", node=self.me.name)
                raise NameTaken(f"another node is called {self.me.name} as well")
            stands_here = begun < self.stands_until
            is_forgotten = stood_until > int(now) + LEASE_S * 1000 or (stands_here and stood_until < int(now))
        if is_forgotten:
            self.distrust()
        self._look_at(everybody, int(now))
        self.stands_until = begun + LEASE_S
        if is_forgotten:
            self._forgotten()

    async def drain(self) -> None:
        """Tells the others that this node is about to stop, if Redis is there."""
        self.me = replace(self.me, is_draining=True)
        try:
            await self.renew()
        except (RedisError, OSError, NameTaken):
            _log.warning("drain_not_announced")

    async def give_back(self) -> None:
        """Ends the lease, if Redis is there."""
        try:
            await self._ask([("EVAL", _RETURN, 1, NODES, self.me.name, self.me.life)])
        except (RedisError, OSError):
            _log.warning("lease_not_given_back")

    def distrust(self) -> None:
        """Notes that Redis may have lost its memory: the other nodes need a while to write theirs again."""
        self._trusted_from = moment() + LEASE_S

    def note_gone(self, lease: NodeLease) -> None:
        """Notes that a node is not there any more, though its lease stands."""
        self._gone.add(lease.life)
        self.others = {life: other for life, other in self.others.items() if life != lease.life}

    async def look(self, session_ids: Iterable[str]) -> dict[str, Sight]:
        """Looks up who owns sessions.

        Raises:
            RedisError: Where Redis is away.
            OSError: Where it does not answer.
        """
        if not self.has_seen:
            await self.renew()
        wanted = list(session_ids)
        commands: list[Command] = [("GET", key(session_id, "owner")) for session_id in wanted]
        *owners, everybody, now = await self._ask([*commands, ("HGETALL", NODES), ("TIME",)])
        assert isinstance(now, tuple | list)
        self._look_at(everybody, int(now[0]) * 1000 + int(now[1]) // 1000)
        is_trusted = self.has_seen and moment() >= self._trusted_from
        return {
            session_id: Sight(_read_owner(owner), self.others, is_trusted)
            for session_id, owner in zip(wanted, owners, strict=True)
        }

    def _look_at(self, everybody: object, now: int) -> None:
        """Takes all leases for the view of the others; while Redis may have lost some, those seen before stay in it."""
        if isinstance(everybody, list):
            everybody = dict(zip(everybody[::2], everybody[1::2], strict=True))
        assert isinstance(everybody, dict)
        standing = [lease for until, lease in map(_read_lease, everybody.values()) if until > now]
        if self.has_seen and not any(lease.life == self.me.life for lease in standing):
            self.distrust()
        seen = {lease.name: lease for lease in self.others.values()} if moment() < self._trusted_from else {}
        seen |= {lease.name: lease for lease in standing}
        self._gone &= {lease.life for lease in seen.values()}
        self.others = {
            lease.life: lease for lease in seen.values() if lease.name != self.me.name and lease.life not in self._gone
        }

    async def _ask(self, commands: Iterable[Command]) -> list[object]:
        async with asyncio.timeout(ANSWER_S), self._client.pipeline(transaction=False) as pipeline:
            for command in commands:
                pipeline.execute_command(*command)
            return await pipeline.execute()


def _read_lease(value: bytes) -> tuple[int, NodeLease]:
    until, _, lease = value.partition(b" ")
    return int(until), msgspec.json.decode(lease, type=NodeLease)


def _read_owner(value: object) -> Owner | None:
    if not isinstance(value, bytes):
        return None
    epoch, _, life = value.decode().partition(" ")
    return Owner(int(epoch), life)
