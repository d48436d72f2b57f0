"""The machine's clock is set while people ride: every process of an installation, PostgreSQL and Valkey see it."""

import asyncio
import contextlib
import shutil
import struct
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from cavalcade.client import Fix, LiveSession, Membership, connect, create_session, fetch_session, join_session
from cavalcade.client.replies import JoinReply
from cavalcade.server.processes.steady_clock import BELIEVED_AFTER_S
from testbed.installations.installation import Installation, installation

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(shutil.which("cc") is None, reason="needs a C compiler for a library that shifts clocks"),
]

PASS_ON = """
from cavalcade.stack import environments

environments._SYSTEM = (*environments._SYSTEM, "LD_PRELOAD", "SET_CLOCK")
"""
"""Has `cavalcade up` hand on to its servers what it would keep from them."""

HOUR_S = 3600
SOON = 5.0
"""Within what time positions are seen after a clock was set, seconds."""


@dataclass(frozen=True)
class Machine:
    """An installation, and its clock."""

    installation: Installation
    shift: Path

    def set_clock(self, seconds: int) -> None:
        """Sets it so many seconds ahead of the true time."""
        with self.shift.open("r+b") as file:
            file.write(struct.pack("=q", seconds))

    def untouched(self) -> list[str]:
        """Which of its servers do not see what is set."""
        return [
            name
            for name, pids in self.installation.processes().items()
            for pid in pids
            if name != "Caddy" and "set_clock.so" not in Path(f"/proc/{pid}/maps").read_text()
        ]


@pytest.fixture(params=["services", "monolith"])
async def machine(request: pytest.FixtureRequest) -> AsyncIterator[Machine]:
    """An installation whose processes all believe what a file says about their clock."""
    with tempfile.TemporaryDirectory(prefix="cavalcade-clock-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # noqa: ASYNC240 - once; PostgreSQL may run as another user
        library, shift = folder / "set_clock.so", folder / "shift"
        source = Path(__file__).with_name("set_clock.c")
        command = ["cc", "-shared", "-fPIC", "-O2", "-o", str(library), str(source)]
        subprocess.run(command, check=True)  # noqa: ASYNC221 - once, before anything runs
        shift.write_bytes(struct.pack("=q", 0))
        (folder / "sitecustomize.py").write_text(PASS_ON)
        preload = {"LD_PRELOAD": str(library), "SET_CLOCK": str(shift), "PYTHONPATH": str(folder)}
        async with installation(request.param, 2, settings=preload) as running:
            yield Machine(running, shift)


async def _seen_again(rider: LiveSession, others: list[LiveSession], lat: float) -> None:
    """A rider moves, and everybody sees where they are now, and since when."""
    rider.report(Fix(lat, 24.0))
    me = rider.membership.participant

    def sees(session: LiveSession) -> bool:
        found = session.positions.get(me)
        return found is not None and abs(found.lat / 1e7 - lat) < 1e-6

    for session in others:
        await session.wait_for(sees, SOON)


async def test_nobody_freezes_and_nothing_ends_when_the_clock_is_set(machine: Machine) -> None:
    assert machine.untouched() == []
    base = machine.installation.public_url
    host = await create_session(base, host_name="Anna")
    members = [host, *[await join_session(f"{base}/j#{host.code}", name=name) for name in ("Ben", "Carl")]]
    async with connect(members[0]) as anna, connect(members[1]) as ben, connect(members[2]) as carl:
        people = [anna, ben, carl]
        lat = 60.0
        carl.report(Fix(61.0, 24.0))  # who stands still from now on
        await anna.wait_for(lambda session: 3 in session.positions, SOON)
        for step, seconds in ((HOUR_S, 4.0), (-HOUR_S, 4.0), (9 * HOUR_S, 6.0)):
            machine.set_clock(step)
            until = time.monotonic() + seconds
            while time.monotonic() < until:
                lat += 0.01
                await _seen_again(ben, people, lat)
            machine.set_clock(0)
            lat += 0.01
            await _seen_again(ben, people, lat)
            await asyncio.sleep(SOON)
            view = await fetch_session(members[0])  # somebody who comes now
            assert sorted(who for who, _ in view.positions) == [2, 3]
            assert _has_right_times(view)

        machine.set_clock(-HOUR_S)  # and now for good
        await _until(members[0], lambda view: view.server_time / 1000 < time.time() - HOUR_S / 2, BELIEVED_AFTER_S + 30)
        # What is sent while one of two gateways believes the step and the other does not yet may be missed; what comes
        # after it is not.
        lat += 0.01
        with contextlib.suppress(TimeoutError):
            await _seen_again(ben, people, lat)
        lat += 0.01
        await _seen_again(ben, people, lat)
        # By the second process of a kind as well, which may have noticed the step a second later.
        view = await _until(members[0], _has_right_times, SOON)
        assert abs(view.server_time / 1000 - (time.time() - HOUR_S)) < SOON


def _has_right_times(view: JoinReply) -> bool:
    """Whether nobody is shown an hour off: neither long ago nor in the future."""
    ages = [view.server_time - found.fix_time for _, found in view.positions]
    return len(ages) == 2 and all(0 <= age < 300_000 for age in ages)


async def _until(member: Membership, is_so: Callable[[JoinReply], bool], seconds: float) -> JoinReply:
    """Looks until what the servers say is as it should be."""
    async with asyncio.timeout(seconds):
        while not is_so(view := await fetch_session(member)):  # noqa: ASYNC110 - over HTTP nobody tells
            await asyncio.sleep(0.5)
        return view
