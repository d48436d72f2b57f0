"""What it is like to change a backend: the places that one feature touches, and how soon its tests say what it did.

The feature is scripted, so that both backends get the same: `session:nudge`, by which a member nudges the others. It
goes through the seam, is shown at once and kept nowhere. `feature/` holds a patch for each backend, with the test that
shows it; both are the whole of the feature, so what both backends share is in each. A patch is applied to a copy of the
repository, which stays as it is.
"""

import asyncio
import contextlib
import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Final

from cavalcade.evaluation.clarity import SOURCE

FEATURE: Final = Path(__file__).parent / "feature"
FEATURE_TEST: Final = "tests/scenarios/test_nudge.py"
COPIED: Final = ("src", "tests", "pyproject.toml")

TESTS_WITHIN_S: Final = 200.0


class ExperienceError(Exception):
    """The repository is not here, or the feature does not go into it: why, in plain words."""


@dataclass(frozen=True, slots=True)
class Touched:
    """What a patch touches of the source, its test left out.

    Attributes:
        files: How many files.
        places: How many places in them.
        lines: How many lines it adds and removes.
        own_lines: How many of those are the backend's own.
    """

    files: int
    places: int
    lines: int
    own_lines: int


def touched(backend: str) -> Touched:
    """Counts a backend's patch."""
    files, places, lines, own_lines, file = 0, 0, 0, 0, ""
    for line in (FEATURE / f"{backend}.patch").read_text(encoding="utf-8").splitlines():
        if line.startswith("+++ "):
            file = line.removeprefix("+++ b/")
            files += file.startswith("src/")
        elif file.startswith("src/") and line.startswith("@@"):
            places += 1
        elif file.startswith("src/") and line.startswith(("+", "-")) and not line.startswith("---"):
            lines += 1
            own_lines += file.startswith(f"src/cavalcade/{backend}/")
    return Touched(files, places, lines, own_lines)


@asynccontextmanager
async def patched(backend: str) -> AsyncIterator[Path]:
    """A copy of the repository with the feature in it.

    Raises:
        ExperienceError: This is no repository, there is no git, or the patch does not fit the source any more.
    """
    root = SOURCE.parents[1]
    if not (root / "tests" / backend).is_dir():
        raise ExperienceError("the tests are not here: this takes the repository, and not the installed package alone")
    if shutil.which("git") is None:
        raise ExperienceError("there is no git here to apply the feature's patch with")
    with tempfile.TemporaryDirectory(prefix="cavalcade-feature-") as name:
        copy = Path(name)
        await asyncio.to_thread(_copy, root, copy)
        # The folder may lie in somebody's repository, into which git would look for the files.
        code, said = await _run(
            copy,
            "git",
            "apply",
            str(FEATURE / f"{backend}.patch"),
            settings={"GIT_CEILING_DIRECTORIES": str(copy.parent)},
        )
        if code:
            raise ExperienceError(f"the feature's patch does not fit {backend} any more:\n{said}")
        yield copy


async def run_tests(copy: Path, *which: str) -> float:
    """How long tests of a copy take, seconds, from starting pytest to its result.

    Raises:
        ExperienceError: They fail, or take too long.
    """
    begun = monotonic()
    pytest = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "not long")
    code, said = await _run(copy, *pytest, *which, settings={"PYTHONPATH": str(copy / "src")})
    if code:
        raise ExperienceError(f"{' '.join(which)} failed:\n{said}")
    return monotonic() - begun


async def experience(backend: str) -> tuple[dict[str, float], str | None]:
    """Changes a backend and runs its tests.

    Returns:
        What was measured, the unit at the end of each name; and why its own tests are not among it, where they are not.

    Raises:
        ExperienceError: The feature does not go into it.
    """
    counted = touched(backend)
    async with patched(backend) as copy:
        values = {
            "feature_files": float(counted.files),
            "feature_places": float(counted.places),
            "feature_lines": float(counted.lines),
            "feature_own_lines": float(counted.own_lines),
            "feature_test_s": await run_tests(copy, FEATURE_TEST, "-k", f"[{backend}]"),
        }
        try:
            values["tests_s"] = await run_tests(copy, f"tests/{backend}")
        except ExperienceError as problem:
            return values, str(problem)
    return values, None


def _copy(root: Path, copy: Path) -> None:
    for name in COPIED:
        if (root / name).is_dir():
            shutil.copytree(root / name, copy / name, ignore=shutil.ignore_patterns("node_modules"))
        else:
            shutil.copy2(root / name, copy / name)
    (copy / "page").symlink_to(root / "page")  # some tests run the client of Phoenix, which lies in its node_modules


async def _run(folder: Path, *command: str, settings: dict[str, str]) -> tuple[int, str]:
    """Runs a command in a folder: its code, and the end of what it said."""
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=folder,
        env={**os.environ, **settings},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    with contextlib.suppress(ProcessLookupError):  # it may have ended already
        os.sched_setaffinity(process.pid, range(os.cpu_count() or 1))  # as it runs for whoever changes the code
    try:
        async with asyncio.timeout(TESTS_WITHIN_S):
            output, _ = await process.communicate()
    except TimeoutError:
        raise ExperienceError(f"{' '.join(command[:4])} took longer than {TESTS_WITHIN_S:.0f} s") from None
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()
    return process.returncode or 0, output.decode(errors="replace")[-2000:]
