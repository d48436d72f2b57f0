"""After the loop stood still for longer than the lease, nothing is believed until PostgreSQL has been asked."""

import asyncio

import pytest

from cavalcade.monolith import self_fence as standing
from cavalcade.monolith.self_fence import STALL_S, SelfFence
from cavalcade.server.processes.clock import moment
from cavalcade.storage.errors import Unavailable


class Watched:
    """A standing whose check and lease the test decides on."""

    def __init__(self) -> None:
        self.checks = 0
        self.is_away = False
        self.stands_until = 0.0
        self.fence = SelfFence(self.check, lambda: self.stands_until)

    async def check(self) -> None:
        self.checks += 1
        if self.is_away:
            raise Unavailable

    def stall(self, seconds: float) -> None:
        """As if the loop had not turned for so long."""
        self.fence._beat = moment() - seconds


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> Watched:
    monkeypatch.setattr(standing, "AGAIN_S", 0.01)
    return Watched()


async def test_a_stall_that_outlasts_the_lease_is_doubted_until_checked(watched: Watched) -> None:
    assert not watched.fence.is_doubtful()
    watched.stall(STALL_S + 1)
    assert watched.fence.is_doubtful()
    assert watched.fence.is_doubtful(), "asking again settles nothing"
    await watched.fence.settled()
    assert not watched.fence.is_doubtful()
    assert (watched.checks, watched.fence.stalls) == (1, 1)


async def test_a_stall_within_the_lease_costs_nothing(watched: Watched) -> None:
    watched.stands_until = moment() + 60
    watched.stall(STALL_S + 1)
    await watched.fence.settled()
    assert watched.checks == 0


async def test_a_lease_that_ends_without_a_stall_costs_nothing(watched: Watched) -> None:
    """Redis is away: nothing is known to have happened."""
    watched.stall(STALL_S / 2)
    await watched.fence.settled()
    assert watched.checks == 0


async def test_a_doubt_outlasts_postgresql_being_away(watched: Watched) -> None:
    watched.stall(STALL_S + 1)
    watched.is_away = True
    waiting = asyncio.create_task(watched.fence.settled())
    async with asyncio.timeout(5):
        while watched.checks < 3:  # noqa: ASYNC110 - nothing else tells of a check
            await asyncio.sleep(0.005)
    assert not waiting.done()
    watched.is_away = False
    await asyncio.wait_for(waiting, 5)


async def test_a_stall_during_the_check_is_another_doubt(watched: Watched) -> None:
    watched.stall(STALL_S + 1)
    before = watched.check

    async def stalling() -> None:
        await before()
        if watched.checks == 1:
            watched.stall(STALL_S + 1)
            assert watched.fence.is_doubtful()

    watched.fence._check = stalling
    await watched.fence.settled()
    assert watched.checks == 2


async def test_epochs_are_checked_every_second_without_any_stall(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(standing, "CHECK_S", 0.05)
    monkeypatch.setattr(standing, "BEAT_S", 0.01)
    running = asyncio.create_task(watched.fence.run())
    async with asyncio.timeout(5):
        while watched.checks < 3:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.005)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
