"""Live state in Redis: the newest positions, the geospatial index, when hosts were last seen, and tombstones.

Every key carries the hash tag `{id}` and an expiry, so that nothing outlives its session even where nobody cleans up.
Redis expires by its own clock, so it is told for how long a key stays and not until when. The leases notice where that
clock is set; then everything is written again.
Redis away costs freshness elsewhere, never a session on this process: writes are repeated when it is back.
"""

import asyncio
import hashlib
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import redis.asyncio
from redis.exceptions import RedisError

from cavalcade.domain.errors import ErrorCode, Rejected
from cavalcade.domain.events import Event
from cavalcade.domain.fix import DEGREE, Position, is_newer, no_later
from cavalcade.domain.session import effects
from cavalcade.server.live_storage.redis_link import HELLO, Command, RedisLink
from cavalcade.server.live_storage.refusals import Refusals
from cavalcade.server.processes.clock import moment, now_ms
from cavalcade.wire.positions import pack_fix, unpack_fix

GEO_LATITUDE: Final = 85.05
"""Redis indexes no place beyond this latitude (Web Mercator's edge): GEOADD fails whole."""

GRACE_MS: Final = 10_000
"""How long keys outlive their session's expiry: steps of Redis' clock that go unnoticed are shorter than that."""

AHEAD_MS: Final = 1_000
"""By how much the clocks of two machines may differ; what lies further ahead was stored by one that was wrong."""

TOMBSTONE_S: Final = 45
"""How long writes for an ended session are refused; less than a minute, after which nothing may be stored."""

WRITE_INTERVAL_S: Final = 0.2
"""How long positions are gathered before they are written, seconds."""

ANSWER_S: Final = 2.0
"""How long Redis has for an answer: one that hangs must not be waited for without end."""

# KEYS positions, geo, ended; ARGV ms that the keys stay, the greatest time that is not ahead, then (participant, packed
# fix) each. The newest fix_time wins, wherever it was written from, unless it is ahead. The place is read from
# the packed fix, so that writers need not send it as text as well.
_WRITE: Final = f"""
if redis.call('EXISTS', KEYS[3]) == 1 then return 0 end
local present = tonumber(ARGV[2])
for i = 3, #ARGV, 2 do
  local time, lat, lon = struct.unpack('>I8i4i4', ARGV[i + 1])
  local old = redis.call('HGET', KEYS[1], ARGV[i])
  local stored = old and struct.unpack('>I8', old)
  if not old or stored <= time or stored > present then
    redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1])
    lat = math.max(-{GEO_LATITUDE}, math.min({GEO_LATITUDE}, lat / {DEGREE}))
    redis.call('GEOADD', KEYS[2], lon / {DEGREE}, lat, ARGV[i])
  end
end
redis.call('PEXPIRE', KEYS[1], ARGV[1])
redis.call('PEXPIRE', KEYS[2], ARGV[1])
return 1
"""
_WRITE_SHA: Final = hashlib.sha1(_WRITE.encode(), usedforsecurity=False).hexdigest()


def key(session_id: str, part: str) -> str:
    """The name of a session's key or channel."""
    return f"cavalcade:{{{session_id}}}:{part}"


def stays_ms(expires_at: int) -> int:
    """For how long a key of a session is kept from now on, by when the session expires (ms since the epoch)."""
    return expires_at + GRACE_MS - now_ms()


@dataclass(slots=True)
class _Dirty:
    expires_at: int
    positions: dict[int, Position]


@dataclass(slots=True)
class _Seen:
    expires_at: int
    moments: dict[int, int]


@dataclass(frozen=True, slots=True)
class Unwritten:
    """What a process had of a session at some moment which Redis may not have had."""

    withdrawn: frozenset[int]
    positions: Mapping[int, Position]

    def over(self, stored: Mapping[int, Position]) -> dict[int, Position]:
        """What Redis will hold once this is written, given what it holds now."""
        newest = {who: where for who, where in stored.items() if who not in self.withdrawn}
        for who, where in self.positions.items():
            if is_newer(where, newest.get(who)):
                newest[who] = where
        return newest


