"""Several nodes on one database: sessions are found, passed on, handed over, and taken from nobody who lives."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import asyncpg
import httpx
import pytest
from redis.asyncio import Redis
from websockets.asyncio.client import connect as connect_socket
from websockets.exceptions import InvalidStatus

from cavalcade.client import ConnectionState, LiveSession, Membership, connect, create_session
from cavalcade.domain.errors import ErrorCode, Rejected
from cavalcade.domain.fix import Fix
from cavalcade.monolith import handover, placement
from cavalcade.monolith.node_leases import LEASE_S, NODES, NameTaken, NodeLeases
from cavalcade.monolith.peers import MARK
from cavalcade.stack import valkey
from cavalcade.storage.errors import Unavailable
from testbed.installations.proxy import Proxy
from tests.monolith.conftest import RunningNode, running_node, until_all_see_each_other
from tests.monolith.door import Door, open_door
from tests.monolith.test_registry import _ears, _is_named
from tests.monolith.test_session_process import _sees
from tests.services.peer import eventually


def _is_joined(session: LiveSession) -> bool:
    return session.connection is ConnectionState.JOINED


async def test_a_client_at_the_wrong_node_is_served_by_the_owner(nodes: list[RunningNode]) -> None:
    first, second, third = nodes
    anna, ben = await first.group(2)
    carl = await third.join(anna, "Carl")  # over HTTP, at a node that does not own the session
    assert first.holds == {anna.session_id}
    assert third.node.forwarding.passed_on == 1
    async with (
        connect(first.through(anna)) as one,
        connect(second.through(ben)) as two,
        connect(third.through(carl), mode="json") as three,
    ):
        for session in (one, two, three):
            await session.wait_for(lambda session: session.present == {1, 2, 3})
        two.report(Fix(60.0, 24.0))
        three.report(Fix(61.0, 24.0))
        await one.wait_for(lambda session: _sees(2, 60.0)(session) and _sees(3, 61.0)(session))
        await two.wait_for(_sees(3, 61.0))
        await three.set_profile(name="Carla")
        for session in (one, two):
            await session.wait_for(_is_named(3, "Carla"))
        assert (second.node.relays.passed_on, third.node.relays.passed_on) == (1, 1)
    assert (second.holds, third.holds) == (set(), set())


async def test_calls_from_elsewhere_keep_their_senders_address(nodes: list[RunningNode]) -> None:
    first, second, _ = nodes
    anna = await first.create()
    await first.join(anna, "Ben")
    async with httpx.AsyncClient(base_url=second.http, trust_env=False) as client:
        # Wrong codes count against the address that Caddy named, at whatever node they come in: 20 in a row, and one
        # more every three seconds. A busy machine may take so long for them that some of those come through as well.
        answers: list[int] = []
        while not answers or answers[-1] == 404:
            answers.append(await _says_a_wrong_code(client, anna, {"X-Forwarded-For": "203.0.113.7"}))
        assert answers[-1] == 429
        assert len(answers) > 20
        assert await _says_a_wrong_code(client, anna, {}) == 404
    assert second.node.forwarding.passed_on == len(answers) + 1


async def _says_a_wrong_code(client: httpx.AsyncClient, host: Membership, headers: dict[str, str]) -> int:
    wrong = {"code": f"{host.session_id}.{'x' * 22}"}
    answer = await client.post(f"/api/sessions/{host.session_id}/join", json=wrong, headers=headers)
    return answer.status_code


async def test_calls_that_break_off_at_the_wrong_node_count_against_nobody(nodes: list[RunningNode]) -> None:
    first, second, _ = nodes
    anna, _ = await first.group(2)
    head = f"POST /api/sessions/{anna.session_id}/join HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    broken = (
        "Content-Length: 100\r\n\r\n{",
        "Content-Length: 1000000\r\n\r\n" + "x" * 100_000,
        "Transfer-Encoding: chunked\r\n\r\n5\r\n{",
        "Transfer-Encoding: chunked\r\n\r\nzz\r\n",
    )
    url = httpx.URL(second.http)
    for rest in broken * 5:
        _, writer = await asyncio.open_connection(url.host, url.port)
        writer.write((head + rest).encode())
        await writer.drain()
        writer.transport.abort()
    await second.join(anna, "Carl")
    assert first.holds == {anna.session_id}
    assert second.holds == set()


async def test_a_call_is_passed_on_once(nodes: list[RunningNode]) -> None:
    first, second, _ = nodes
    anna = await first.create()
    await first.join(anna, "Ben")
    mark = {MARK: second.node._peers.mark}
    async with httpx.AsyncClient(base_url=second.http, trust_env=False) as client:
        join = f"/api/sessions/{anna.session_id}/join"
        answer = await client.post(join, json={"code": anna.code}, headers=mark)
        assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
        # Nobody outside can make the mark: theirs is nothing.
        answer = await client.post(join, json={"code": anna.code}, headers={MARK: "1"})
        assert answer.status_code == 201
    address = f"{second.sockets}/websocket?vsn=2.0.0&session={anna.session_id}&token={anna.token}"
    with pytest.raises(InvalidStatus) as raised:
        await connect_socket(address, additional_headers=mark)
    assert raised.value.response.status_code == 503
    async with connect_socket(address, additional_headers={MARK: "1"}):
        pass


async def test_other_nodes_alone_may_ask_for_a_session(nodes: list[RunningNode]) -> None:
    first, *_ = nodes
    anna = await first.create()
    await first.join(anna, "Ben")
    async with httpx.AsyncClient(base_url=f"http://{first.node.leases.me.internal}", trust_env=False) as client:
        assert (await client.get(f"/sessions/{anna.session_id}")).status_code == 404
        assert (await client.post(f"/sessions/{anna.session_id}/handover")).status_code == 404
    assert first.holds == {anna.session_id}


async def test_sessions_that_nobody_serves_end_together_and_an_owner_ends_its_own(
    nodes: list[RunningNode], migrated_url: str
) -> None:
    anna = await create_session(nodes[0].http, host_name="Anna", lifetime_s=3)
    ben = await nodes[1].join(anna, "Ben")
    for node in nodes:
        await asyncio.gather(*(node.create() for _ in range(4)))
    database = await asyncpg.connect(migrated_url)
    async with connect(nodes[0].through(anna)) as one, connect(ben) as two:
        await one.wait_for(lambda session: session.present == {1, 2})
        await database.execute("UPDATE sessions SET expires_at = 1 WHERE id <> $1", anna.session_id)
        await asyncio.gather(*(node.node.backend.expire() for node in nodes))
        for session in (one, two):
            await session.wait_for(lambda session: session.closed is not None, timeout=10)
            assert session.state.ended == "expired", "its members were told"
    assert sum(node.node.ownership.counts.superseded for node in nodes) == 0, "by its owner, and by nobody else"
    ends = (
        "SELECT (SELECT count(*) FROM sessions WHERE ended IS NULL), count(*) FROM events WHERE type = 'session_ended'"
    )
    async with asyncio.timeout(10):
        while tuple(await database.fetchrow(ends) or ()) != (0, 13):  # noqa: ASYNC110 - the nodes' own housekeeping
            await asyncio.sleep(0.05)
    await eventually(lambda: not any(node.holds for node in nodes))
    await database.close()


async def test_members_of_a_node_are_told_by_a_timer(node: RunningNode, monkeypatch: pytest.MonkeyPatch) -> None:
    async def nothing_is_due(*_: object) -> list[str]:
        return []

    monkeypatch.setattr(node.node._store, "due", nothing_is_due)
    anna = await create_session(node.http, host_name="Anna", lifetime_s=2)
    async with connect(node.through(anna)) as one:
        await one.wait_for(lambda session: session.closed is not None, timeout=10)
        assert one.state.ended == "expired"


@pytest.mark.parametrize("step_s", [3600, -3600])
async def test_a_step_of_redis_clock_is_noticed_and_nobody_loses_a_session(
    nodes: list[RunningNode], redis_url: str, step_s: int
) -> None:
    first, second, third = nodes
    anna = await first.create()
    await first.join(anna, "Ben")
    written = 0

    def write_again() -> None:
        nonlocal written
        written += 1

    for each in nodes:
        each.node.leases._forgotten = write_again
    async with Redis.from_url(redis_url) as client:
        leases: dict[bytes, bytes] = await client.hgetall(NODES)  # type: ignore[assignment]  # redis-py: bytes
        for name, lease in leases.items():  # what was stored before Redis' clock was set
            until, _, said = lease.partition(b" ")
            await client.hset(NODES, name, b"%d %b" % (int(until) - step_s * 1000, said))
        await eventually(lambda: written >= len(nodes))
        await second.join(anna, "Carl")
        await third.join(anna, "Dora")
        assert first.holds == {anna.session_id}
        assert first.node.ownership.counts.superseded == 0
        seconds, micros = await client.time()
        leases = await client.hgetall(NODES)  # type: ignore[assignment]
        stand = [int(lease.partition(b" ")[0]) for lease in leases.values()]
    assert max(stand) <= (seconds + LEASE_S) * 1000 + micros / 1000 + 1


async def test_a_session_moves_to_where_everybody_comes(
    nodes: list[RunningNode], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after a node has joined: the load balancer leads there, and the owner gives the session when it is asked."""
    monkeypatch.setattr(placement, "SETTLED_S", 0.5)
    monkeypatch.setattr(handover, "ASK_EVERY_S", 0.1)
    first, second, _ = nodes
    anna, ben = await first.group(2)
    async with connect(second.through(anna)) as one, connect(second.through(ben)) as two:
        one.report(Fix(60.0, 24.0))  # and then stands still
        await two.wait_for(_sees(1, 60.0))
        await eventually(lambda: second.holds == {anna.session_id})
        for session in (one, two):
            await session.wait_for(lambda session: _is_joined(session) and session.present == {1, 2}, timeout=10)
        assert two.positions[1].lat == 600_000_000
        two.report(Fix(61.0, 24.0))
        await one.wait_for(_sees(2, 61.0))
        await one.set_profile(name="Anna")
        await two.wait_for(_is_named(1, "Anna"))
    assert first.holds == set()
    assert (first.node.ownership.counts.handed_over, first.node.ownership.counts.superseded) == (1, 0)
    assert first.node.registry.entries == {}


