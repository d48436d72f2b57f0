"""What is broadcast and not stored, through the processes of the sessions."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from cavalcade.client import join_session
from cavalcade.monolith.registry import HIBERNATE_S
from cavalcade.server.live.fanout import Fanout
from tests.broadcasting import EVERYBODY, SCENARIOS, Stage, told
from tests.monolith.conftest import RunningNode
from tests.monolith.faults import Injected
from tests.scenarios.raw_socket import open_socket
from tests.services.peer import eventually


async def _stage(node: RunningNode) -> Stage:
    host = await node.create()
    member = await node.join(host, "Member")
    viewer = node.through(await join_session(f"{node.http}/j#{host.viewer_code}", name="Viewer"))
    return Stage(node.node.backend, host, member, viewer)


@pytest.mark.parametrize("scenario", SCENARIOS)
async def test_broadcasts(node: RunningNode, scenario: Callable[[Stage], Awaitable[None]]) -> None:
    await scenario(await _stage(node))


async def test_a_process_that_fails_leaves_broadcasts_to_the_next(
    node: RunningNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = await _stage(node)
    async with open_socket(stage.member) as member:
        await member.join()
        stage.broadcast("reached", "1", {"offset": 3}, EVERYBODY)
        assert await told(member, "reached") == {"1": {"offset": 3}}
        before = Fanout._send_broadcasts

        def fails(_: Fanout) -> None:
            monkeypatch.setattr(Fanout, "_send_broadcasts", before)
            raise Injected

        monkeypatch.setattr(Fanout, "_send_broadcasts", fails)
        stage.broadcast("reached", "2", {"offset": 4}, EVERYBODY)
        assert await told(member, "reached") == {"2": {"offset": 4}}
        assert node.entry(stage.host).restarts == 1
        async with open_socket(stage.host) as host:
            await host.join()
            assert await told(host, "reached") == {"1": {"offset": 3}, "2": {"offset": 4}}


async def test_a_broadcast_wakes_a_process_that_hibernates(node: RunningNode) -> None:
    stage = await _stage(node)
    async with open_socket(stage.member) as member:
        await member.join()
        entry = node.entry(stage.host)
        await eventually(lambda: not len(entry.mailbox))
        node.node.registry.scan(asyncio.get_running_loop().time() + HIBERNATE_S + 1)
        await eventually(lambda: entry.task is None)
        stage.broadcast("reached", "1", {"offset": 3}, EVERYBODY)
        assert await told(member, "reached") == {"1": {"offset": 3}}


async def test_where_nobody_is_connected_no_process_is_started(node: RunningNode) -> None:
    stage = await _stage(node)
    node.node.registry.leave(stage.host.session_id)
    stage.broadcast("reached", "1", {"offset": 3}, EVERYBODY)
    assert not node.node.registry.entries