@dataclass(slots=True)
class _Batch:
    """What is written at once, of each session: withdrawals, then positions, then who was seen, then its deletion."""

    dirty: dict[str, _Dirty] = field(default_factory=dict)
    withdrawn: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    seen: dict[str, _Seen] = field(default_factory=dict)
    deleted: dict[str, float] = field(default_factory=dict)
    """Sessions, by the `clock.moment` until which what is written of them late is refused."""
    refused: set[str] = field(default_factory=set)
    """The sessions of which Redis has not carried out everything, once it has been told and has answered."""

    def __bool__(self) -> bool:
        return bool(self.dirty or self.withdrawn or self.seen or self.deleted)

    @property
    def session_ids(self) -> set[str]:
        return {*self.dirty, *self.withdrawn, *self.seen, *self.deleted}

    def put(self, session_id: str, expires_at: int, positions: Mapping[int, Position]) -> None:
        dirty = self.dirty.get(session_id)
        if dirty is None:
            self.dirty[session_id] = _Dirty(expires_at, dict(positions))
        else:
            dirty.expires_at = expires_at
            dirty.positions.update(positions)

    def withdraw(self, session_id: str, participant: int) -> None:
        if (dirty := self.dirty.get(session_id)) is not None:
            dirty.positions.pop(participant, None)
        self.withdrawn[session_id].add(participant)

    def note_seen(self, session_id: str, expires_at: int, moments: Mapping[int, int]) -> None:
        seen = self.seen.setdefault(session_id, _Seen(expires_at, {}))
        seen.expires_at = expires_at
        seen.moments.update(moments)

    def forget(self, session_id: str) -> None:
        """Drops what is written of a session, except for its deletion."""
        for part in (self.dirty, self.withdrawn, self.seen):
            part.pop(session_id, None)

    def take(self, session_id: str, later: "_Batch") -> None:
        """Takes in what was gathered of a session after it."""
        for participant in later.withdrawn.get(session_id, ()):
            self.withdraw(session_id, participant)
        if (dirty := later.dirty.get(session_id)) is not None:
            self.put(session_id, dirty.expires_at, dirty.positions)
        if (seen := later.seen.get(session_id)) is not None:
            self.note_seen(session_id, seen.expires_at, seen.moments)
        if (until := later.deleted.get(session_id)) is not None:
            self.delete(session_id, until)

    def delete(self, session_id: str, until: float = 0.0) -> None:
        self.deleted[session_id] = max(until, self.deleted.get(session_id, 0.0))

    def commands(self) -> list[tuple[str, Command]]:
        """What Redis is told, each command with the session that it is about."""
        commands: list[tuple[str, Command]] = []
        for session_id, participants in self.withdrawn.items():
            commands += [(session_id, command) for command in _withdrawal(session_id, participants)]
        commands += [(name, _write(name, dirty.expires_at, dirty.positions)) for name, dirty in self.dirty.items()]
        for session_id, seen in self.seen.items():
            commands += [(session_id, command) for command in _seen(session_id, seen)]
        at = moment()
        for session_id, until in self.deleted.items():
            if (left_ms := round((until - at) * 1000)) > 0:
                commands.append((session_id, ("SET", key(session_id, "ended"), 1, "PX", left_ms)))
            commands.append((session_id, _deletion(session_id)))
        if self.dirty:  # cheap, and Redis may have forgotten it without a word
            commands.insert(0, (next(iter(self.dirty)), ("SCRIPT", "LOAD", _WRITE)))
        return commands


