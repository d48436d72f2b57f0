"""Who leads, who sweeps, and what is up with somebody: all see it, also those who come later or were away."""

import asyncio

import pytest

from cavalcade.client import ErrorCode, LiveSession, Post, Rejected, Status
from cavalcade.domain.features.posts import holders
from cavalcade.domain.features.statuses import PersonStatus
from testbed.installations.proxy import Proxy
from tests.scenarios.people import SOON, Group, through


def status_of(session: LiveSession, who: int) -> Status | None:
    return session.state.participants[who].features.of(PersonStatus).status


async def test_everybody_sees_what_is_up_with_somebody_and_who_comes_later_too(server: str) -> None:
    async with Group(server) as group:
        anna, ben = await group.pair()
        await ben.set_status(Status.FUEL)
        await anna.wait_for(lambda s: status_of(s, 2) is Status.FUEL, SOON)
        since = anna.state.participants[2].features.of(PersonStatus).since
        cleo = await group.connect(await group.join("Cleo"))
        assert cleo.state.participants[2].features.of(PersonStatus) == PersonStatus(Status.FUEL, since)
        await anna.set_status(Status.GOING_HOME, participant=2)
        for session in (anna, ben, cleo):
            await session.wait_for(lambda s: status_of(s, 2) is Status.GOING_HOME, SOON)
        await ben.set_status(None)
        for session in (anna, ben, cleo):
            await session.wait_for(lambda s: status_of(s, 2) is None, SOON)


async def test_what_changed_while_somebody_was_away_is_told_when_they_are_back(server: str) -> None:
    async with Group(server) as group, Proxy(int(server.rpartition(":")[2])) as wire:
        anna = await group.connect(group.host)
        ben = await group.connect(through(wire, await group.join("Ben")))
        wire.cut()
        await anna.set_post(Post.LEAD, 2)
        await anna.set_status(Status.LATE)
        asked = asyncio.gather(ben.set_status(Status.BREAK), ben.set_post(Post.SWEEP, 2))
        wire.mend()
        await asyncio.wait_for(asked, 30)
        for session in (anna, ben):
            await session.wait_for(lambda s: holders(s.state, Post.SWEEP) == (2,), SOON)
            assert (status_of(session, 1), status_of(session, 2)) == (Status.LATE, Status.BREAK)
            assert holders(session.state, Post.LEAD) == ()


async def test_a_post_is_given_handed_on_and_taken_from_one_who_is_away(server: str) -> None:
    async with Group(server) as group:
        anna, ben = await group.pair()
        cleo = await group.connect(await group.join("Cleo"))
        await anna.set_post(Post.LEAD, 2)
        await cleo.wait_for(lambda s: holders(s.state, Post.LEAD) == (2,), SOON)
        with pytest.raises(Rejected) as refused:
            await cleo.set_post(Post.LEAD, 3)
        assert refused.value.code is ErrorCode.FORBIDDEN
        await ben.set_post(Post.LEAD, 1)
        await cleo.wait_for(lambda s: holders(s.state, Post.LEAD) == (1,), SOON)
        await anna.set_post(Post.LEAD, 2)
        await ben.close()
        await cleo.wait_for(lambda s: 2 not in s.present, SOON)
        async with asyncio.timeout(SOON):
            # They have to have been away for a second here, and the server alone knows since when.
            while holders(cleo.state, Post.LEAD) != (3,):
                try:
                    await cleo.set_post(Post.LEAD, 3)
                    await cleo.wait_for(lambda s: holders(s.state, Post.LEAD) == (3,), SOON)
                except Rejected:
                    await asyncio.sleep(0.1)
