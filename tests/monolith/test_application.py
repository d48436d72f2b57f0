"""A node as a whole: whichever of its parts fails is started again alone, and people notice nothing."""

import httpx
import pytest

from cavalcade.client import Fix, connect
from cavalcade.monolith.supervisor import Intensity, RestartBudget
from tests.monolith.conftest import RunningNode
from tests.services.peer import eventually


async def test_each_part_is_started_again_by_itself(node: RunningNode, monkeypatch: pytest.MonkeyPatch) -> None:
    parts = node.node.supervisor.children
    monkeypatch.setattr(node.node.supervisor, "_budget", RestartBudget(Intensity(len(parts), 60.0)))
    anna, ben = await node.group(2)
    async with connect(anna) as one, connect(ben) as two:
        for part in parts:
            before = part.task
            assert before is not None
            before.cancel()
            await eventually(lambda part=part, before=before: part.task not in (before, None))  # type: ignore[misc]
        one.report(Fix(60.0, 24.0))
        await two.wait_for(lambda session: 1 in session.positions)
        async with httpx.AsyncClient() as client:
            for address in (node.http, f"http://{node.internal}"):
                await eventually(lambda: all(part.task is not None for part in parts))
                assert (await client.get(f"{address}/readyz")).status_code == httpx.codes.OK
            assert "cavalcade_ready 1.0" in (await client.get(f"http://{node.internal}/metrics")).text
    assert {part.child.name: part.restarts for part in parts} == {part.child.name: 1 for part in parts}
