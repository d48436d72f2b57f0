"""What a session's process takes beyond its connections: a node wakes many sessions, and its memory is looked at."""

import asyncio
import json
import sys
from pathlib import Path

import redis.asyncio
import structlog

from bench.contenders import make_session
from cavalcade.domain.features.profile import SetProfile
from cavalcade.domain.fix import DEGREE, Position
from cavalcade.domain.model import Limits
from cavalcade.domain.operations import Operation
from cavalcade.monolith.backend import MonolithBackend
from cavalcade.monolith.node_leases import NodeLeases
from cavalcade.monolith.ownership import Ownership
from cavalcade.monolith.peers import Peers
from cavalcade.monolith.placement import NodeLease
from cavalcade.monolith.registry import Entry, Registry
from cavalcade.monolith.self_fence import SelfFence
from cavalcade.monolith.session_process import Surroundings
from cavalcade.server.live_storage.cold_loads import ColdLoads
from cavalcade.server.live_storage.live_state import LivePositionWriter, LiveState
from cavalcade.server.live_storage.redis_link import RedisLink
from cavalcade.server.processes.clock import AdaptiveClock, now_ms
from cavalcade.storage.sessions import SessionStore

BATCH = 200


async def measure(database_url: str, redis_url: str, sessions: int) -> float:
    """Wakes sessions of two people, who rename themselves and move, and returns the kB that each took."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    store = SessionStore.open(database_url)
    client = redis.asyncio.Redis.from_url(redis_url)
    live, link = LiveState(client), RedisLink(redis_url)
    here = surroundings(store, client, live, link, LivePositionWriter(link), window_ms=500)
    registry = Registry(here)
    backend = MonolithBackend(here, registry)
    made = [await make_session(store, 2) for _ in range(sessions + BATCH)]
    await _live(backend, registry, made[:BATCH])  # whatever is loaded once is loaded now
    before = _resident_kb()
    for begin in range(BATCH, len(made), BATCH):
        await _live(backend, registry, made[begin : begin + BATCH])
    taken = _resident_kb() - before
    for entry in registry.entries.values():
        if entry.task is not None:
            entry.task.cancel()
    await asyncio.gather(*(entry.task for entry in registry.entries.values() if entry.task), return_exceptions=True)
    await store.close()
    await client.aclose()
    return taken / sessions


def surroundings(
    store: SessionStore,
    client: redis.asyncio.Redis,
    live: LiveState,
    link: RedisLink,
    writer: LivePositionWriter,
    *,
    window_ms: int,
) -> Surroundings:
    """What sessions' processes share, on a node that is alone."""
    me = NodeLease("measured", "measured", http="", sockets="", internal="")
    leases = NodeLeases(client, me)
    ownership = Ownership(store, leases, link, Peers(["x" * 32]), superseded=lambda _: None)
    loads = ColdLoads(ownership.take_over, live, writer, without_positions=True)
    standing = SelfFence(ownership.check, lambda: leases.stands_until)
    return Surroundings(store, live, writer, AdaptiveClock(window_ms), Limits(), loads, standing, ownership)


async def _live(backend: MonolithBackend, registry: Registry, session_ids: list[str]) -> None:
    """Wakes the processes of sessions by having something happen in each."""
    await asyncio.gather(*(backend.submit(name, Operation(1, SetProfile(name="Anna"))) for name in session_ids))
    for session_id in session_ids:
        for who in (1, 2):
            backend.report(session_id, who, Position(now_ms(), 47 * DEGREE, 8 * DEGREE))
    entries = [registry.entries[session_id] for session_id in session_ids]
    while not all(map(_shows_both, entries)):  # noqa: ASYNC110 - nobody is connected who would be told
        await asyncio.sleep(0.01)


def _shows_both(entry: Entry) -> bool:
    return entry.process is not None and entry.process.local is not None and len(entry.process.local.fanout.newest) == 2


def _resident_kb() -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


if __name__ == "__main__":
    database, redis_address, count = sys.argv[1:]
    sys.stdout.write(json.dumps({"kb": asyncio.run(measure(database, redis_address, int(count)))}))
