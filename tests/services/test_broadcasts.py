"""What is broadcast and not stored, on one gateway and across several."""

from collections.abc import Awaitable, Callable

import pytest

from cavalcade.client import Membership
from cavalcade.domain.audience import MEMBERS
from cavalcade.domain.features.membership import Join
from cavalcade.domain.model import Role
from cavalcade.domain.operations import Operation
from cavalcade.services.backend import ServicesBackend
from tests.broadcasting import EVERYBODY, SCENARIOS, Stage, told
from tests.scenarios.raw_socket import open_socket

from .conftest import Gateway
from .peer import eventually


def _membership(gateway: Gateway, session_id: str, participant: int) -> Membership:
    address = f"127.0.0.1:{gateway.port}"
    token = gateway.token(session_id, participant)
    return Membership(f"http://{address}", session_id, participant, token, f"ws://{address}/socket")


async def _stage(gateway: Gateway) -> Stage:
    session_id = await gateway.session(2)
    await gateway.backend.submit(session_id, Operation(None, Join(Role.VIEWER)))
    return Stage(gateway.backend, *(_membership(gateway, session_id, participant) for participant in (1, 2, 3)))


@pytest.mark.parametrize("scenario", SCENARIOS)
async def test_broadcasts(gateway: Gateway, scenario: Callable[[Stage], Awaitable[None]]) -> None:
    await scenario(await _stage(gateway))


async def test_broadcasts_cross_gateways_and_newcomers_there_are_told(gateway: Gateway, other_gateway: Gateway) -> None:
    stage = await _stage(gateway)
    session_id = stage.host.session_id
    async with open_socket(stage.host) as host:
        await host.join()
        stage.broadcast("reached", "1", {"offset": 1}, EVERYBODY)
        stage.broadcast("reachability", "1", {"state": "page"}, MEMBERS)
        assert await told(host, "reached") == {"1": {"offset": 1}}
        # The other gateway begins to host the session with this connection, and asks for what is known.
        async with open_socket(_membership(other_gateway, session_id, 2)) as member:
            await member.join()
            assert await told(member, "reached") == {"1": {"offset": 1}}
            assert await told(member, "reachability") == {"1": {"state": "page"}}
            async with open_socket(_membership(other_gateway, session_id, 3)) as viewer:
                await viewer.join()
                assert await told(viewer, "reached") == {"1": {"offset": 1}}
                other_gateway.backend.broadcast(session_id, "reached", None, EVERYBODY, "1")
                assert await told(host, "reached") == {"1": None}
                assert await told(viewer, "reached") == {"1": None}
                assert "reachability" not in {message.event for message in viewer.unread}
                stage.broadcast("reached", "1", {"offset": 2}, EVERYBODY)
                assert await told(viewer, "reached") == {"1": {"offset": 2}}
                assert await told(host, "reached") == {"1": {"offset": 2}}
    known = [one.hub.hosted[session_id].fanout.broadcasts for one in (gateway, other_gateway)]
    await eventually(lambda: not any(broadcasts.unsent for broadcasts in known))


async def test_an_api_server_broadcasts_to_the_gateways(gateway: Gateway) -> None:
    stage = await _stage(gateway)
    api = ServicesBackend(gateway.store, gateway.live, gateway.writer, gateway.limits)
    async with open_socket(stage.member) as member:
        await member.join()
        for offset in (1, 2, 3):
            api.broadcast(stage.host.session_id, "reached", {"offset": offset}, EVERYBODY, "1")
        while await told(member, "reached") != {"1": {"offset": 3}}:
            pass
