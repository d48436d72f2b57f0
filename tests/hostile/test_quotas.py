"""Who has a link, a token or one address and asks for too much: others do not notice, and little is stored."""

import asyncio
import json
import time
from collections import Counter

import httpx

from cavalcade.client import Membership, connect
from cavalcade.settings import Quotas
from tests.hostile.frames import TEXT, client_frame, handshake, read_answer
from tests.hostile.installation import Installation, opened
from tests.hostile.test_floods import many, people_see_each_other, until

QUOTAS = Quotas()
FLOOD_S = 3.0
"""How long the floods here last; the bounds are those of so many seconds."""


async def statuses(client: httpx.AsyncClient, path: str, body: dict[str, str], times: int) -> Counter[int]:
    """What the same call is answered when it is made many times, sixteen at once."""
    at_once = asyncio.Semaphore(16)

    async def call() -> int:
        async with at_once:
            answer = await client.post(path, json=body)
            assert (answer.status_code == 429) == (answer.json().get("code") == "too_many_requests")
            assert answer.status_code != 429 or int(answer.headers["Retry-After"]) > 0
            return answer.status_code

    return Counter(await asyncio.gather(*(call() for _ in range(times))))


class Bound:
    """How many a quota lets through from now on, on a machine of any speed.

    In a moment without Redis the process counts alone, from zero: so all that is allowed at once comes twice.
    """

    def __init__(self, at_once: int, every_s: float) -> None:
        self._at_once, self._every_s, self._begun = at_once, every_s, time.monotonic()

    def now(self) -> float:
        """How many by now."""
        return 2 * self._at_once + 2 * (time.monotonic() - self._begun) / self._every_s + 1


def place(host: Membership, call: str) -> str:
    """The path of a session's call."""
    return f"/api/sessions/{host.session_id}/{call}"


async def test_one_address_makes_a_bounded_number_of_sessions(installation: Installation) -> None:
    async with installation.caller("198.18.200.1") as client, installation.caller("198.18.200.2") as stranger:
        bound = Bound(QUOTAS.sessions_per_hour // 3, 3600 / QUOTAS.sessions_per_hour)
        answers = await statuses(client, "/api/sessions", {}, 250)
        assert set(answers) <= {201, 429, 503}
        assert answers[201] <= bound.now()
        assert answers[429] > 0
        assert (await stranger.post("/api/sessions", json={})).status_code == 201


async def test_a_member_joins_a_session_that_viewers_flood(installation: Installation) -> None:
    host = await installation.create()
    assert host.viewer_code is not None
    async with installation.caller() as client:
        bound = Bound(QUOTAS.joins_per_minute // 4, 4 * 60 / QUOTAS.joins_per_minute)
        answers = await statuses(client, place(host, "join"), {"code": host.viewer_code}, 250)
        assert answers[201] <= min(bound.now(), 100)  # half of the places
        assert answers[429] > 0
    await installation.join(host)


async def test_who_comes_and_goes_leaves_few_events_and_room_for_members(installation: Installation) -> None:
    host = await installation.create()
    assert host.viewer_code is not None
    loop = asyncio.get_running_loop()
    async with installation.caller() as client:
        bound, end = Bound(QUOTAS.joins_per_minute // 10, 3600 / QUOTAS.joins_per_minute), loop.time() + FLOOD_S
        while loop.time() < end:
            joined = await client.post(place(host, "join"), json={"code": host.viewer_code})
            if joined.status_code == 201:
                token = {"Authorization": f"Bearer {joined.json()['token']}"}
                await client.delete(place(host, "participants/me"), headers=token)
    async with connect(host) as anna:
        # Each comes and goes; of the first two it is not known yet that they do.
        assert anna.state.offset <= 1 + 2 * (2 + bound.now())
    await installation.join(host)


async def test_a_flood_of_operations_stores_few_events(installation: Installation) -> None:
    host = await installation.create()
    member = await installation.join(host)
    topic = f"session:{host.session_id}"
    reader, writer = await opened(installation.doors("socket")["caddy"])
    join = client_frame(TEXT, json.dumps(["1", "1", topic, "phx_join", {}]).encode())
    writer.write(handshake(member.session_id, member.token) + join)
    received = bytearray()
    loop = asyncio.get_running_loop()
    bound = Bound(4 * QUOTAS.operations_per_s, 1 / QUOTAS.operations_per_s)
    end, number = loop.time() + FLOOD_S, 1
    while loop.time() < end:
        for _ in range(8):
            number += 1
            operation = {"op_id": str(number), "name": f"Mallory {number}"}
            writer.write(client_frame(TEXT, json.dumps(["1", str(number), topic, "profile:set", operation]).encode()))
        received += await reader.read(65_536)
    frames = [json.loads(payload) for _, payload in read_answer(bytes(received)).frames if payload[:1] == b"["]
    refused = [f[4]["response"] for f in frames if f[3] == "phx_reply" and f[4]["response"].get("retry")]
    assert {one["reason"] for one in refused} <= {"too_many_requests", "unavailable"}
    assert all(one["retry_after_s"] >= 1 for one in refused if one["reason"] == "too_many_requests")
    writer.transport.abort()
    async with connect(host) as anna:
        assert anna.state.offset <= 2 + bound.now()
        await people_see_each_other(installation)


async def test_a_stranger_connects_while_one_address_has_all_that_it_may(installation: Installation) -> None:
    host = await installation.create()
    door = installation.doors("socket")["process"]
    most = QUOTAS.sockets_per_address
    from_one_address = "X-Forwarded-For: 198.18.201.1"
    members = [await installation.join(host) for _ in range(40)]
    tokens = [member.token for member in members] * 20
    hellos = [handshake(host.session_id, token, from_one_address) for token in tokens]
    async with many(door, hellos[:most]) as connections:
        for reader, _ in connections:
            assert (await reader.readline()).split()[1] == b"101"
        async with many(door, hellos[most:]) as more:
            for reader, _ in more:
                head = await reader.readuntil(b"\r\n\r\n")
                assert head.split()[1] == b"429"
                assert b"retry-after: " in head.lower()
            await people_see_each_other(installation)


async def test_joins_in_quick_succession_close_none_of_the_participants_others(installation: Installation) -> None:
    host = await installation.create()
    topic = f"session:{host.session_id}"
    joins = b"".join(
        client_frame(TEXT, json.dumps([str(ref), str(ref), topic, "phx_join", {}]).encode()) for ref in range(1, 6)
    )
    heartbeat = client_frame(TEXT, json.dumps([None, "9", "phoenix", "heartbeat", {}]).encode())
    hello = handshake(host.session_id, host.token)
    async with many(installation.doors("socket")["process"], [hello] * 4) as connections:
        received = [bytearray() for _ in connections]
        each = list(zip(connections, received, strict=True))
        for _, writer in connections:
            writer.write(joins)
        for (reader, _), so_far in each:
            await until(reader, so_far, b'"presence_state"', 1)
        await people_see_each_other(installation)
        for (reader, writer), so_far in each:
            writer.write(heartbeat)
            await until(reader, so_far, b'"9","phoenix"', 1)
            assert read_answer(bytes(so_far)).close_code is None
