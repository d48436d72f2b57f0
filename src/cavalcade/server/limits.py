"""Guessing codes is limited by address: only failures count, so that a crowd behind one address may join at once.

They are counted in Redis, for all processes together, and in this process alone while Redis is away.
"""

import asyncio
import hashlib
import hmac
import math
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final, cast

import redis.asyncio
import structlog
from redis.exceptions import RedisError

from cavalcade.domain.errors import ErrorCode, Rejected
from cavalcade.server.clock import now_ms

REDIS_DEADLINE_S: Final = 0.25
"""How long Redis may take to count; an answer must not wait for it."""

REDIS_PAUSE_MS: Final = 1_000
"""For how long Redis is left alone after it failed."""

MAX_COUNTERS: Final = 20_000
"""How many counters one process keeps while Redis is away; the oldest make room."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """How many failures a window of time allows."""

    failures: int
    window_s: int


ALLOWANCES: Final = (Allowance(20, 60), Allowance(100, 3600))

# KEYS one counter for each window; ARGV 1 to count a failure or 0 to look, then (failures, window in ms) each.
# Answers for how many ms the address is blocked.
_COUNT: Final = """
local blocked = 0
for i, counter in ipairs(KEYS) do
  local failures = tonumber(redis.call('GET', counter) or 0)
  if ARGV[1] == '1' then
    failures = redis.call('INCR', counter)
    if failures == 1 then redis.call('PEXPIRE', counter, ARGV[2 * i + 1]) end
  end
  if failures >= tonumber(ARGV[2 * i]) then blocked = math.max(blocked, redis.call('PTTL', counter)) end
end
return blocked
"""

_log = structlog.get_logger(__name__)


class FailureLimiter:
    """Blocks addresses that gave too many wrong codes."""

    def __init__(
        self,
        client: redis.asyncio.Redis | None,
        secret: str,
        *,
        allowances: Sequence[Allowance] = ALLOWANCES,
        clock: Callable[[], int] = now_ms,
    ) -> None:
        """Counts in Redis.

        Args:
            client: The caller's connection; None counts in this process alone.
            secret: Keeps the addresses themselves out of Redis: they are stored hashed with it.
            allowances: How many failures are allowed, all of them at once.
            clock: Gives ms since the epoch.
        """
        self._script = None if client is None else client.register_script(_COUNT)
        self._secret = secret.encode()
        self._allowances = allowances
        self._clock = clock
        self._local = LocalCounters()
        self._redis_rests_until = 0

    async def check(self, bucket: str) -> None:
        """Lets an address try a code.

        Args:
            bucket: What the address counts as; see `addresses.bucket`.

        Raises:
            Rejected: `too_many_requests`, with the seconds to wait.
        """
        blocked_ms = await self._count(bucket, 0)
        if blocked_ms > 0:
            raise Rejected(
                ErrorCode.TOO_MANY_REQUESTS,
                "Too many wrong codes came from this network; wait before the next try.",
                retry_after_s=max(1, math.ceil(blocked_ms / 1000)),
            )

    async def record_failure(self, bucket: str) -> None:
        """Counts a wrong code against an address."""
        await self._count(bucket, 1)

    async def _count(self, bucket: str, cost: int) -> int:
        now = self._clock()
        if self._script is not None and now >= self._redis_rests_until:
            address = hmac.digest(self._secret, f"address\0{bucket}".encode(), hashlib.sha256).hex()[:32]
            keys = [f"cavalcade:failures:{{{address}}}:{allowance.window_s}" for allowance in self._allowances]
            arguments = [cost, *(n for a in self._allowances for n in (a.failures, a.window_s * 1000))]
            try:
                async with asyncio.timeout(REDIS_DEADLINE_S):
                    return int(await cast("Awaitable[int]", self._script(keys=keys, args=arguments)))
            except (RedisError, OSError) as error:  # a TimeoutError is an OSError
                self._redis_rests_until = now + REDIS_PAUSE_MS
                _log.warning("failures_counted_locally", error=type(error).__name__)
        return max(self._local.count(f"{bucket}/{a.window_s}", a, now, cost) for a in self._allowances)


class LocalCounters:
    """The same counters in this process, in bounded memory."""

    def __init__(self) -> None:
        self._counters: OrderedDict[str, tuple[int, int]] = OrderedDict()  # failures, and when they are forgotten

    def __len__(self) -> int:
        return len(self._counters)

    def count(self, name: str, allowance: Allowance, now: int, cost: int) -> int:
        """Counts `cost` failures.

        Args:
            name: The counter.
            allowance: What it allows.
            now: ms since the epoch.
            cost: 1, or 0 to look alone.

        Returns:
            For how many ms the address is blocked.
        """
        failures, until = self._counters.get(name, (0, 0))
        if now >= until:
            failures, until = 0, now + allowance.window_s * 1000
            self._counters.pop(name, None)
        if cost:
            failures += cost
            self._counters[name] = (failures, until)
            if len(self._counters) > MAX_COUNTERS:
                self._counters.popitem(last=False)
        return until - now if failures >= allowance.failures else 0
