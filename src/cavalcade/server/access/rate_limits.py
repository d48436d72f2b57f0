"""How often something may be asked for: by one address, by one participant, or in one session.

What was asked for is counted in Redis, for all processes together, and in this process alone while Redis is away.
"""

import asyncio
import hashlib
import hmac
import math
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Self

import structlog

from cavalcade.domain.errors import ErrorCode, Rejected
from cavalcade.domain.model import Role
from cavalcade.domain.operations import Operation
from cavalcade.server.live_storage.redis_link import RedisLink, RedisUnavailable
from cavalcade.settings import Quotas

REDIS_DEADLINE_S: Final = 0.25
"""How long Redis may take to count; an answer must not wait for it."""

REDIS_PAUSE_MS: Final = 1_000
"""For how long Redis is left alone after it failed."""

ONCE_MS: Final = 50_000
"""For how long the same operation again is not counted: no longer than what is of a session may stay after its end."""

MAX_COUNTERS: Final = 20_000
"""How many counters one process keeps while Redis is away; the oldest make room."""

# KEYS one counter for each rate; ARGV (interval in ms, how many at once) for each. One more of both is the mark of what
# is counted once, and for how many ms it stays.
# A counter is a key whose time to live is the debt: each time costs an interval, and it pays itself back. So no clock
# but that of Redis is asked, and a step of that one ends within the rate's own time.
# Answers after how many ms there is room again; 0 where there was room, which is taken then.
_TAKE: Final = """
local debts, wait, rates = {}, 0, math.floor(#ARGV / 2)
local mark = KEYS[rates + 1]
if mark and redis.call('EXISTS', mark) == 1 then return 0 end
for i = 1, rates do
  local counter = KEYS[i]
  local interval, most = tonumber(ARGV[2 * i - 1]), ARGV[2 * i - 1] * ARGV[2 * i]
  debts[i] = math.min(math.max(redis.call('PTTL', counter), 0), most) + interval
  wait = math.max(wait, debts[i] - most)
end
if wait <= 0 then
  for i = 1, rates do redis.call('SET', KEYS[i], '', 'PX', debts[i]) end
  if mark then redis.call('SET', mark, '', 'PX', ARGV[#ARGV]) end
end
return wait
"""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Rate:
    """How often something is allowed.

    Attributes:
        at_once: How many times in a row.
        interval_ms: After how long once more.
    """

    at_once: int
    interval_ms: int

    @classmethod
    def over(cls, count: int, seconds: int, *, at_once: int | None = None) -> Self:
        """So many times in some seconds; all of them in a row, unless told otherwise."""
        return cls(max(1, count if at_once is None else at_once), max(1, round(seconds * 1000 / count)))

    @property
    def most_ms(self) -> int:
        """The debt that it allows."""
        return self.at_once * self.interval_ms


@dataclass(frozen=True, slots=True)
class Quota:
    """What is counted together.

    Attributes:
        name: Within Redis.
        rates: All of them hold at once.
        refusal: What people are told beyond them.
        same: See `Rejected`.
    """

    name: str
    rates: tuple[Rate, ...]
    refusal: str
    same: tuple[str, ...] | None = None


WRONG_CODES: Final = Quota(
    "codes",
    (Rate.over(20, 60), Rate.over(100, 3600)),
    "Too many wrong codes came from this network; wait before the next try.",
)

URGENT: Final = Quota(
    "urgent",
    (Rate.over(10, 60), Rate.over(60, 3600)),
    "Too many alarms in a short time; wait a moment.",
)


