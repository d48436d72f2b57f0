"""One lease for each gateway, in a sorted set: how the others learn that a gateway has died without a word.

A gateway draws a new name at each start, so one that is started again is never taken for the one before it.
"""

import asyncio
import secrets
from collections.abc import Callable, Collection
from typing import Final

import structlog

from cavalcade.server.live_storage.redis_link import Command, RedisLink, RedisUnavailable
from cavalcade.server.processes.clock import moment
from cavalcade.services.messages import GATEWAY_SIZE

LEASE_S: Final = 10.0
"""How long a gateway that says nothing still counts as being there."""

RENEW_S: Final = 2.0
ANSWER_S: Final = 2.0

GATEWAYS: Final = "cavalcade:gateways"
"""The sorted set: the gateways, by the time (ms, of Redis' clock) until which their lease stands."""

# KEYS the sorted set; ARGV the gateway, the lease's length in ms. Answers whether its lease still stood, then all
# gateways that have one. Redis' own clock counts, so that those of the gateways may differ. Where that clock was set
# back, leases stand for longer than any can: they are swept out like those that it ran ahead of.
_RENEW: Final = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
local longest = now + ARGV[2]
redis.call('ZREMRANGEBYSCORE', KEYS[1], '(' .. longest, '+inf')
local stood = redis.call('ZSCORE', KEYS[1], ARGV[1])
redis.call('ZADD', KEYS[1], longest, ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return {stood and 1 or 0, unpack(redis.call('ZRANGE', KEYS[1], 0, -1))}
"""

_log = structlog.get_logger(__name__)


class GatewayLease:
    """This gateway's lease, and its judgement of the others."""

    def __init__(
        self,
        link: RedisLink,
        *,
        known: Callable[[], Collection[str]],
        died: Callable[[Collection[str]], None],
        forgotten: Callable[[], None],
    ) -> None:
        """Draws this gateway's name; `run` takes the lease.

        Args:
            link: The caller's.
            known: Gives the gateways that this one has heard of.
            died: Called with those of them whose lease is over.
            forgotten: Called when Redis does not know of this gateway's lease any more, or its clock was set: what this
                gateway has there may be gone, or is kept for too long.
        """
        self.gateway = secrets.token_hex(GATEWAY_SIZE)
        self._link = link
        self._known, self._died, self._forgotten = known, died, forgotten
        self._made_at = moment()
        self._renewed_at: float | None = None
        self._is_claimed = False
        self._trusts_from = 0.0

    def stands_until(self) -> float:
        """Until when none of the others takes this gateway for dead, at least, by `clock.moment`."""
        # `Presence.heal` claims the first one as soon as Redis is there, up to two seconds before `renew` does.
        return (self._made_at if self._renewed_at is None else self._renewed_at) + LEASE_S

    def claim(self) -> Command:
        """The command that takes or renews the lease; must come before whatever else this gateway writes."""
        return ("EVAL", _RENEW, 1, GATEWAYS, self.gateway, round(LEASE_S * 1000))

    def claimed(self) -> None:
        """Notes that `claim` was sent by somebody else than `renew`: where it is not there later, Redis forgot it."""
        self._is_claimed = True

    def waive(self) -> Command:
        """The command that ends the lease."""
        return ("ZREM", GATEWAYS, self.gateway)

    async def run(self) -> None:
        """Renews the lease until cancelled."""
        while True:
            await self.renew()
            await asyncio.sleep(RENEW_S)

    async def renew(self) -> None:
        """Renews the lease once, where Redis is there, and looks who has none."""
        begun, known, was_claimed = moment(), set(self._known()), self._is_claimed
        try:
            async with asyncio.timeout(ANSWER_S):
                answer = await self._link.call(*self.claim())
        except (RedisUnavailable, TimeoutError):
            return
        assert isinstance(answer, list)
        stood, alive = bool(answer[0]), {name.decode() for name in answer[1:]}
        renewed_before, self._renewed_at, self._is_claimed = self._renewed_at, begun, True
        is_lost = was_claimed and not stood
        if is_lost or (renewed_before is not None and begun - renewed_before > 2 * RENEW_S + ANSWER_S):
            # Redis was away, or has lost its memory, or its clock was set: that concerns the others' leases, too.
            self._trusts_from = begun + LEASE_S
            if is_lost:
                self._forgotten()
        if begun >= self._trusts_from and (dead := known - alive):
            _log.warning("gateways_died", count=len(dead))
            self._died(dead)
