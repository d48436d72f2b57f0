"""A process that is told to stop sends its people elsewhere, and nothing that was acknowledged is lost or doubled."""

import asyncio
import os
import signal

import pytest

from cavalcade.client import LiveSession, connect, fetch_session
from tests.hostile.installation import SETTINGS, installed

MEMBERS = 8
ROUNDS = 6
DRAIN_S = 2


@pytest.mark.long
@pytest.mark.parametrize("backend", ["services", "monolith"])
async def test_nothing_acknowledged_is_lost_or_doubled(backend: str) -> None:
    async with installed(backend, {**SETTINGS, "CAVALCADE_DRAIN_S": str(DRAIN_S)}) as running:
        command = "node" if backend == "monolith" else "gateway"
        host = await running.create()
        people = [host, *[await running.join(host) for _ in range(MEMBERS - 1)]]
        before = (await fetch_session(host)).state
        assert before is not None
        first = running.pids()[command]
        async with asyncio.TaskGroup() as group:
            for person in people:
                group.create_task(_rename(connect(person)))
            await asyncio.sleep(0.3)  # somewhere within
            os.kill(first, signal.SIGTERM)
        after = (await fetch_session(host)).state
        assert after is not None
        # Every change of a name is one event, and its last one is what is stored.
        assert after.offset - before.offset == MEMBERS * ROUNDS
        assert {person.name for person in after.participants.values()} == {f"Round {ROUNDS - 1}"}
        assert running.pids()[command] != first
        drained = [line for line in running.log_lines("info") if line["event"] == f"{command}_stopped"]
        assert len(drained) == 1


async def _rename(connecting: object) -> None:
    async with connecting as person:  # type: ignore[attr-defined]
        assert isinstance(person, LiveSession)
        for number in range(ROUNDS):
            async with asyncio.timeout(60):
                await person.set_profile(name=f"Round {number}")
            await asyncio.sleep(DRAIN_S / ROUNDS)
