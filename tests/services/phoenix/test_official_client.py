"""The official `phoenix` client from npm, in a Node process, against a gateway."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import pytest

from cavalcade.domain.features.profile import SetProfile
from cavalcade.domain.operations import Operation
from cavalcade.wire.positions import pack_fix, unpack_positions
from testbed.installations.installation import free_port
from tests.services.conftest import Gateway, running_gateway
from tests.services.peer import place
from tests.services.phoenix.member import Member, members

Start = Callable[..., Awaitable[Member]]


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    """Starts members on the official client, and ends them."""
    async with members() as start_at:

        async def start_member(
            gateway: Gateway, session_id: str, who: int, mode: str = "json", token: str | None = None
        ) -> Member:
            address = f"ws://127.0.0.1:{gateway.port}/socket"
            return await start_at(address, session_id, token or gateway.token(session_id, who), mode)

        yield start_member


@pytest.mark.parametrize("mode", ["json", "binary"])
async def test_it_joins_sends_and_receives(gateway: Gateway, start: Start, mode: str) -> None:
    session_id = await gateway.session(2)
    anna, ben = await start(gateway, session_id, 1, mode), await start(gateway, session_id, 2, mode)
    assert (await anna.says("joined"))["reply"]["me"] == 1
    assert (await ben.says("joined"))["reply"]["mode"] == mode
    while (await anna.says("present"))["who"] != [1, 2]:
        pass
    while (await ben.says("present"))["who"] != [1, 2]:
        pass
    sent = place()
    if mode == "binary":
        anna.push("position", packed=pack_fix(sent))
        for member in (anna, ben):
            packed = bytes.fromhex((await member.says("positions"))["packed"])
            assert unpack_positions(packed)[1] == [(1, sent)]
    else:
        anna.push("position", {"lat": 60.17, "lon": 24.94, "fix_time": sent.fix_time})
        for member in (anna, ben):
            (seen,) = (await member.says("positions"))["json"]["positions"]
            assert seen == {"participant": 1, "lat": 60.17, "lon": 24.94, "fix_time": sent.fix_time}
    ben.push("profile:set", {"op_id": "1", "name": "Ben"})
    assert (await ben.says("ok"))["reply"] == {"offset": 3}
    assert (await anna.says("event"))["event"]["data"]["name"] == "Ben"
    # The client drops what comes after the close of its channel: the reply must not be among that.
    ben.push("leave", {"op_id": "2"})
    assert (await ben.says("ok"))["reply"] == {"offset": 4}
    await ben.says("channel_closed")
    while (await anna.says("present"))["who"] != [1]:
        pass


async def test_it_comes_back_by_itself_after_a_restart_and_gets_what_it_missed(
    migrated_url: str, redis_url: str, start: Start
) -> None:
    port = free_port()
    async with AsyncExitStack() as first:
        gateway = await first.enter_async_context(running_gateway(migrated_url, redis_url, port))
        session_id = await gateway.session(1)
        anna = await start(gateway, session_id, 1, "binary")
        assert "snapshot" in (await anna.says("joined"))["reply"]
        anna.push("profile:set", {"op_id": "1", "name": "Anna"})
        await anna.says("ok")
        await first.aclose()
    assert (await anna.says("close"))["code"] == 1012
    async with running_gateway(migrated_url, redis_url) as other:
        await other.backend.submit(session_id, Operation(1, SetProfile(name="Missed")))
    async with running_gateway(migrated_url, redis_url, port):
        reply = (await anna.says("joined"))["reply"]
        assert "snapshot" not in reply
        assert [event["data"]["name"] for event in reply["events"]] == ["Missed"]


async def test_a_refused_join_makes_it_leave_and_disconnect(gateway: Gateway, start: Start) -> None:
    session_id = await gateway.session(1)
    stranger = await start(gateway, session_id, 1, token="forged")
    assert (await stranger.says("refused"))["reply"]["reason"] == "unauthorized"
    await stranger.says("gone")
    async with asyncio.timeout(5):
        while len(gateway.sockets):  # noqa: ASYNC110 - there is no event to wait for
            await asyncio.sleep(0.01)
