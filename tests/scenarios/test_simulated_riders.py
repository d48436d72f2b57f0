"""The simulator's riders are participants like all others."""

import asyncio
import signal
import sys
from asyncio.subprocess import PIPE

from cavalcade.client import connect, join_session
from tests.scenarios.people import SOON, Group

RIDERS = 3


async def test_riders_in_a_new_session_move_and_leave_when_told_to(server: str) -> None:
    options = ("--new", "--server", server, "--riders", str(RIDERS), "--speed", "5", "--seed", "1")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "cavalcade", "simulate"), *options, stdout=PIPE, stderr=PIPE
    )
    assert process.stdout is not None
    async with asyncio.timeout(30):
        lines = [(await process.stdout.readline()).decode() for _ in range(2)]
    assert lines[0].startswith("link ")
    assert lines[1].startswith("viewer link ")
    async with connect(await join_session(lines[1].split()[-1])) as viewer:
        await viewer.wait_for(lambda s: len(s.positions) == RIDERS, 30)
        before = dict(viewer.positions)
        await viewer.wait_for(lambda s: all(s.positions[who] != where for who, where in before.items()), 30)
        process.send_signal(signal.SIGINT)
        await viewer.wait_for(lambda s: len(s.state.participants) == 1, 10 + SOON)
        assert not viewer.positions
    _, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
    assert errors.decode().endswith("all have left.\n")


async def test_riders_go_when_the_session_ends(server: str) -> None:
    async with Group(server) as group:
        anna = await group.connect(group.host)
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "cavalcade", "simulate", group.host.link or "", "--riders", "2"),
            stdout=PIPE,
            stderr=PIPE,
        )
        await anna.wait_for(lambda s: len(s.positions) == 2, 30)
        await anna.end()
        async with asyncio.timeout(30):
            _, errors = await process.communicate()
        assert process.returncode == 0, errors.decode()
        assert errors.decode().endswith("The session is over for the riders: ended.\n")


async def test_riders_do_not_come_by_a_viewers_link(server: str) -> None:
    async with Group(server) as group:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "cavalcade", "simulate", group.host.viewer_link or "", "--riders", "2"),
            stdout=PIPE,
            stderr=PIPE,
        )
        async with asyncio.timeout(30):
            _, errors = await process.communicate()
        assert process.returncode == 1
        assert errors.decode() == "cavalcade: this is a viewer's link: riders need the link for members\n"
