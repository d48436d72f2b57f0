"""What one participant and one address may ask of a gateway, and what they are told beyond that."""

import dataclasses
from collections.abc import AsyncIterator

import pytest
from websockets.exceptions import InvalidStatus

from tests.quotas import AMPLE

from .conftest import Gateway, running_gateway
from .peer import Peer, eventually


@pytest.fixture
async def strict(migrated_url: str, redis_url: str) -> AsyncIterator[Gateway]:
    """A gateway with low quotas."""
    quotas = dataclasses.replace(AMPLE, operations_per_s=1, rejoins_per_minute=6, sockets_per_address=3)
    async with running_gateway(migrated_url, redis_url, quotas=quotas) as running:
        yield running


async def joined(gateway: Gateway, session_id: str, participant: int) -> Peer:
    peer = await Peer.connect(gateway, session_id, participant)
    await peer.join()
    await peer.receive("presence_state")
    return peer


async def test_operations_beyond_the_quota_are_told_when_to_come_again(strict: Gateway) -> None:
    session_id = await strict.session(2)
    anna, ben = await joined(strict, session_id, 1), await joined(strict, session_id, 2)
    for number in range(4):
        await anna.do("profile:set", {"op_id": str(number), "name": f"Anna {number}"})
    refused = await anna.refused("profile:set", {"op_id": "5", "name": "Anna 5"})
    assert (refused["reason"], refused["retry"], refused["retry_after_s"]) == ("too_many_requests", True, 1)
    await ben.do("profile:set", {"op_id": "1", "name": "Ben"})


async def test_an_sos_is_counted_apart_and_bounded_too(strict: Gateway) -> None:
    session_id = await strict.session(2)
    anna = await joined(strict, session_id, 1)
    while (await anna.ask("profile:set", {"op_id": "p", "name": "Anna"}))["status"] == "ok":
        pass
    sos = (await anna.do("sos:raise", {"op_id": "s", "kind": "lost"}))["offset"]
    for number in range(9):
        assert await anna.do("sos:raise", {"op_id": f"s{number}", "kind": "lost"}) == {"offset": sos}
    refused = await anna.refused("sos:raise", {"op_id": "more", "kind": "lost"})
    assert (refused["reason"], refused["retry"]) == ("too_many_requests", True)
    assert 1 <= refused["retry_after_s"] <= 6
    ben = await joined(strict, session_id, 2)
    await ben.do("sos:answer", {"op_id": "a", "sos": sos, "answer": "going"})


async def test_nobody_is_kept_from_leaving(strict: Gateway) -> None:
    session_id = await strict.session(2)
    ben = await joined(strict, session_id, 2)
    for number in range(5):
        await ben.ask("profile:set", {"op_id": str(number), "name": f"Ben {number}"})
    await ben.do("leave", {"op_id": "leave"})


async def test_all_connections_of_a_participant_join_together_a_bounded_number_of_times(strict: Gateway) -> None:
    session_id = await strict.session(2)
    anna, also_anna = await joined(strict, session_id, 1), await joined(strict, session_id, 1)
    for peer in (anna, also_anna):
        await peer.join()
    reply = await anna.try_to_join()
    assert reply["status"] == "error"
    assert (reply["response"]["reason"], reply["response"]["retry"]) == ("too_many_requests", True)
    assert 1 <= reply["response"]["retry_after_s"] <= 10
    await joined(strict, session_id, 2)


async def test_an_address_has_a_bounded_number_of_connections(strict: Gateway) -> None:
    session_id = await strict.session()
    peers = [await Peer.connect(strict, session_id, 1) for _ in range(3)]
    with pytest.raises(InvalidStatus) as refused:
        await Peer.connect(strict, session_id, 1)
    response = refused.value.response
    assert (response.status_code, response.headers["Retry-After"]) == (429, "10")
    assert b'"too_many_requests"' in (response.body or b"")
    peers[0].socket.transport.abort()
    await eventually(lambda: len(strict.sockets) == 2)
    await Peer.connect(strict, session_id, 1)


async def test_joins_in_quick_succession_do_not_close_the_participants_others(gateway: Gateway) -> None:
    session_id = await gateway.session()
    peers = [await joined(gateway, session_id, 1) for _ in range(4)]
    for _ in range(5):
        for peer in peers:
            await peer.send("phx_join", {}, joins=True)
    for peer in peers:
        await peer.join()
    for peer in peers:
        await peer.round_trip()
    assert len(gateway.hub.hosted[session_id].fanout.present[1]) == 4
