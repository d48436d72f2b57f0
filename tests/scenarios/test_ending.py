"""Leaving, ending, expiry, and putting it off."""

import pytest

from cavalcade.client import (
    Closed,
    ErrorCode,
    Rejected,
    change_session,
    connect,
    end_session,
    fetch_session,
    join_session,
    leave_session,
    preview_session,
)
from cavalcade.client.clock import epoch_ms
from tests.scenarios.people import SOON, Group, fix


async def test_leaving_withdraws_the_position_and_the_token(server: str) -> None:
    async with Group(server) as group:
        anna, ben = await group.pair()
        ben.report(fix())
        await anna.wait_for(lambda s: 2 in s.positions, SOON)
        await ben.leave()
        assert ben.closed == Closed("left")
        await anna.wait_for(lambda s: 2 not in s.state.participants, SOON)
        assert 2 not in anna.positions
        await anna.wait_for(lambda s: s.present == {1}, SOON)
        assert not (await fetch_session(group.host)).positions
        with pytest.raises(Rejected) as refused:
            await fetch_session(ben.membership)
        assert refused.value.code is ErrorCode.UNAUTHORIZED
        with pytest.raises(Rejected) as refused:
            async with connect(ben.membership):
                pass
        assert refused.value.code is ErrorCode.UNAUTHORIZED
        assert (await group.join()).participant == 3


async def test_leaving_over_http_reaches_the_sockets(server: str) -> None:
    async with Group(server) as group:
        anna, ben = await group.pair()
        await leave_session(ben.membership)
        await ben.wait_for(lambda s: s.closed == Closed("left"), SOON)
        await anna.wait_for(lambda s: 2 not in s.state.participants, SOON)
        await leave_session(ben.membership)


async def test_the_end_is_the_end_for_all(server: str) -> None:
    async with Group(server) as group:
        anna, ben = await group.pair()
        with pytest.raises(Rejected) as refused:
            await ben.end()
        assert refused.value.code is ErrorCode.FORBIDDEN
        await anna.end()
        await ben.wait_for(lambda s: s.closed == Closed("ended"), SOON)
        await assert_over(group)


async def test_the_end_over_http_reaches_the_sockets(server: str) -> None:
    async with Group(server) as group:
        anna, ben = await group.pair()
        await end_session(group.host)
        for session in (anna, ben):
            await session.wait_for(lambda s: s.closed == Closed("ended"), SOON)
        await assert_over(group)


async def test_a_session_expires_by_itself(server: str) -> None:
    async with Group(server, lifetime_s=2) as group:
        anna, ben = await group.pair()
        for session in (anna, ben):
            await session.wait_for(lambda s: s.closed == Closed("expired"), 2 + SOON)
        assert epoch_ms() >= anna.state.session.expires_at
        await assert_over(group)


async def test_an_extended_session_lives_on(server: str) -> None:
    async with Group(server, lifetime_s=3) as group:
        anna, ben = await group.pair()
        before = anna.state.session.expires_at
        with pytest.raises(Rejected) as refused:
            await ben.extend(60)
        assert refused.value.code is ErrorCode.FORBIDDEN
        await anna.extend(1)
        await ben.wait_for(lambda s: s.state.session.expires_at == before + 1000, SOON)
        changed = await change_session(group.host, name="Longer trip", extend_s=1)
        assert (changed.name, changed.expires_at) == ("Longer trip", before + 2000)
        await ben.wait_for(lambda s: s.state.session == changed, SOON)
        await anna.wait_for(lambda s: s.closed == Closed("expired"), 5 + SOON)
        assert epoch_ms() >= before + 2000


async def assert_over(group: Group) -> None:
    """Nobody can read or join it any more, not even its host."""
    link = group.host.link or ""
    for call in (fetch_session(group.host), preview_session(link), join_session(link)):
        with pytest.raises(Rejected) as refused:
            await call
        assert refused.value.code is ErrorCode.SESSION_NOT_FOUND
    with pytest.raises(Rejected) as refused:
        async with connect(group.host):
            pass
    assert refused.value.code is ErrorCode.SESSION_NOT_FOUND
