"""Peers: a relay of our own for the tests, and commands that do not work."""

import asyncio
import shlex
import sys
from pathlib import Path

import pytest

from evaluation.measuring import Cores, measure
from evaluation.plan import Step
from testbed.installations.installation import InstallationError
from testbed.yardsticks.peers import peer, relay

RELAY = (sys.executable, str(Path(__file__).with_name("relay.py")))


def is_running(pid: int) -> bool:
    """Whether a process is there and not just waiting for somebody to take note of its end."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def test_a_peer_is_measured_like_a_backend() -> None:
    step = Step("load", "relay", 1, members=4, sessions=2, seconds=1.5)
    sample = await measure(step, Cores.of_this_machine(), {"relay": relay(RELAY)})
    assert sample.raw["connections"] == 8
    assert sample.values["cpu_per_position_us"] > 0
    assert sample.values["latency_p50_ms"] < 1000
    # Each fix goes to the three others, as a frame of its own.
    assert sample.raw["positions"] == sample.raw["frames"]
    assert sample.values["delivered_share"] == pytest.approx(3 / 4, abs=0.2)


async def test_a_peer_and_all_that_it_started_end_with_it() -> None:
    async with peer("relay", ("sh", "-c", f"{shlex.join(RELAY)} & wait")) as running:
        pids = running.processes()
        assert len(pids) == 2
    async with asyncio.timeout(5):
        while any(is_running(pid) for pid in pids):  # noqa: ASYNC110 - the kernel tells nobody
            await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    ("command", "said"),
    [(("/there/is/no/such/program",), "cannot be run"), (("sh", "-c", "echo broken; exit 1"), "broken")],
)
async def test_a_peer_that_does_not_serve_is_said_plainly(command: tuple[str, ...], said: str) -> None:
    with pytest.raises(InstallationError, match=said):
        async with peer("other", command):
            pass
