"""Who is connected to a session on the other gateways, and which gateways these are.

Each gateway keeps a roll of its own connections in a hash of the session, and publishes it to the others when it
changes. A gateway that begins to host a session stores its roll, then asks the others with it, then reads theirs. So of
any two at least one hears of the other, and from then on each tells the other what it does; one that knows of no other
tells nobody.
"""

import asyncio
import itertools
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

import structlog

from cavalcade.server.live.fanout import MAX_CONNECTIONS, Fanout
from cavalcade.server.live_storage.live_state import key, stays_ms
from cavalcade.server.live_storage.redis_link import Command, RedisLink, RedisUnavailable
from cavalcade.server.processes.clock import now_ms
from cavalcade.services.broker import publication
from cavalcade.services.gateway_lease import LEASE_S, GatewayLease
from cavalcade.services.messages import Connected, Roll, decode, encode
from cavalcade.wire.errors import DecodeError

GATHER_S: Final = 0.05
"""How long changes of the connections here are gathered before the others are told; the first is told at once."""

ANSWER_S: Final = 2.0
"""How long Redis has for an answer."""

BATCH: Final = 500
"""Sessions whose rolls are read in one go."""

# KEYS a session's rolls; ARGV (gateway, roll) each. A roll that was written again meanwhile stays: a gateway that was
# taken for dead, as when Redis lost its memory, may have come back at the same moment.
_BURY: Final = """
for i = 1, #ARGV, 2 do
  if redis.call('HGET', KEYS[1], ARGV[i]) == ARGV[i + 1] then redis.call('HDEL', KEYS[1], ARGV[i]) end
end
"""

_log = structlog.get_logger(__name__)


@dataclass(slots=True, eq=False)
class Shared:
    """One session that is hosted here.

    Attributes:
        session_id: Which session.
        fanout: Its connections here.
        expires_at: Tells when it expires, ms since the epoch.
        rolls: Those of the other gateways that host it, by their names. Empty where nobody needs to be told anything.
        versions: Of the newest roll of each gateway, also of one that has left.
        noted: When each of the rolls came here, counted over all rolls of all sessions.
    """

    session_id: str
    fanout: Fanout
    expires_at: Callable[[], int]
    rolls: dict[str, Roll] = field(default_factory=dict)
    versions: dict[str, int] = field(default_factory=dict)
    noted: dict[str, int] = field(default_factory=dict)


