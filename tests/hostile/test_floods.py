"""Too much of everything at a real process: what it holds is bounded, and others do not notice."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from cavalcade.client import Fix, Membership, connect
from cavalcade.server.sockets.join_backlog import MOST_OF_ONE, MOST_STRANGERS
from tests.hostile.frames import TEXT, client_frame, handshake, read_answer
from tests.hostile.installation import Installation, opened, resident_bytes

SOON = 15.0
MEGABYTE = 1024 * 1024
Opened = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@asynccontextmanager
async def many(door: str | int, sent: list[bytes]) -> AsyncIterator[list[Opened]]:
    """Connections that each send something."""
    connections = []
    for data in sent:
        connections.append(await opened(door))
        connections[-1][1].write(data)
    try:
        yield connections
    finally:
        for _, writer in connections:
            writer.transport.abort()
        await asyncio.sleep(0)


async def gauge(running: Installation, name: str) -> float:
    """A metric of the process that holds the sockets."""
    text = (await running.metrics())[socket_process(running)]
    return next(float(line.split()[1]) for line in text.splitlines() if line.startswith(f"{name} "))


async def until_gauge(running: Installation, name: str, most: float) -> None:
    """Waits until a metric is no larger."""
    async with asyncio.timeout(SOON):
        while await gauge(running, name) > most:  # noqa: ASYNC110 - it has to be asked
            await asyncio.sleep(0.05)


def socket_process(running: Installation) -> str:
    return "node" if running.backend == "monolith" else "gateway"


async def people_see_each_other(running: Installation) -> None:
    """A session like any other, from the link to the map."""
    host = await running.create()
    async with connect(host) as anna, connect(await running.join(host)) as ben:
        ben.report(Fix(47.66, 9.18))
        await anna.wait_for(lambda live: 2 in live.positions, SOON)
        offset = await asyncio.wait_for(anna.set_profile(name="Anna"), SOON)
        await ben.wait_for(lambda live: live.state.offset >= offset, SOON)


async def test_strangers_without_a_token_crowd_out_each_other(installation: Installation) -> None:
    host = await installation.create()
    hello = handshake(host.session_id, "none")
    door = installation.doors("socket")
    async with many(door["caddy"], [hello] * 100):
        await until_gauge(installation, "cavalcade_connections", MOST_OF_ONE)
        await people_see_each_other(installation)
    # Behind Caddy the address is what Caddy says: an attacker with a whole network of them.
    addresses = [f"X-Forwarded-For: 198.19.{n // 250}.{n % 250}" for n in range(MOST_STRANGERS + 100)]
    async with many(door["process"], [handshake(host.session_id, "none", line) for line in addresses]):
        await until_gauge(installation, "cavalcade_connections", MOST_STRANGERS)
        await people_see_each_other(installation)
    await until_gauge(installation, "cavalcade_connections", 0)


@pytest.mark.parametrize("door", ["caddy", "deployed", "process"])
async def test_connections_that_say_nothing_or_half_a_request_hinder_nobody(
    installation: Installation, door: str
) -> None:
    halves = [b"", b"GET /socket/websocket HTTP/1.1\r\nHost: x\r\n", b"POST /api/sessions HTTP/1.1\r\nContent-Le"]
    for kind in ("http", "socket"):
        async with many(installation.doors(kind)[door], halves * 100):
            await people_see_each_other(installation)


async def test_a_flood_of_positions_and_operations_is_answered_and_others_go_on(installation: Installation) -> None:
    host = await installation.create()
    member = await installation.join(host)
    topic = f"session:{host.session_id}"

    def frame(ref: int, event: str, payload: object) -> bytes:
        return client_frame(TEXT, json.dumps(["1", str(ref), topic, event, payload]).encode())

    operations = range(2, 62)
    flood = b"".join(
        (
            *(frame(n, "profile:set", {"op_id": str(n), "name": f"Mallory {n}"}) for n in operations),
            *(frame(0, "position", {"lat": 47.0 + n / 10_000, "lon": 9.0}) for n in range(140)),
        )
    )
    reader, writer = await opened(installation.doors("socket")["caddy"])
    async with connect(host) as watching:
        writer.write(handshake(member.session_id, member.token) + frame(1, "phx_join", {}))
        received = bytearray()
        await until(reader, received, b'"presence_state"', 1)
        writer.write(flood)
        await until(reader, received, b'"phx_reply"', len(operations) + 1)  # one is the join's
        replies: dict[int, str] = {}
        for _, payload in read_answer(bytes(received)).frames:
            if b'"phx_reply"' in payload:
                _, ref, _, _, content = json.loads(payload)
                replies[int(ref)] = content["response"].get("reason", "ok")
        del replies[1]
        assert set(replies.values()) <= {"ok", "too_many_requests", "unavailable"}
        await people_see_each_other(installation)
        await watching.wait_for(lambda live: 2 in live.positions, SOON)
        stored = [participant.name for participant in watching.state.participants.values()]
        last = max(ref for ref, outcome in replies.items() if outcome == "ok")
        assert f"Mallory {last}" in stored
    writer.transport.abort()


async def until(reader: asyncio.StreamReader, received: bytearray, piece: bytes, times: int) -> None:
    """Reads until a piece was there some times."""
    async with asyncio.timeout(SOON):
        while received.count(piece) < times:
            data = await reader.read(65_536)
            assert data, "the server closed the connection"
            received += data


async def test_members_who_never_read_cost_a_bounded_memory(installation: Installation) -> None:
    readers = 30
    host = await installation.create()
    members = [await installation.join(host) for _ in range(readers)]
    pid = installation.pids()[socket_process(installation)]
    await people_see_each_other(installation)
    before = resident_bytes(pid)
    stopped = [await _stopped(installation, member) for member in members]
    async with connect(host) as anna:
        await anna.wait_for(lambda live: len(live.present) == readers + 1, SOON)
        for step in range(60):
            anna.report(Fix(47.0 + step / 1000, 9.0))
            await asyncio.wait_for(anna.set_profile(name=f"Anna {step} " + "x" * 30), SOON)
        growth = (resident_bytes(pid) - before) / readers
        # What the send queue may hold, the kernel's part apart; frames are shared between the readers besides.
        assert growth < 256 * 1024
        await people_see_each_other(installation)
    for connection in stopped:
        connection.close()
    await until_gauge(installation, "cavalcade_connections", 0)


async def _stopped(running: Installation, member: Membership) -> socket.socket:
    """Somebody who joins at the process itself, with a small window, and reads nothing from then on."""
    connection = socket.socket(socket.AF_UNIX)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    connection.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(connection, str(running.doors("socket")["process"]))
    join = json.dumps(["1", "1", f"session:{member.session_id}", "phx_join", {"mode": "json"}]).encode()
    await loop.sock_sendall(connection, handshake(member.session_id, member.token) + client_frame(TEXT, join))
    return connection


async def test_large_operations_that_wait_cost_a_bounded_memory(installation: Installation) -> None:
    """Frames of 64 kB which, decoded, are thirty times as much."""
    senders, frames = 40, 6
    host = await installation.create()
    pid = installation.pids()[socket_process(installation)]
    topic = f"session:{host.session_id}"
    fixes = ("{}," * 21_000)[:-1]
    flood = b"".join(
        client_frame(TEXT, f'["1","{ref}","{topic}","fixes:send",{{"op_id":"{ref}","fixes":[{fixes}]}}]'.encode())
        for ref in range(2, 2 + frames)
    )
    members = [await installation.join(host) for _ in range(senders // 4)]
    join = client_frame(TEXT, json.dumps(["1", "1", topic, "phx_join", {}]).encode())
    door = installation.doors("socket")["process"]
    async with many(door, [handshake(m.session_id, m.token) + join for m in members * 4]) as connections:
        received = [bytearray() for _ in connections]
        each = list(zip(connections, received, strict=True))
        await asyncio.gather(*(until(reader, so_far, b'"presence_state"', 1) for (reader, _), so_far in each))
        await people_see_each_other(installation)
        before, most = resident_bytes(pid), 0
        for _, writer in connections:
            writer.write(flood)
        answered = asyncio.gather(*(until(reader, so_far, b'"phx_reply"', frames) for (reader, _), so_far in each))
        while not answered.done():
            await asyncio.wait([answered], timeout=0.02)
            most = max(most, resident_bytes(pid))
        await answered
        assert most - before < 50 * MEGABYTE
        await people_see_each_other(installation)


CROWD = 300
"""Connections that send a body a byte at a time, at the door."""


@pytest.mark.long
async def test_a_slow_sender_is_closed_in_time(installation: Installation) -> None:
    """Slowloris in each part of a request, with the times that an operator has: half a minute for a body."""
    host = await installation.create()
    post = b"POST /api/sessions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    starts = {
        "request line": b"GE",
        "headers": b"GET /api/sessions/zzzzzzzzzz HTTP/1.1\r\nHost: localhost\r\nX-A: b",
        "body": post + b"Content-Length: 100\r\n\r\n{",
        "chunks": post + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n",
        "handshake": handshake(host.session_id, host.token)[:-2],
        "no join": handshake(host.session_id, host.token),
    }
    trickle = {"request line": b"T", "headers": b"x", "body": b" ", "chunks": b"1\r\n \r\n", "handshake": b"X"}

    async def outlasts(part: str, door: str | int) -> float:
        reader, writer = await opened(door)
        loop = asyncio.get_running_loop()
        started = loop.time()
        writer.write(starts[part])
        reading = asyncio.create_task(_until_end(reader))
        while not reading.done() and loop.time() - started < 60:
            await asyncio.wait([reading], timeout=1.0)
            if part in trickle and not writer.transport.is_closing():
                writer.write(trickle[part])
        writer.transport.abort()
        await reading
        return loop.time() - started

    tried = [
        (part, where, door)
        for part in starts
        for where, door in installation.doors("socket" if part in {"handshake", "no join"} else "http").items()
    ]
    caddy = installation.pids()["caddy"]
    await people_see_each_other(installation)
    before = resident_bytes(caddy)
    crowd = [asyncio.create_task(outlasts("body", installation.doors("http")["caddy"])) for _ in range(CROWD)]
    took = await asyncio.gather(*(outlasts(part, door) for part, _, door in tried))
    bounds = {"body": 35.0, "chunks": 35.0}
    late = {(part, where) for (part, where, _), s in zip(tried, took, strict=True) if s > bounds.get(part, 16.0)}
    # Go's server reads what was announced before it lets a connection go: Caddy keeps it, at a price that is bounded.
    assert late <= {("body", "caddy"), ("body", "deployed")}
    await people_see_each_other(installation)
    assert (resident_bytes(caddy) - before) / CROWD < 64 * 1024
    await asyncio.gather(*crowd)


async def _until_end(reader: asyncio.StreamReader) -> None:
    try:
        while await reader.read(65_536):
            pass
    except ConnectionError:
        pass
