"""Who is host: succession, and taking over from a host who is away."""

import asyncio

import pytest

from cavalcade.client import ErrorCode, Rejected, join_session
from cavalcade.domain.model import Role
from tests.scenarios.people import SOON, Group


async def test_the_longest_present_member_follows_a_host_who_leaves(server: str) -> None:
    async with Group(server) as group:
        assert group.host.viewer_link is not None
        anna = await group.connect(group.host)
        await join_session(group.host.viewer_link)
        ben = await group.connect(await group.join("Ben"))
        cleo = await group.connect(await group.join("Cleo"))
        await anna.leave()
        for session in (ben, cleo):
            await session.wait_for(lambda s: s.state.host is not None and s.state.host.id == 3, SOON)
        assert await ben.rename("Ben's trip")
        await cleo.wait_for(lambda s: s.state.session.name == "Ben's trip", SOON)


async def test_the_next_to_join_becomes_host_where_nobody_is_left(server: str) -> None:
    async with Group(server) as group:
        await (await group.connect(group.host)).leave()
        ben = await group.connect(await group.join("Ben"))
        assert ben.me is not None
        assert ben.me.role is Role.HOST


async def test_anyone_asks_for_time_until_the_host_gives_it(server: str) -> None:
    async with Group(server) as group:
        anna, ben = await group.pair()
        before = ben.state.session.expires_at
        offset = await ben.ask_time()
        await anna.wait_for(lambda s: s.state.session.time_asked_by == 2, SOON)
        assert await ben.ask_time() == offset
        # Who comes now hears of it as well.
        cleo = await group.connect(await group.join("Cleo"))
        assert cleo.state.session.time_asked_by == 2
        await anna.extend(3600)
        for session in (ben, cleo):
            await session.wait_for(lambda s: s.state.session.time_asked_by is None, SOON)
            assert session.state.session.expires_at == before + 3_600_000


async def test_a_member_may_take_over_once_the_host_has_been_away(server: str) -> None:
    async with Group(server) as group:
        anna, ben = await group.pair()
        with pytest.raises(Rejected) as refused:
            await ben.claim_host()
        assert refused.value.code is ErrorCode.FORBIDDEN
        await anna.close()
        await ben.wait_for(lambda s: s.present == {2}, SOON)
        async with asyncio.timeout(SOON):
            # The host has to have been away for a second here, and the server alone knows since when.
            while ben.state.host is None or ben.state.host.id != 2:
                try:
                    await ben.claim_host()
                    await ben.wait_for(lambda s: s.state.host is not None and s.state.host.id == 2, SOON)
                except Rejected:
                    await asyncio.sleep(0.1)
        anna = await group.connect(group.host)
        assert anna.me is not None
        assert anna.me.role is Role.MEMBER
