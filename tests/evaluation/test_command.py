"""``python -m evaluation`` as `make evaluate` calls it: stopped in the middle it leaves nothing behind and goes on."""

import asyncio
import signal
import sys
from asyncio.subprocess import PIPE, STDOUT
from pathlib import Path

import psutil
import pytest

WITHIN_S = 120


def _samples(out: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in out.glob("quick/samples/*.json")}


async def _stopped(out: Path, number: signal.Signals, samples: int) -> str:
    """What a run says that is stopped in the step after so many samples."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "evaluation", "--quick", "--out", str(out)), stdout=PIPE, stderr=STDOUT
    )
    started: list[psutil.Process] = []
    try:
        async with asyncio.timeout(WITHIN_S):
            # Whatever is there is left to the next run; what counts is that the next step's servers have started.
            while len(_samples(out)) < samples or len(started) < 5:
                assert process.returncode is None
                await asyncio.sleep(0.1)
                started = psutil.Process(process.pid).children(recursive=True)
            process.send_signal(number)
            assert process.stdout
            said = (await process.stdout.read()).decode()
            assert await process.wait() == 130
    finally:
        if process.returncode is None:
            process.kill()
    _, alive = psutil.wait_procs(started, timeout=10)
    assert not alive
    return said


@pytest.mark.long
async def test_a_run_that_was_stopped_leaves_no_process_and_goes_on_where_it_was(tmp_path: Path) -> None:
    said = await _stopped(tmp_path, signal.SIGTERM, 1)
    assert "The same command goes on from here." in said
    kept = _samples(tmp_path)
    assert kept
    await _stopped(tmp_path, signal.SIGINT, len(kept) + 1)
    assert _samples(tmp_path).items() >= kept.items()