class RateLimits:
    """The quotas of an installation, each of which a real group never meets."""

    def __init__(
        self,
        link: RedisLink | None,
        secret: str,
        quotas: Quotas,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Counts in Redis.

        Args:
            link: The caller's connection; None counts in this process alone.
            secret: Keeps addresses and participants out of Redis: they are stored hashed with it.
            quotas: What the operator allows.
            clock: Gives seconds that never go back.
        """
        self._link, self._secret, self._clock = link, secret.encode(), clock
        self._local = LocalCounters()
        self._redis_rests_until = 0
        people = quotas.joins_per_minute
        self._sessions = Quota(
            "sessions",
            (Rate.over(quotas.sessions_per_hour, 3600, at_once=quotas.sessions_per_hour // 3),),
            "Too many sessions were started from this network; wait before the next one.",
        )
        too_many_join = "Too many people join this session at the moment; wait a little."
        self._joins = Quota("joins", (Rate.over(people, 60),), too_many_join)
        self._viewer_joins = Quota("viewers", (Rate.over(max(1, people // 4), 60),), too_many_join)
        self._returns = Quota("returns", (Rate.over(people, 3600, at_once=people // 10),), too_many_join)
        self._operations = Quota(
            "operations",
            (Rate.over(quotas.operations_per_s, 1, at_once=4 * quotas.operations_per_s),),
            "Too many changes in a short time; wait a moment.",
        )
        self._socket_joins = Quota(
            "socket",
            (Rate.over(quotas.rejoins_per_minute, 60, at_once=quotas.rejoins_per_minute * 2 // 3),),
            "Joined too often in a short time; wait a moment.",
        )

    async def wrong_code(self, address: str) -> None:
        """A wrong code came from an address; see `addresses.bucket`.

        Raises:
            Rejected: `too_many_requests` with the seconds to wait, as for all of these.
        """
        await self.take(WRONG_CODES, address)

    async def new_session(self, address: str) -> None:
        """Somebody at an address makes a session."""
        await self.take(self._sessions, address)

    async def join(self, session_id: str, role: Role, *, present: int, gone: int) -> None:
        """Somebody comes into a session.

        Args:
            session_id: Which.
            role: As what.
            present: How many are in it.
            gone: How many have left it: where that is more than are there, somebody comes and goes, and each time
                takes one of the ids that a session has.
        """
        viewer = role is Role.VIEWER
        await self.take(self._viewer_joins if viewer else self._joins, session_id)
        if gone > present:
            await self.take(self._returns, f"{session_id}/{'viewers' if viewer else 'members'}")

    async def operation(self, session_id: str, participant: int) -> None:
        """Somebody asks for a change."""
        await self.take(self._operations, f"{session_id}/{participant}")

    async def urgent(self, session_id: str, participant: int) -> None:
        """Somebody asks for what is urgent, such as an SOS: other changes do not count against it."""
        await self.take(URGENT, f"{session_id}/{participant}")

    async def socket_join(self, session_id: str, participant: int) -> None:
        """Somebody joins the channel of their session, for the first time or again."""
        await self.take(self._socket_joins, f"{session_id}/{participant}")

    async def asked(self, session_id: str, operation: Operation) -> None:
        """Somebody asks for something that has bounds of its own; the same operation again counts once."""
        for bound in operation.command.bounds:
            quota = Quota(bound.name, tuple(Rate.over(*rate) for rate in bound.rates), bound.refusal, bound.same)
            subject = session_id if bound.of_all else f"{session_id}/{operation.by}"
            await self.take(quota, subject, once=f"{operation.by}/{operation.op_id}")

    async def take(self, quota: Quota, subject: str, *, once: str | None = None) -> None:
        """Takes one of what a quota allows.

        Args:
            quota: Which.
            subject: Whose.
            once: What was counted under this costs nothing again, for `ONCE_MS`.

        Raises:
            Rejected: `too_many_requests`, with the seconds to wait.
        """
        wait_ms = await self._take(quota, subject, once)
        if wait_ms > 0:
            wait_s = max(1, math.ceil(wait_ms / 1000))
            raise Rejected(ErrorCode.TOO_MANY_REQUESTS, quota.refusal, retry_after_s=wait_s, same=quota.same)

    async def _take(self, quota: Quota, subject: str, once: str | None) -> int:
        now = int(self._clock() * 1000)
        if self._link is not None and now >= self._redis_rests_until:
            hashed = self._hashed(quota.name, subject)
            keys = [f"cavalcade:quota:{{{hashed}}}:{rate.most_ms}" for rate in quota.rates]
            arguments = [number for rate in quota.rates for number in (rate.interval_ms, rate.at_once)]
            if once is not None:
                keys.append(f"cavalcade:quota:{{{hashed}}}:once:{self._hashed(quota.name, once)}")
                arguments.append(ONCE_MS)
            try:
                async with asyncio.timeout(REDIS_DEADLINE_S):
                    answer = await self._link.call("EVAL", _TAKE, len(keys), *keys, *arguments)
                if isinstance(answer, int):
                    return answer
            except (RedisUnavailable, TimeoutError) as error:
                self._redis_rests_until = now + REDIS_PAUSE_MS
                _log.warning("counted_locally", quota=quota.name, error=type(error).__name__)
        return self._local.take(f"{quota.name}/{subject}", quota.rates, now, once=once)

    def _hashed(self, name: str, subject: str) -> str:
        return hmac.digest(self._secret, f"{name}\0{subject}".encode(), hashlib.sha256).hex()[:32]


class LocalCounters:
    """The same counters in this process, in bounded memory."""

    def __init__(self) -> None:
        self._paid_at: OrderedDict[str, int] = OrderedDict()
        """When each counter owes nothing any more, ms."""

    def __len__(self) -> int:
        return len(self._paid_at)

    def take(self, name: str, rates: tuple[Rate, ...], now: int, *, once: str | None = None) -> int:
        """Takes one of what some rates allow.

        Args:
            name: The counter.
            rates: What it allows.
            now: ms of a clock that never goes back.
            once: What was counted under this costs nothing again, for `ONCE_MS`.

        Returns:
            After how many ms there is room again; 0 where there was room, which is taken then.
        """
        mark = None if once is None else f"{name}/once/{once}"
        if mark is not None and self._paid_at.get(mark, 0) > now:
            return 0
        names = [f"{name}/{rate.most_ms}" for rate in rates]
        debts = [
            max(0, self._paid_at.get(each, 0) - now) + rate.interval_ms for each, rate in zip(names, rates, strict=True)
        ]
        wait = max(debt - rate.most_ms for debt, rate in zip(debts, rates, strict=True))
        if wait > 0:
            return wait
        if mark is not None:
            names.append(mark)
            debts.append(ONCE_MS)
        for each, debt in zip(names, debts, strict=True):
            self._paid_at[each] = now + debt
            self._paid_at.move_to_end(each)
        while len(self._paid_at) > MAX_COUNTERS:
            self._paid_at.popitem(last=False)
        return 0
