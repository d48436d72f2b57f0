"""The load generator on the floor, both as they are, for a second."""

import shutil
from pathlib import Path

import pytest

from testbed.installations.installation import free_port
from testbed.load.run import LoadFailed, run_load
from testbed.load.traffic import Load, Target
from testbed.yardsticks.peers import peer
from testbed.yardsticks.servers import floor

pytestmark = [
    pytest.mark.skipif(not Path("/proc/self/schedstat").exists(), reason="CPU is read from Linux's /proc"),
    pytest.mark.skipif(shutil.which("cc") is None, reason="the floor is compiled"),
]


@pytest.mark.parametrize("window_ms", [0, 100])
async def test_every_position_reaches_every_member(tmp_path: Path, window_ms: int) -> None:
    server = floor(tmp_path, window_ms)
    async with peer("floor", server.command) as running:
        load = Load(running.port, server.targets(2, 5), 0, "spread", 0.2, 1.0, running.processes(), {})
        reading = await run_load(load)
    assert reading.sent == pytest.approx(10, abs=2)
    assert reading.positions == pytest.approx(reading.sent * 5, abs=15)
    assert reading.frames <= reading.positions
    assert reading.server_cpu_s > 0
    assert all(-1 <= latency < 1000 for latency in reading.latencies_ms)


async def test_a_server_that_is_not_there_is_said_plainly() -> None:
    port = free_port()
    targets = [Target("/0/1", 0)]
    with pytest.raises(LoadFailed, match="refused"):
        await run_load(Load(port, targets, 0, "spread", 0.1, 0.1, [1], {}))