class LivePositionWriter:
    """Gathers positions of all sessions of a process and writes them in one batch."""

    def __init__(self, link: RedisLink, may_write: Callable[[], bool] = lambda: True) -> None:
        """Writes over a link of the caller's.

        Args:
            link: The caller's.
            may_write: Asked before each write; what may not be written yet waits.
        """
        self._link, self._may_write = link, may_write
        self._gathered = _Batch()
        self._told: deque[_Batch] = deque()
        """What Redis has been told and has not answered yet: with the connection it may be lost."""
        self._has_answered = asyncio.Event()

    def connected(self) -> None:
        """Must be called whenever the link stands (again): what waits is written at once."""
        self.flush()

    def put(self, session_id: str, expires_at: int, positions: Mapping[int, Position]) -> None:
        """Notes positions to be written; a later one of the same participant replaces the earlier."""
        self._gathered.put(session_id, expires_at, positions)

    def unwritten(self, session_id: str) -> Unwritten:
        """What has been noted of a session and may not be in Redis yet.

        Code that reads positions must ask for this first, and lay it over what it reads: it reads over another
        connection than this writes over.
        """
        noted = _Batch()
        for batch in (*self._told, self._gathered):
            noted.take(session_id, batch)
        dirty = noted.dirty.get(session_id)
        return Unwritten(frozenset(noted.withdrawn.get(session_id, ())), {} if dirty is None else dirty.positions)

    def withdraw(self, session_id: str, participant: int) -> None:
        """Takes a position out, also one that waits to be written."""
        self._gathered.withdraw(session_id, participant)

    def forget(self, session_id: str) -> None:
        """Drops what waits for a session that ended."""
        for batch in (*self._told, self._gathered):
            batch.forget(session_id)

    def announce(self, publication: Command, session_id: str, events: Iterable[Event]) -> None:
        """Publishes events, after the withdrawals that go with them."""
        for event in events:
            what = effects(event.change)
            for who in {what.withdraws, what.starts_over}:
                if who is not None:
                    self.withdraw(session_id, who)
        self.tell([publication])

    def seen(self, session_id: str, participant: int, at: int, expires_at: int) -> None:
        """Notes when somebody was last connected, ms since the epoch."""
        self._gathered.note_seen(session_id, expires_at, {participant: at})

    def end(self, *session_ids: str) -> None:
        """Deletes all of sessions that ended, and refuses late writes for a while; as soon as Redis is there."""
        until = moment() + TOMBSTONE_S  # a moment, not a length: told late, it must not last longer
        for session_id in session_ids:
            self.forget(session_id)
            self._gathered.delete(session_id, until)
        self.flush()

    def tell(self, commands: Sequence[Command]) -> None:
        """Tells Redis something at once, after what has been gathered; nothing where it is away."""
        self.flush()
        self._link.tell(commands)

    def delete(self, session_ids: Sequence[str]) -> None:
        """Deletes all of sessions that ended a while ago, as soon as Redis is there."""
        for session_id in session_ids:
            self._gathered.delete(session_id)
        self.flush()

    def flush(self) -> None:
        """Writes what has been gathered; keeps what Redis refuses, or may not have had when its connection went."""
        if not self._gathered or not self._may_write():
            return
        commands = self._gathered.commands()
        refused = self._link.send([command for _, command in commands])
        if refused is not None:
            self._told.append(self._gathered)
            self._gathered = _Batch()
            about = [session_id for session_id, _ in commands]
            refused.add_done_callback(lambda refused: self._answered(refused, about))

    def settle(self, session_id: str) -> Awaitable[bool]:
        """Writes what waits.

        Returns:
            Whether Redis has carried out all that was noted of a session until now, once it has answered.
        """
        self.flush()
        told, waits = tuple(self._told), session_id in self._gathered.session_ids

        async def settled() -> bool:
            while any(batch is each for batch in told for each in self._told):
                self._has_answered.clear()
                await self._has_answered.wait()
            return not waits and not any(session_id in batch.refused for batch in told)

        return settled()

    def _answered(self, refused: "asyncio.Future[Collection[int]]", about: Sequence[str]) -> None:
        """The oldest batch is answered, or lost with the connection: what Redis has not is to be written again.

        What was noted later comes after it, also what Redis has carried out already: doing that again changes nothing.
        """
        batch = self._told.popleft()
        batch.refused = set(about) if refused.exception() is not None else {about[place] for place in refused.result()}
        for session_id in batch.refused:
            again = _Batch()
            for noted in (batch, *self._told, self._gathered):
                again.take(session_id, noted)
            self._gathered.forget(session_id)
            self._gathered.take(session_id, again)
        self._has_answered.set()

    async def run(self) -> None:
        """Writes what has been gathered five times a second, until cancelled."""
        while True:
            await asyncio.sleep(WRITE_INTERVAL_S)
            self.flush()


