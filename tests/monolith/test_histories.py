"""Random histories in which a session's process crashes in the midst of any of its steps."""

from typing import Any
from urllib.parse import urlsplit

import pytest

from cavalcade.monolith import registry
from cavalcade.monolith.supervisor import Intensity
from tests.monolith.conftest import RunningNode
from tests.monolith.faults import STEPS, Once, inject
from tests.scenarios.histories import make_histories


class CrashingNode:
    """A node whose session processes are made to fail."""

    def __init__(self, node: RunningNode, monkeypatch: pytest.MonkeyPatch) -> None:
        self.http = node.http
        self.socket_port: Any = urlsplit(node.sockets).port
        self.injected: list[Once] = []
        self._monkeypatch = monkeypatch

    async def crash(self, chance: int) -> None:
        """Has the next one to come to a step fail there."""
        self._monkeypatch.undo()
        steps = list(STEPS)
        self.injected.append(inject(self._monkeypatch, steps[chance % len(steps)]))


@pytest.mark.parametrize(
    ("examples", "steps"), [pytest.param(4, 15, id="short"), pytest.param(150, 40, id="long", marks=pytest.mark.long)]
)
async def test_crashed_processes_lose_and_double_nothing(
    node: RunningNode, monkeypatch: pytest.MonkeyPatch, examples: int, steps: int
) -> None:
    world = CrashingNode(node, monkeypatch)
    with pytest.MonkeyPatch.context() as patience:
        # Histories crash faster than a session may before it is given up: that has tests of its own.
        patience.setattr(registry, "INTENSITY", Intensity(restarts=1000))
        await make_histories(world, examples=examples, steps=steps)
    fired = sum(not fault.armed for fault in world.injected)
    # Housekeeping notes who was seen, too; and what fails beside a process that has failed already is no other crash.
    assert examples // 2 <= node.node.registry.restarts <= fired
