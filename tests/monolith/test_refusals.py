"""Redis refuses writes: everybody rides on, no session is given away, and afterwards Redis has what it refused."""

from pathlib import Path

import pytest

from cavalcade.client import Fix, connect
from cavalcade.monolith.placement import SETTLED_S
from cavalcade.server.live_storage import redis_link
from tests.refusing import WAYS, refusing
from tests.services.peer import eventually

from .conftest import RunningNode, positions_in_redis


@pytest.mark.parametrize("kind", WAYS)
async def test_who_stands_still_is_shown_where_they_are(
    node: RunningNode, redis_url: str, server_directory: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(redis_link, "BEAT_S", 0.05)
    monkeypatch.setattr(redis_link, "FIRST_TRY_S", 0.05)
    anna, ben, carl = await node.group(3)
    async with connect(anna) as one, connect(ben) as two:
        one.report(Fix(60.0, 24.0))
        await two.wait_for(lambda session: 1 in session.positions, timeout=5)
        await positions_in_redis(node, anna.session_id, {1: 600_000_000})
        async with refusing(kind, redis_url, server_directory / "valkey"):
            one.report(Fix(60.05, 24.0))  # 5 km on, and then she stands still
            await two.wait_for(lambda session: session.positions[1].lat == 600_500_000, timeout=5)
            async with connect(carl) as three:
                assert three.positions[1].lat == 600_500_000
            await eventually(lambda: node.node._link.is_refused)
            node.node.ownership.claimed_at[anna.session_id] -= 2 * SETTLED_S
            assert not await node.node.handover.give(anna.session_id)
        await positions_in_redis(node, anna.session_id, {1: 600_500_000})
        await eventually(lambda: not node.node._link.is_refused)
        assert await node.node.handover.give(anna.session_id)
