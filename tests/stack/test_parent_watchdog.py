"""The watchdog: it ends its command with its parent, bounds the command's log, and passes its exit code on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from cavalcade.stack import parent_watchdog as watchdog
from cavalcade.stack.parent_watchdog import BoundedLog

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

# Starts a watchdog over a sleeping command and tells both process ids, the command's through the log.
PARENT = """
import subprocess, sys
watched = subprocess.Popen(
    [sys.executable, "-I", "-S", {watchdog!r}, "--log", {log!r}, "--grace", "1", "--",
     sys.executable, "-u", "-c", {command!r}],
    stdin=subprocess.PIPE, start_new_session=True)
print(watched.pid, flush=True)
watched.wait()
"""
SLEEPER = "import os, time; print(os.getpid()); time.sleep(600)"
DEAF = "import os, signal, time; signal.signal(15, signal.SIG_IGN); print(os.getpid()); time.sleep(600)"


def started(command: str, directory: Path) -> tuple[subprocess.Popen[str], set[int]]:
    log = directory / "command.log"
    source = PARENT.format(watchdog=watchdog.__file__, log=str(log), command=command)
    parent = subprocess.Popen([sys.executable, "-c", source], stdout=subprocess.PIPE, text=True)
    assert parent.stdout
    pids = {int(parent.stdout.readline())}
    while not (log.exists() and log.read_text().endswith("\n")):
        os.sched_yield()
    pids.add(int(log.read_text()))
    return parent, pids


def run(directory: Path, command: str, *options: str, stop: bool = False) -> subprocess.CompletedProcess[bytes]:
    """Run a command to its end; standard input stays open until then unless ``stop``."""
    reading, writing = os.pipe()
    watched = subprocess.Popen(
        [sys.executable, "-I", "-S", watchdog.__file__, "--log", str(directory / "command.log"), *options, "--",
         sys.executable, "-u", "-c", command],
        stdin=reading,
    )  # fmt: skip
    os.close(reading)
    if stop:
        while not (directory / "command.log").exists() or not (directory / "command.log").read_text():
            os.sched_yield()
        os.close(writing)
    code = watched.wait(20)
    if not stop:
        os.close(writing)
    return subprocess.CompletedProcess([], code)


@pytest.mark.parametrize("command", [SLEEPER, DEAF], ids=["obedient", "deaf to SIGTERM"])
def test_ends_the_command_when_the_parent_is_killed(
    directory: Path, until_gone: Callable[[set[int]], None], command: str
) -> None:
    parent, pids = started(command, directory)
    with parent:
        parent.kill()
    until_gone(pids)


def test_passes_the_exit_code_on(directory: Path) -> None:
    assert run(directory, "raise SystemExit(3)").returncode == 3
    assert run(directory, "import os; os.kill(os.getpid(), 9)").returncode == 128 + signal.SIGKILL


def test_stops_the_command_with_the_signal_asked_for(directory: Path) -> None:
    told = "import signal, sys; signal.signal(2, lambda *_: sys.exit(7)); print(1); signal.pause()"
    assert run(directory, told, "--signal", "2", stop=True).returncode == 7


def test_says_what_cannot_be_run(directory: Path) -> None:
    log = directory / "command.log"
    done = subprocess.run(
        [sys.executable, "-I", "-S", watchdog.__file__, "--log", str(log), "--", str(directory / "missing")],
        stdin=subprocess.DEVNULL,
        check=False,
    )
    assert done.returncode == 127
    assert "missing: No such file or directory" in log.read_text()


def test_keeps_all_output_of_a_command_that_ends_at_once(directory: Path) -> None:
    run(directory, "print('x' * 500_000)")
    assert (directory / "command.log").stat().st_size == 500_001


def test_log_never_grows_beyond_twice_its_bound(directory: Path) -> None:
    log = BoundedLog(directory / "bounded.log", most_bytes=1000)
    for number in range(100):
        log.write(f"{number:03} {'x' * 95}\n".encode())
    assert (directory / "bounded.log").stat().st_size <= 1000
    assert (directory / "bounded.log.1").stat().st_size <= 1000
    assert (directory / "bounded.log").read_text().splitlines()[-1].startswith("099")
    assert BoundedLog(directory / "bounded.log", 1000)._size == (directory / "bounded.log").stat().st_size


@pytest.mark.parametrize("rotated", [False, True])
def test_a_log_that_is_a_link_is_not_written_to(directory: Path, *, rotated: bool) -> None:
    elsewhere = directory / "elsewhere"
    elsewhere.write_text("kept")
    (directory / ("command.log.1" if rotated else "command.log")).symlink_to(elsewhere)
    code = run(directory, "print('x' * 80); print('y' * 80)", "--log-bytes", "100").returncode
    assert code == (0 if rotated else 126)
    assert elsewhere.read_text() == "kept"


def test_a_log_that_is_a_pipe_holds_nothing_up(directory: Path) -> None:
    os.mkfifo(directory / "command.log")
    assert run(directory, "print('x')").returncode == 126


def test_the_environment_comes_over_standard_input(directory: Path) -> None:
    told = "import os; print(os.environ.get('GIVEN'), os.environ.get('INHERITED'))"
    watched = subprocess.Popen(
        [sys.executable, "-I", "-S", watchdog.__file__, "--log", str(directory / "command.log"), "--environment", "--",
         sys.executable, "-c", told],
        stdin=subprocess.PIPE,
        env={"INHERITED": "no"},
    )  # fmt: skip
    assert watched.stdin
    watched.stdin.write(json.dumps({"GIVEN": "yes\n"}).encode() + b"\n")
    watched.stdin.flush()
    assert watched.wait(20) == 0
    watched.stdin.close()
    assert (directory / "command.log").read_text() == "yes\n None\n"


def test_a_parent_that_ends_before_it_has_said_all_starts_nothing(directory: Path) -> None:
    command = [
        sys.executable,
        "-I",
        "-S",
        watchdog.__file__,
        "--environment",
        "--",
        "touch",
        str(directory / "started"),
    ]
    done = subprocess.run(command, input=b'{"GIVEN": "y', check=False, timeout=20)
    assert done.returncode == 0
    assert not (directory / "started").exists()