class Presence:
    """The rolls of all sessions that this gateway hosts."""

    def __init__(self, link: RedisLink, tell_all: Callable[[str], None], forgotten: Callable[[], None]) -> None:
        """Starts without a session.

        Args:
            link: The caller's.
            tell_all: Called with a session whose newest positions another gateway asks for.
            forgotten: Called when Redis has lost its memory without going away; it must write again what this
                gateway has there, and call `heal`.
        """
        self._link = link
        self._tell_all = tell_all
        self.lease = GatewayLease(link, known=self._known, died=self._bury, forgotten=forgotten)
        self._sessions: dict[str, Shared] = {}
        self._changed: set[str] = set()
        self._asked: set[str] = set()
        self._left: set[str] = set()
        """Sessions that were left while Redis was away or refused: it may still hold a roll of this gateway."""
        self._timer: asyncio.TimerHandle | None = None
        self._flushed_at = 0.0
        self._versions = itertools.count(now_ms())
        self._noted = self._noted_when_asked = 0
        self._reading: asyncio.Task[None] | None = None

    async def enter(self, shared: Shared) -> None:
        """Begins to host a session, whose channel must be subscribed to, and learns who else does.

        What others publish meanwhile is to be handed to `take` afterwards.

        Raises:
            RedisUnavailable: Where Redis is away, or does not answer in time.
        """
        name = key(shared.session_id, "rolls")
        try:
            async with asyncio.timeout(ANSWER_S):
                # Where Redis refuses to store the roll, the others are told of it all the same; `heal` stores it later.
                if not self._link.tell(self._statement(shared, asks=True)):
                    raise RedisUnavailable
                stored = await self._link.call("HGETALL", name)
        except TimeoutError:
            raise RedisUnavailable from None
        self._sessions[shared.session_id] = shared
        self._note(shared, _read(stored))

    def leave(self, session_id: str) -> None:
        """Ends to host a session."""
        if self._sessions.pop(session_id, None) is None:
            return
        self._changed.discard(session_id)
        self._asked.discard(session_id)
        if not self._link.tell(self._farewell(session_id)) or self._link.is_refused:
            self._left.add(session_id)

    def change(self, session_id: str) -> None:
        """Notes that connections have come or gone here; the others are told a moment later."""
        self._changed.add(session_id)
        self._schedule()

    def ask(self, session_id: str) -> None:
        """Asks the other gateways for all that they know of a session: something was missed."""
        self._asked.add(session_id)
        self.change(session_id)

    def take(self, session_id: str, roll: Roll) -> None:
        """Takes a roll that was published."""
        shared = self._sessions.get(session_id)
        if shared is None:
            return
        is_new = roll.gateway not in shared.rolls
        self._note(shared, [roll])
        if roll.asks or (is_new and not roll.leaves):
            self.change(session_id)  # it may have read what was stored before the last change
            self._tell_all(session_id)

    def replace_surplus(self, shared: Shared, participants: Collection[int]) -> None:
        """Closes those connections here that are the oldest of a participant who has too many on all gateways.

        Each gateway does so for its own, and all agree on which are the oldest.
        """
        for who in participants:
            here = [box for box in shared.fanout.send_queues if box.participant == who]
            elsewhere = [one for roll in shared.rolls.values() for one in roll.connections if one.participant == who]
            surplus = len(here) + len(elsewhere) - MAX_CONNECTIONS
            if not here or surplus <= 0:
                continue
            ages = sorted([(box.since, box.presence_ref) for box in here] + [(one.since, one.ref) for one in elsewhere])
            oldest = {ref for _, ref in ages[:surplus]}
            for box in here:
                if box.presence_ref in oldest:
                    shared.fanout.replace(box)
                    self.change(shared.session_id)

    def heal(self) -> None:
        """Writes everything again, asks the others, and reads what they have written: Redis was away, or refused."""
        commands = [self.lease.claim()]
        for session_id in self._left:
            commands += self._farewell(session_id)
        for shared in self._sessions.values():
            commands += self._statement(shared, asks=True)
        if self._link.tell(commands):
            self.lease.claimed()
            self._left.clear()
            for session_id in self._sessions:
                self._tell_all(session_id)
            self._stop_reading()
            self._reading = asyncio.create_task(self._read_again())

    def farewell(self) -> None:
        """Tells everybody that this gateway stops."""
        commands = [command for session_id in self._sessions for command in self._farewell(session_id)]
        self._sessions.clear()
        self._link.tell([*commands, self.lease.waive()])
        self._stop_reading()

    async def _read_again(self) -> None:
        """Reads all rolls now, and once more when every gateway that lives has written its own."""
        await self._read_rolls(complete=False)
        await asyncio.sleep(LEASE_S)
        await self._read_rolls(complete=True)

    async def _read_rolls(self, *, complete: bool) -> None:
        """Reads what is stored of all sessions; where that is complete, a gateway that it does not name is gone."""
        waiting = list(self._sessions)
        while waiting:
            batch, waiting = waiting[:BATCH], waiting[BATCH:]
            try:
                answers = await self._link.ask([("HGETALL", key(session_id, "rolls")) for session_id in batch])
            except RedisUnavailable:
                return  # when it is back, `heal` starts this again
            for session_id, answer in zip(batch, answers, strict=True):
                shared = self._sessions.get(session_id)
                if shared is None:
                    continue
                rolls = _read(answer)
                gone = set(shared.rolls) - {roll.gateway for roll in rolls} if complete else ()
                self._note(shared, rolls, gone)

    def _note(self, shared: Shared, rolls: Iterable[Roll], gone: Iterable[str] = ()) -> None:
        """Notes rolls of other gateways, the newest of each, and shows what is new about who is connected."""
        concerned: set[int] = set()
        for gateway in gone:
            shared.rolls.pop(gateway, None)
        for roll in rolls:
            if roll.gateway == self.lease.gateway or roll.version <= shared.versions.get(roll.gateway, -1):
                continue
            shared.versions[roll.gateway] = roll.version
            if roll.leaves:
                shared.rolls.pop(roll.gateway, None)
            else:
                shared.rolls[roll.gateway] = roll
                self._noted += 1
                shared.noted[roll.gateway] = self._noted
                concerned.update(connection.participant for connection in roll.connections)
        shared.fanout.show_elsewhere(_merged(shared.rolls.values()))
        self.replace_surplus(shared, concerned)

    def _statement(self, shared: Shared, *, asks: bool) -> list[Command]:
        """The commands that store this gateway's roll and publish it to those who need it."""
        connections = [Connected(box.participant, box.since, box.presence_ref) for box in shared.fanout.send_queues]
        roll = Roll(self.lease.gateway, next(self._versions), connections)
        name = key(shared.session_id, "rolls")
        commands: list[Command] = [
            ("HSET", name, roll.gateway, encode(roll)),
            ("PEXPIRE", name, stays_ms(shared.expires_at())),
        ]
        if asks or shared.rolls:
            said = Roll(roll.gateway, roll.version, connections, asks=asks)
            commands.append(publication(shared.session_id, said))
        return commands

    def _farewell(self, session_id: str) -> list[Command]:
        gateway = self.lease.gateway
        said = publication(session_id, Roll(gateway, next(self._versions), leaves=True))
        return [("HDEL", key(session_id, "rolls"), gateway), said]

    def _schedule(self) -> None:
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(max(0.0, self._flushed_at + GATHER_S - loop.time()), self._flush)

    def _flush(self) -> None:
        self._timer, self._flushed_at = None, asyncio.get_running_loop().time()
        commands: list[Command] = []
        for session_id in self._changed:
            if (shared := self._sessions.get(session_id)) is not None:
                commands += self._statement(shared, asks=session_id in self._asked)
        if self._link.tell(commands):
            self._changed.clear()
            self._asked.clear()
        elif self._link.is_up:
            self._schedule()
        # Where Redis is away `heal` says it all.

    def _known(self) -> set[str]:
        """The gateways whose leases are looked at; what comes from one of them from now on says that it lives."""
        self._noted_when_asked = self._noted
        return {gateway for shared in self._sessions.values() for gateway in shared.rolls}

    def _bury(self, gateways: Collection[str]) -> None:
        """Forgets gateways that died."""
        commands: list[Command] = []
        for session_id, shared in self._sessions.items():
            dead = [
                roll
                for name, roll in shared.rolls.items()
                if name in gateways and shared.noted[name] <= self._noted_when_asked
            ]
            if dead:
                self._note(shared, (), [roll.gateway for roll in dead])
                stored = [part for roll in dead for part in (roll.gateway, encode(replace(roll, asks=False)))]
                commands.append(("EVAL", _BURY, 1, key(session_id, "rolls"), *stored))
        self._link.tell(commands)

    def _stop_reading(self) -> None:
        if self._reading is not None:
            self._reading.cancel()


def _merged(rolls: Iterable[Roll]) -> Mapping[int, list[str]]:
    """The refs of all connections in some rolls, by participant."""
    refs: dict[int, list[str]] = {}
    for roll in rolls:
        for connection in roll.connections:
            refs.setdefault(connection.participant, []).append(connection.ref)
    return refs


def _read(stored: object) -> list[Roll]:
    """The rolls in a session's hash, as Redis answers over RESP2."""
    assert isinstance(stored, list)
    rolls = []
    for value in stored[1::2]:
        try:
            roll = decode(value)
        except DecodeError:
            _log.exception("roll_unreadable")
            continue
        if isinstance(roll, Roll):
            rolls.append(roll)
    return rolls
