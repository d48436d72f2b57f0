"""What is shared: pausing, and fixes that were kept while offline."""

import asyncio

import pytest

from cavalcade.client import ConnectionState, ErrorCode, Fix, Position, Rejected, connect, fetch_session
from cavalcade.client.clock import epoch_ms
from cavalcade.wire.positions import pack_fix
from testbed.installations.proxy import Proxy
from tests.scenarios.people import SOON, Group, fetched_positions, fix, through
from tests.scenarios.raw_socket import open_socket


async def test_a_pause_withdraws_the_position_everywhere(server: str) -> None:
    async with Group(server) as group:
        anna, ben = await group.pair()
        ben.report(fix())
        for session in (anna, ben):
            await session.wait_for(lambda s: 2 in s.positions, SOON)
        await ben.set_sharing(on=False)
        await anna.wait_for(lambda s: not s.state.participants[2].sharing, SOON)
        assert 2 not in anna.positions
        assert not (await fetch_session(group.host)).positions
        late = await group.connect(await group.join("Late"))
        assert not late.positions
        async with open_socket(ben.membership) as raw:
            # A client that goes on sending all the same is not shown.
            assert (await raw.join())["positions"] == []
            await raw.send("position", {"lat": 1.0, "lon": 2.0})
            await raw.ask("profile:set", {"op_id": "1", "name": "Benjamin"})
        await anna.wait_for(lambda s: s.state.participants[2].name == "Benjamin", SOON)
        assert not (await fetch_session(group.host)).positions
        await ben.set_sharing(on=True)
        ben.report(fix(47.7))
        await anna.wait_for(lambda s: 2 in s.positions and s.positions[2].lat == 477_000_000, SOON)


async def test_what_receivers_say_for_unknown_is_unknown_and_0_0_is_no_place(server: str) -> None:
    async with Group(server) as group:
        anna, ben = await group.pair()
        async with open_socket(ben.membership) as raw:
            await raw.join()
            await raw.send("position", {"lat": 0, "lon": 0.0, "accuracy": 5})
            await raw.send("position", pack_fix(Position(epoch_ms(), 0, 0)))
            await raw.send("position", {"lat": 1.0, "lon": 2.0, "heading": -1, "speed": -1, "accuracy": 0})
            await anna.wait_for(lambda s: 2 in s.positions, SOON)
            known = anna.positions[2].to_fix()
            assert known == Fix(1.0, 2.0, known.fix_time)
            packed = Position(epoch_ms(), 10_000_000, 30_000_000, accuracy=0, heading=36_001)
            await raw.send("position", pack_fix(packed))
            await anna.wait_for(lambda s: s.positions[2].lon == 30_000_000, SOON)
            known = anna.positions[2].to_fix()
            assert known == Fix(1.0, 3.0, known.fix_time)
            # Of those that were kept, the one without a place is not counted.
            kept = [{"lat": 0, "lon": 0}, {"lat": 1.0, "lon": 4.0, "speed": -1}]
            status, answer = await raw.ask("fixes:send", {"op_id": "1", "fixes": kept})
            assert (status, answer["accepted"]) == ("ok", 1)


async def test_fixes_kept_while_offline_move_the_avatar_to_the_newest(server: str) -> None:
    async with Group(server) as group:
        anna, ben = await group.pair()
        kept = [fix(47.0 + n / 100, seconds_ago=100 - n) for n in range(20)]
        assert await ben.send_fixes(kept) == 20
        await anna.wait_for(lambda s: 2 in s.positions and s.positions[2].to_fix() == kept[-1], SOON)
        ben.report(fix(48.0))
        await anna.wait_for(lambda s: s.positions[2].lat == 480_000_000, SOON)
        assert await ben.send_fixes(kept) == 20
        await ben.set_profile(name="Later")
        await anna.wait_for(lambda s: s.state.participants[2].name == "Later", SOON)
        assert anna.positions[2].lat == 480_000_000


async def test_the_newest_position_goes_out_when_the_way_is_back(server: str, wire: Proxy) -> None:
    async with Group(server) as group:
        anna = await group.connect(group.host)
        async with connect(through(wire, await group.join("Ben"))) as ben:
            wire.cut()
            await ben.wait_for(lambda s: s.connection is not ConnectionState.JOINED, SOON)
            ben.report(fix(47.1))
            ben.report(fix(47.2))
            wire.mend()
            await anna.wait_for(lambda s: 2 in s.positions and s.positions[2].lat == 472_000_000, SOON)


async def test_an_older_fix_does_not_move_the_avatar_back(server: str) -> None:
    async with Group(server) as group:
        anna, ben = await group.pair()
        ben.report(fix(48.0))
        await anna.wait_for(lambda s: 2 in s.positions, SOON)
        await asyncio.sleep(0.3)  # at most four a second from one participant
        ben.report(fix(47.0, seconds_ago=60))
        await ben.set_profile(name="Later")
        await anna.wait_for(lambda s: s.state.participants[2].name == "Later", SOON)
        assert anna.positions[2].lat == 480_000_000
        await fetched_positions(group.host, anna.positions)


async def test_too_many_fixes_at_once_are_refused(server: str) -> None:
    async with Group(server) as group, open_socket(group.host) as raw:
        await raw.join()
        fixes = [{"lat": 1.0, "lon": 2.0, "fix_time": n} for n in range(501)]
        status, response = await raw.ask("fixes:send", {"op_id": "1", "fixes": fixes})
        assert (status, response["reason"], response["retry"]) == ("error", "invalid_request", False)
        bad = [{"lat": 91.0, "lon": 2.0}, {"lat": 1.0, "lon": 2.0}]
        status, response = await raw.ask("fixes:send", {"op_id": "2", "fixes": bad})
        assert (status, response["accepted"]) == ("ok", 1)


async def test_a_member_cannot_ask_for_what_is_the_hosts(server: str) -> None:
    async with Group(server) as group:
        _, ben = await group.pair()
        for refused in (ben.rename("Mine"), ben.extend(60), ben.end()):
            with pytest.raises(Rejected) as rejected:
                await refused
            assert rejected.value.code is ErrorCode.FORBIDDEN