class LiveState:
    """What any process may ask of Redis, one call at a time, over redis-py.

    Every method raises `Rejected` with `unavailable` while Redis is away.
    """

    def __init__(self, client: redis.asyncio.Redis, refusals: Refusals | None = None) -> None:
        """Uses a client of the caller's, with `decode_responses` off, and tells `refusals` of error replies."""
        self._redis, self._refusals = client, refusals or Refusals()

    async def ping(self) -> bool:
        """Whether Redis answers, though it may refuse writes."""
        try:
            await self._pipeline([HELLO])
        except Rejected:
            return False
        return True

    async def positions(self, session_id: str) -> dict[int, Position]:
        """The newest positions."""
        return (await self.positions_of_many([session_id]))[session_id]

    async def positions_of_many(self, session_ids: Sequence[str]) -> dict[str, dict[int, Position]]:
        """The newest positions of several sessions in one round trip."""
        answers = await self._pipeline([("HGETALL", key(session_id, "positions")) for session_id in session_ids])
        return dict(zip(session_ids, map(_positions, answers), strict=True))

    async def near(self, session_id: str, center: Position, radius_m: float) -> list[tuple[int, float]]:
        """Who is within a radius of a place: (participant, metres), nearest first."""
        lon, lat = _geo(center)
        command = ("GEOSEARCH", key(session_id, "geo"), "FROMLONLAT", lon, lat, "BYRADIUS", radius_m, "m")
        (answer,) = await self._pipeline([(*command, "ASC", "WITHDIST")])
        assert isinstance(answer, list)
        return [(int(member), float(distance)) for member, distance in answer]

    async def seen_at(self, session_id: str, participant: int) -> int | None:
        """When somebody was last noted as connected, ms since the epoch.

        What was noted by a clock that was ahead is noted again as now: their absence counts from then on.
        """
        name = key(session_id, "seen")
        (answer,) = await self._pipeline([("HGET", name, participant)])
        if answer is None:
            return None
        assert isinstance(answer, bytes)
        at, now = int(answer), now_ms()
        if at > now + AHEAD_MS:
            await self._pipeline([("HSET", name, participant, now)])
        return min(at, now)

    async def _pipeline(self, commands: Iterable[Command]) -> list[object]:
        try:
            async with asyncio.timeout(ANSWER_S), self._redis.pipeline(transaction=False) as pipeline:
                for command in commands:
                    pipeline.execute_command(*command)
                return await pipeline.execute()
        except (RedisError, OSError) as error:
            self._refusals.note_any(error)
            raise Rejected(ErrorCode.UNAVAILABLE, "Live positions cannot be reached right now.") from error


def _write(session_id: str, expires_at: int, positions: Mapping[int, Position]) -> Command:
    arguments: list[str | bytes | int | float] = [stays_ms(expires_at), now_ms() + AHEAD_MS]
    for participant, position in positions.items():
        arguments += (participant, pack_fix(position))
    names = (key(session_id, "positions"), key(session_id, "geo"), key(session_id, "ended"))
    return ("EVALSHA", _WRITE_SHA, 3, *names, *arguments)


def _withdrawal(session_id: str, participants: Iterable[int]) -> list[Command]:
    who = tuple(participants)
    return [("HDEL", key(session_id, "positions"), *who), ("ZREM", key(session_id, "geo"), *who)] if who else []


def _seen(session_id: str, seen: _Seen) -> list[Command]:
    name, moments = key(session_id, "seen"), seen.moments.items()
    return [
        ("HSET", name, *(part for seen_at in moments for part in seen_at)),
        ("PEXPIRE", name, stays_ms(seen.expires_at)),
    ]


def _deletion(session_id: str) -> Command:
    return ("DEL", *(key(session_id, part) for part in ("positions", "geo", "seen", "rolls", "owner")))


def _geo(position: Position) -> tuple[float, float]:
    """Longitude and latitude as the geospatial index takes them."""
    return position.lon / DEGREE, max(-GEO_LATITUDE, min(GEO_LATITUDE, position.lat / DEGREE))


def _positions(answer: object) -> dict[int, Position]:
    """Reads a hash of packed fixes, which comes as a dict from redis-py and as a flat list over RESP2.

    A fix from the future, stored by a clock that was ahead, counts as now.
    """
    if isinstance(answer, list):
        answer = dict(zip(answer[::2], answer[1::2], strict=True))
    assert isinstance(answer, dict)
    now = now_ms()
    return {int(participant): no_later(unpack_fix(packed), now) for participant, packed in answer.items()}
