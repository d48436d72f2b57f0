"""Redis refuses writes: everybody rides on and may come in, and afterwards people who stand still are shown there."""

from pathlib import Path

import pytest

from cavalcade.server.live_storage import redis_link
from tests.refusing import WAYS, refusing

from .conftest import Gateway, running_gateway
from .peer import Peer, eventually, place


@pytest.fixture(autouse=True)
def looks_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redis_link, "BEAT_S", 0.05)
    monkeypatch.setattr(redis_link, "FIRST_TRY_S", 0.05)


@pytest.mark.parametrize("kind", WAYS)
async def test_who_stands_still_is_shown_where_they_are(
    gateway: Gateway, migrated_url: str, redis_url: str, server_directory: Path, kind: str
) -> None:
    session_id = await gateway.session(3)
    anna, ben, carl = [await Peer.connect(gateway, session_id, who) for who in (1, 2, 3)]
    for peer in (anna, ben):
        await peer.join(mode="binary")
    before, now = place(), place(lat=601_250_000)
    await anna.move(before)
    assert await ben.positions() == {1: before}
    async with refusing(kind, redis_url, server_directory / "valkey"):
        await anna.move(now)  # 5 km on, and then she stands still
        assert await ben.positions() == {1: now}
        assert (await carl.join(mode="binary"))["me"] == 3
        await eventually(lambda: gateway.hub.presence._link.is_refused)
        assert gateway.writer.unwritten(session_id).positions == {1: now}
        assert await gateway.backend.missing() is None
    await eventually(lambda: not gateway.writer.unwritten(session_id).positions)
    assert await gateway.backend.positions(session_id) == {1: now}
    # As after the gateway was killed: another one knows what Redis knows, and the roll that was refused before.
    async with running_gateway(migrated_url, redis_url) as other:
        dora = await Peer.connect(other, session_id, 2)
        joined = await dora.join(mode="binary")
        assert [(where["participant"], where["lat"]) for where in joined["positions"]] == [(1, now.lat / 1e7)]
        present = set(await dora.receive("presence_state"))
        while present != {"1", "2", "3"}:  # the roll may be on its way to Redis still; then its gateway tells it
            present |= set((await dora.receive("presence_diff"))["joins"])
