"""Runs the load generator in a process of its own, and says whether what it measured counts."""

import asyncio
import dataclasses
import json
import os
import sys
from collections.abc import Set as AbstractSet
from typing import Final

from testbed import REPOSITORY
from testbed.load.generator import Reading
from testbed.load.traffic import Load

MOST_LATE: Final = 0.01
"""The share of fixes sent late beyond which a run says more about the load generator than about the server."""

DELIVERED: Final = (0.9, 1.1)
"""The bounds of positions delivered for each that should have been; outside them the server dropped or doubled."""


class LoadFailed(Exception):
    """The load could not be put on or kept up: why, in plain words."""


async def run_load(load: Load, cores: AbstractSet[int] | None = None) -> Reading:
    """Puts a load on a server.

    Args:
        load: What to put on.
        cores: On which cores the generator is kept; None for those of this process.

    Raises:
        LoadFailed: It could not go on.
    """
    generator = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "testbed.load.generator"),
        cwd=REPOSITORY,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    if cores is not None:
        os.sched_setaffinity(generator.pid, cores)
    answer, problem = await generator.communicate(json.dumps(dataclasses.asdict(load)).encode())
    if generator.returncode:
        said = problem.decode(errors="replace").strip().splitlines()
        raise LoadFailed(said[-1] if said else f"the load generator ended with {generator.returncode}")
    return Reading(**json.loads(answer))


def flaw_of(reading: Reading, receivers: int) -> str | None:
    """Why a reading must be discarded, or None.

    Args:
        reading: What was measured.
        receivers: How many each fix goes to.
    """
    if not reading.positions or not reading.sent:
        return "nothing was delivered"
    late = reading.late / reading.sent
    if late > MOST_LATE:
        return f"the load generator was saturated: {late:.0%} of the fixes were sent late"
    delivered = reading.positions / (reading.sent * receivers)
    if not DELIVERED[0] <= delivered <= DELIVERED[1]:
        return f"{delivered:.0%} of the positions were delivered"
    return None
