"""What a crash costs: how soon a session's members are attached again, and what the node's other sessions notice."""

import asyncio
import json
import sys
from itertools import cycle
from typing import Final

import redis.asyncio
import structlog

from bench.contenders import make_session
from bench.report import CRASHES
from bench.session_memory import surroundings
from cavalcade.domain.fix import DEGREE, Position
from cavalcade.monolith.backend import MonolithBackend
from cavalcade.monolith.mailbox import Failed
from cavalcade.monolith.registry import Registry
from cavalcade.server.live.send_queue import SendQueue
from cavalcade.server.live_storage.live_state import LivePositionWriter, LiveState
from cavalcade.server.live_storage.redis_link import RedisLink
from cavalcade.server.processes.clock import now_ms
from cavalcade.storage.sessions import SessionStore
from cavalcade.wire.frame import decode_server_binary
from cavalcade.wire.positions import unpack_positions
from testbed.load.latencies import nearest_rank

SESSIONS: Final = 200
MEMBERS: Final = 5
WINDOW_MS: Final = 100
SECONDS: Final = 10.0


class Ear:
    """A connection that listens."""

    def __init__(self) -> None:
        self.latencies_ms: list[float] = []
        self.crashed_at: float | None = None
        self.healed_ms: list[float] = []
        self._loop = asyncio.get_running_loop()

    def write_text(self, frame: bytes) -> None:
        """Presence, whole, is what everybody is told when the next process has taken them over."""
        if self.crashed_at is not None and b"presence_state" in frame:
            self.healed_ms.append((self._loop.time() - self.crashed_at) * 1000)
            self.crashed_at = None

    def write_binary(self, frame: bytes) -> None:
        """Positions."""
        payload = decode_server_binary(frame).payload
        assert isinstance(payload, bytes)
        now = now_ms()
        self.latencies_ms += [float(now - position.fix_time) for _, position in unpack_positions(payload)[1]]

    def close(self, code: int) -> None:
        """Nobody is closed here."""
        raise AssertionError(f"a connection was closed with {code}")

    def fail(self) -> None:
        """No channel fails here."""
        raise AssertionError("a channel failed")

    def finish(self, code: int) -> None:
        """No channel ends here."""
        raise AssertionError(f"a channel ended with {code}")


async def measure(database_url: str, redis_url: str) -> dict[str, float]:
    """Lets some sessions crash, each once, evenly over the time, and watches the others."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    store = SessionStore.open(database_url)
    client = redis.asyncio.Redis.from_url(redis_url)
    live, link = LiveState(client), RedisLink(redis_url)
    writer = LivePositionWriter(link)
    here = surroundings(store, client, live, link, writer, window_ms=WINDOW_MS)
    registry = Registry(here)
    backend = MonolithBackend(here, registry)
    background = [asyncio.create_task(work) for work in (link.run(), writer.run(), registry.run())]
    ears: dict[str, Ear] = {}
    for _ in range(SESSIONS):
        session_id = await make_session(store, MEMBERS)
        ears[session_id] = Ear()
        send_queue = SendQueue(ears[session_id], 1, "binary", "1")
        send_queue.open((await backend.attach(session_id, send_queue, None)).state.offset, [])
    sick, healthy = list(ears)[:CRASHES], list(ears)[CRASHES:]
    moving = asyncio.create_task(_move(backend, list(ears)))
    await asyncio.sleep(SECONDS)
    quiet = _taken(ears, healthy)
    for session_id in sick:
        entry = registry.entries[session_id]
        ears[session_id].crashed_at = asyncio.get_running_loop().time()
        entry.mailbox.put(Failed(entry.process, RuntimeError("injected")))
        await asyncio.sleep(SECONDS / CRASHES)
    crashing = _taken(ears, healthy)
    healed = sorted(time for session_id in sick for time in ears[session_id].healed_ms)
    for task in (moving, *background):
        task.cancel()
    await asyncio.gather(moving, *background, return_exceptions=True)
    await store.close()
    await client.aclose()
    return {
        "crashes": float(registry.restarts),
        "healed": float(len(healed)),
        "healed_p50_ms": nearest_rank(healed, 0.5),
        "healed_p99_ms": nearest_rank(healed, 0.99),
        "healed_max_ms": nearest_rank(healed, 1.0),
        "others_p99_ms_quiet": nearest_rank(quiet, 0.99),
        "others_p99_ms_crashing": nearest_rank(crashing, 0.99),
    }


async def _move(backend: MonolithBackend, session_ids: list[str]) -> None:
    """Everybody moves once a second."""
    loop = asyncio.get_running_loop()
    due = loop.time()
    for session_id, participant in cycle([(name, who) for who in range(1, MEMBERS + 1) for name in session_ids]):
        backend.report(session_id, participant, Position(now_ms(), 47 * DEGREE, 8 * DEGREE))
        due += 1 / (len(session_ids) * MEMBERS)
        if due > loop.time():
            await asyncio.sleep(due - loop.time())


def _taken(ears: dict[str, Ear], session_ids: list[str]) -> list[float]:
    """What some have heard since last time, in order."""
    found = sorted(latency for session_id in session_ids for latency in ears[session_id].latencies_ms)
    for session_id in session_ids:
        ears[session_id].latencies_ms.clear()
    return found


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(measure(*sys.argv[1:]))))