async def test_a_session_stays_where_somebody_still_comes(
    nodes: list[RunningNode], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two load balancers may believe different things: then everybody is served, and nothing moves to and fro."""
    monkeypatch.setattr(handover, "ASK_EVERY_S", 0.05)
    first, second, _ = nodes
    anna, ben = await first.group(2)
    async with connect(first.through(anna)) as one, connect(second.through(ben)) as two:
        asked = 0
        before = first.node.handover.give

        async def give(session_id: str) -> bool:
            nonlocal asked
            asked += 1
            return await before(session_id)

        monkeypatch.setattr(first.node.handover, "give", give)
        await eventually(lambda: asked >= 3)
        two.report(Fix(61.0, 24.0))
        await one.wait_for(_sees(2, 61.0))
        assert _is_joined(two)
    assert first.node.ownership.counts.handed_over == 0


async def test_a_node_that_drains_gives_everything_away(nodes: list[RunningNode]) -> None:
    first, second, third = nodes
    groups = [await first.group(2) for _ in range(6)]
    sockets = [one.node.leases.me.sockets for one in nodes]
    async with open_door(Door(lambda: sockets)) as door:
        members = [
            connect(replace(membership, socket=f"ws://{door.address}/socket"))
            for group in groups
            for membership in group
        ]
        sessions = [await member.__aenter__() for member in members]
        for number, session in enumerate(sessions):
            session.report(Fix(10.0 + number, 24.0))  # and then stands still
        for number, session in enumerate(sessions):
            await session.wait_for(lambda session, n=number: len(session.positions) == 2)  # type: ignore[misc]  # noqa: ARG005
        await asyncio.wait_for(first.node.drain(0.6), 10)
        assert first.holds == set()
        for number, session in enumerate(sessions):
            await session.wait_for(lambda session: _is_joined(session) and session.present == {1, 2}, timeout=10)
            assert sorted(position.lat for position in session.positions.values()) == [
                (10 + number // 2 * 2) * 10_000_000,
                (11 + number // 2 * 2) * 10_000_000,
            ]
        assert len(second.holds | third.holds) == 6
        assert first.node.ownership.counts.handed_over == 6
        assert second.node.ownership.counts.superseded == third.node.ownership.counts.superseded == 0
        for member in members:
            await member.__aexit__(None, None, None)


async def test_a_node_that_drains_gives_at_once_what_somebody_asks_for(nodes: list[RunningNode]) -> None:
    first, second, _ = nodes
    anna, ben = await first.group(2)
    async with connect(first.through(anna)):
        await first.node.leases.drain()
        async with connect(second.through(ben)) as two:
            assert second.holds == {anna.session_id}
            assert first.holds == set()
            await two.set_profile(name="Ben")
        # What nobody serves is not taken over by a node that stops: it passes the call on to one that stays.
        other = await second.create()
        await first.join(other, "Carl")
        assert other.session_id not in first.holds


async def test_an_owner_that_died_is_followed_without_waiting_for_its_lease(nodes: list[RunningNode]) -> None:
    first, second, _ = nodes
    anna, ben = await first.group(2)
    # Its lease stands, and nobody listens where it says: the discard port stands for what died.
    nowhere = "127.0.0.1:9"
    first.node.leases.me = replace(first.node.leases.me, http=nowhere, sockets=nowhere, internal=nowhere)
    await first.node.leases.renew()
    begun = asyncio.get_running_loop().time()
    async with connect(second.through(ben)) as two:
        assert asyncio.get_running_loop().time() - begun < 1.5
        assert second.holds == {anna.session_id}
        await two.set_profile(name="Ben")
    # The other one is not dead after all: it finds out within the second.
    await eventually(lambda: not first.holds)
    assert first.node.ownership.counts.superseded == 1


async def test_a_node_whose_name_is_taken_stops(nodes: list[RunningNode], redis_url: str) -> None:
    first, *_ = nodes
    client = Redis.from_url(redis_url)
    usurper = NodeLeases(client, placement.NodeLease(first.node.leases.me.name, "another", "h", "s", "i"))
    await usurper.renew()
    with pytest.raises(NameTaken):
        await first.node.leases.renew()
    await client.aclose()


async def test_a_node_that_comes_back_under_its_name_owns_nothing(
    nodes: list[RunningNode], migrated_url: str, redis_url: str
) -> None:
    """After `kill -9` and a quick start again, the lease stands, and says that it is another life."""
    first, second, _ = nodes
    anna, ben = await first.group(2)
    assert first.holds == {anna.session_id}
    # All that it did has ended, and its lease was not given back.
    first.running.cancel()
    await asyncio.wait({first.running})
    async with running_node(migrated_url, redis_url, "first") as again:
        await eventually(lambda: again.node.leases.me.life in second.node.leases.others)
        async with connect(second.through(ben)):
            assert second.holds == {anna.session_id}
        assert again.holds == set()


# Redis away, or emptied.


@pytest.fixture
async def redis_wires(server_directory: Path, redis_url: str) -> AsyncIterator[list[Proxy]]:
    """What lies between each of two nodes and an empty Redis."""
    assert redis_url
    async with (
        Proxy(server_directory / "valkey.sock", server_directory / "redis-1.sock") as first,
        Proxy(server_directory / "valkey.sock", server_directory / "redis-2.sock") as second,
    ):
        yield [first, second]


@pytest.fixture
async def pair(
    server_directory: Path, migrated_url: str, redis_wires: list[Proxy]
) -> AsyncIterator[tuple[RunningNode, RunningNode]]:
    """Two nodes whose Redis can be taken away."""
    assert redis_wires
    urls = [valkey.url(server_directory / f"redis-{number}.sock") for number in (1, 2)]
    async with running_node(migrated_url, urls[0], "one") as one, running_node(migrated_url, urls[1], "two") as two:
        await until_all_see_each_other([one, two])
        await eventually(lambda: one.node._link.is_up and two.node._link.is_up)
        yield one, two


async def test_without_redis_the_nodes_ask_each_other(
    pair: tuple[RunningNode, RunningNode], redis_wires: list[Proxy], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = pair
    anna, ben = await first.group(2)
    new = await first.create()
    async with connect(first.through(anna)) as one:
        for wire in redis_wires:
            wire.cut()
        async with connect(second.through(ben)) as two:  # found by asking
            two.report(Fix(60.0, 24.0))
            await one.wait_for(_sees(2, 60.0))
        assert first.holds == {anna.session_id}
        async with connect(second.through(new)) as alone:  # nobody has it
            await alone.set_profile(name="New")
        assert second.holds == {new.session_id}

        async def silent(*_: object) -> bool:
            raise Unavailable

        # A node that does not answer may have it: it is left alone.
        monkeypatch.setattr(second.node._peers, "holds", silent)
        other = await first.create()
        with pytest.raises(Rejected) as raised:
            await second.node.backend.attach(other.session_id, _ears(other)[0], None)
        assert raised.value.code is ErrorCode.UNAVAILABLE
        assert second.holds == {new.session_id}


async def test_an_emptied_redis_takes_no_session_from_its_owner(nodes: list[RunningNode], redis_url: str) -> None:
    first, second, _ = nodes
    anna, ben = await first.group(2)
    client = Redis.from_url(redis_url)
    async with connect(first.through(anna)) as one:
        one.report(Fix(60.0, 24.0))
        await one.wait_for(_sees(1, 60.0))
        await client.flushall()
        async with connect(second.through(ben)) as two:
            assert two.positions[1].lat == 600_000_000
        note = f"cavalcade:{{{anna.session_id}}}:owner"
        async with asyncio.timeout(5):
            while await client.get(note) is None:  # noqa: ASYNC110 - Redis tells of no changes
                await asyncio.sleep(0.02)
    assert first.holds == {anna.session_id}
    assert all(one.node.ownership.counts.superseded == 0 for one in nodes)
    await client.aclose()


# Fences.


async def test_after_a_stall_nothing_leaves_the_node_before_its_epochs_are_checked(
    nodes: list[RunningNode], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, *_ = nodes
    anna, ben = await first.group(2)
    store = first.node.backend._store
    async with connect(first.through(anna)) as one, connect(first.through(ben)) as two:
        one.report(Fix(60.0, 24.0))
        await two.wait_for(_sees(1, 60.0))
        first.node.writer.flush()
        # Somebody else takes the session over, as after the lease was over, and nothing is written.
        stored = await store.load(anna.session_id)
        assert stored is not None
        assert await store.take_over([stored])
        go_on = asyncio.Event()
        before = first.node.fence._check

        async def check() -> None:
            await go_on.wait()
            await before()

        monkeypatch.setattr(first.node.fence, "_check", check)
        first.node.fence.stalls += 1
        one.report(Fix(70.0, 24.0))
        entry = first.node.registry.entries[anna.session_id]
        await eventually(lambda: entry.process is not None and entry.process._handled is not None)
        first.node.writer.put(anna.session_id, stored.state.session.expires_at, {})
        first.node.writer.flush()
        assert first.node.writer.unwritten(anna.session_id).over({}) == {}
        assert two.positions[1].lat == 600_000_000
        go_on.set()
        await eventually(lambda: first.node.ownership.counts.superseded == 1)
        found = await first.node.backend.positions(anna.session_id)
        assert found[1].lat == 600_000_000
        # The members come back, find no other owner, and are served again.
        for session in (one, two):
            await session.wait_for(_is_joined, timeout=10)
