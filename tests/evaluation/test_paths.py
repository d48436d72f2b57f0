"""The ways of a position and an operation through a real backend."""

import pytest

from evaluation.paths import FAILING, trace


@pytest.mark.long
@pytest.mark.parametrize("backend", ["services", "monolith"])
async def test_the_ways_lead_from_the_socket_through_the_domain_and_back(backend: str) -> None:
    paths, search = await trace(backend, idle_s=0.5, settle_s=0.3)
    for way in (paths.position, paths.operation):
        assert way[0] == "server/sockets/connection.py:Connection.on_ws_frame"
        assert any(name.startswith(f"{backend}/") for name in way)
        assert len(way) == len(set(way))
    assert "domain/fix.py:clamp" in paths.position
    assert "server/live/send_queue.py:SendQueue.send_positions" in paths.position
    assert FAILING in paths.operation
    assert FAILING not in paths.position
    assert search.lines >= 1
