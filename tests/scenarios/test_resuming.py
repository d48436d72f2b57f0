"""Coming back: by offset, too late for that, and operations whose answer was lost."""

import asyncio

from cavalcade.client import ConnectionState, EventReceived, Membership, StateReplaced, connect
from testbed.installations.proxy import Proxy
from tests.scenarios.people import SOON, Group, fix, through
from tests.scenarios.raw_socket import open_socket

FURTHEST_BACK = 1000


async def test_missed_events_arrive_by_offset_without_a_snapshot(server: str, wire: Proxy) -> None:
    async with Group(server) as group:
        anna = await group.connect(group.host)
        async with connect(through(wire, await group.join("Ben"))) as ben:
            reading = ben.changes()
            wire.cut()
            await ben.wait_for(lambda s: s.connection is not ConnectionState.JOINED, SOON)
            for name in ("Anna 1", "Anna 2", "Anna 3"):
                await anna.set_profile(name=name)
            anna.report(fix())
            wire.mend()
            await ben.wait_for(lambda s: s.state.participants[1].name == "Anna 3" and 1 in s.positions, SOON)
            assert ben.state == anna.state
        changes = [change async for change in reading]
        assert [change.event.offset for change in changes if isinstance(change, EventReceived)] == [3, 4, 5]
        assert not any(isinstance(change, StateReplaced) for change in changes)


async def test_the_join_answers_with_events_or_a_snapshot(server: str) -> None:
    async with Group(server) as group:
        await group.join("Ben")
        for offset, missed in ((0, [1, 2]), (1, [2]), (2, [])):
            async with open_socket(group.host) as raw:
                response = await raw.join(offset=offset)
                assert "snapshot" not in response
                assert isinstance(response["events"], list)
                assert [event["offset"] for event in response["events"]] == missed
        for parameters in ({}, {"offset": 3}, {"offset": 10**9}):
            async with open_socket(group.host) as raw:
                response = await raw.join(**parameters)
                assert "events" not in response
                assert response["offset"] == 2
                assert response["me"] == 1


async def test_too_far_back_gets_a_snapshot(server: str) -> None:
    async with Group(server) as group:
        members = [group.host, *[await group.join() for _ in range(9)]]
        await asyncio.gather(*(make_events(member, 102) for member in members))
        async with open_socket(group.host) as raw:
            response = await raw.join(offset=0)
            newest = response["offset"]
            assert newest == 10 + 1020
            assert "snapshot" in response
        async with open_socket(group.host) as raw:
            response = await raw.join(offset=newest - FURTHEST_BACK)
            assert isinstance(response["events"], list)
            assert [event["offset"] for event in response["events"]] == list(range(newest - 999, newest + 1))


async def test_the_same_operation_twice_has_one_effect_and_one_answer(server: str) -> None:
    async with Group(server) as group, open_socket(group.host) as raw:
        ben = await group.connect(await group.join("Ben"))
        await raw.join()
        answers = [await raw.ask("profile:set", {"op_id": "one", "name": "Anne"}) for _ in range(2)]
        assert answers == [("ok", {"offset": 3})] * 2
        async with open_socket(group.host) as second:
            await second.join()
            assert await second.ask("profile:set", {"op_id": "one", "name": "Anne"}) == ("ok", {"offset": 3})
        # What changed nothing is remembered too.
        assert await raw.ask("profile:set", {"op_id": "two", "name": "Anne"}) == ("ok", {"offset": 3})
        assert await raw.ask("profile:set", {"op_id": "three", "name": "Anna"}) == ("ok", {"offset": 4})
        assert await raw.ask("profile:set", {"op_id": "two", "name": "Anne"}) == ("ok", {"offset": 3})
        status, response = await raw.ask("profile:set", {"op_id": "one", "name": "Somebody else"})
        assert (status, response["reason"], response["retry"]) == ("error", "op_id_reused", False)
        # Another participant's ids are their own.
        async with open_socket(ben.membership) as other:
            await other.join()
            assert await other.ask("profile:set", {"op_id": "one", "name": "Benno"}) == ("ok", {"offset": 5})
        await ben.wait_for(lambda s: s.state.offset == 5, SOON)


async def test_an_operation_whose_way_was_cut_happens_once(server: str, wire: Proxy) -> None:
    async with Group(server) as group:
        anna = await group.connect(group.host)
        async with connect(through(wire, await group.join("Ben"))) as ben:
            for number in range(5):
                asking = asyncio.create_task(ben.set_profile(name=f"Ben {number}"))
                await asyncio.sleep(number / 1000)
                wire.cut()
                wire.mend()
                async with asyncio.timeout(SOON):
                    assert await asking == 3 + number
            await anna.wait_for(lambda s: s.state.offset == 7, SOON)
            await ben.wait_for(lambda s: s.state == anna.state, SOON)


async def make_events(member: Membership, count: int) -> None:
    """Changes one's name so many times."""
    async with open_socket(member) as raw:
        await raw.join(offset=0)
        for number in range(count):
            status, _ = await raw.ask("profile:set", {"op_id": str(number), "name": f"Name {number}"})
            assert status == "ok"
