"""Runs one command and ends it when the process that asked for it is gone.

Run as a script with the standard library alone: ``python -I -S watchdog.py [options] -- command...``. Its standard
input is a pipe whose other end the parent holds. The end of that pipe is the one signal to stop: the parent closes it
to stop the command in good order, and the kernel closes it when the parent dies, even of SIGKILL. (PR_SET_PDEATHSIG
would fire when the spawning thread ends, is cleared by setuid, and macOS has nothing like it.)

With ``--environment`` the first line of standard input is the command's environment, a JSON object, so that the
watchdog's own shows nothing of it.

The command's output goes into a log file that is never longer than twice a bound: a full file becomes ``<name>.1``.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import selectors
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

LOG_BYTES = 4 * 1024 * 1024
_CHUNK = 65536


class BoundedLog:
    """A file that is moved aside to ``<name>.1`` when it is full, over the one before it."""

    def __init__(self, path: Path, most_bytes: int = LOG_BYTES) -> None:
        self._path = path
        self._most_bytes = most_bytes
        self._descriptor = self._open()
        self._size = os.fstat(self._descriptor).st_size

    def _open(self) -> int:
        # Not through a link, and without waiting for a reader where a pipe was put into the file's place.
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
        descriptor = os.open(self._path, flags, 0o600)
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid() or found.st_nlink > 1:
            os.close(descriptor)
            raise OSError(f"{self._path} is not a file of this user's own")
        return descriptor

    def write(self, data: bytes) -> None:
        """Append ``data``. A full disk loses lines of the log; it must not end the command."""
        with contextlib.suppress(OSError):
            if self._size + len(data) > self._most_bytes:
                os.close(self._descriptor)
                self._path.replace(self._path.with_name(self._path.name + ".1"))
                self._descriptor = self._open()
                self._size = 0
            self._size += os.write(self._descriptor, data)


def run(
    command: list[str],
    log: BoundedLog | None,
    stop_signal: signal.Signals,
    grace_s: float,
    environment: dict[str, str] | None = None,
) -> int:
    """Run ``command`` until it ends or standard input does.

    Args:
        command: What to run. It gets no standard input, and a process group of its own.
        log: Takes the command's output; None leaves the output where the watchdog's own goes.
        stop_signal: Asks the command to end.
        grace_s: Seconds it may take over that, before it is killed.
        environment: All variables that the command has; None gives it the watchdog's own.

    Returns:
        The command's exit code; 128 and the signal's number where a signal ended it.
    """
    # Ctrl-C and friends are the parent's business: it decides, and tells by closing the pipe.
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    child_read, child_write = os.pipe()
    os.set_blocking(child_write, False)
    os.set_blocking(child_read, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(child_write, warn_on_full_buffer=False)
    output = None if log is None else subprocess.PIPE
    try:
        child = subprocess.Popen(  # noqa: S603 - the command comes from the stack, not from a user
            command,
            stdin=subprocess.DEVNULL,
            stdout=output or sys.stderr,
            stderr=subprocess.STDOUT if output else None,
            env=environment,
            start_new_session=True,
            # exec keeps "ignored", and the command must be able to receive what is ignored here.
            restore_signals=True,
            preexec_fn=_default_signals,  # noqa: PLW1509 - safe: the watchdog has one thread
        )
    except OSError as error:
        message = f"cannot run {command[0]}: {error.strerror}\n".encode()
        if log:
            log.write(message)
        return 127
    with selectors.DefaultSelector() as selector:
        selector.register(0, selectors.EVENT_READ)
        selector.register(child_read, selectors.EVENT_READ)
        if child.stdout and log:
            selector.register(child.stdout, selectors.EVENT_READ)
        _serve(selector, child, log, stop_signal, grace_s)
    if child.stdout and log:
        _drain(child.stdout.fileno(), log)
    return child.returncode if child.returncode >= 0 else 128 - child.returncode


def _serve(
    selector: selectors.BaseSelector,
    child: subprocess.Popen[bytes],
    log: BoundedLog | None,
    stop_signal: signal.Signals,
    grace_s: float,
) -> None:
    deadline: float | None = None
    while child.poll() is None:
        left = None if deadline is None else max(0.0, deadline - time.monotonic())
        if left == 0:
            _kill_group(child.pid)
            child.wait()
            return
        for key, _ in selector.select(left):
            data = _read(key.fd)
            if key.fd == 0 and not data:
                selector.unregister(0)
                child.send_signal(stop_signal)
                deadline = time.monotonic() + grace_s
            elif child.stdout and key.fd == child.stdout.fileno() and log:
                if data:
                    log.write(data)
                else:
                    selector.unregister(child.stdout)


def _drain(descriptor: int, log: BoundedLog) -> None:
    """Write what the command said last; a grandchild that still holds the pipe must not keep the watchdog."""
    os.set_blocking(descriptor, False)
    while data := _read(descriptor):
        log.write(data)


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, _CHUNK)
    except OSError:
        return b""


def _kill_group(group: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)


def _default_signals() -> None:
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_DFL)


def main() -> int:
    """Read the options and run the command."""
    parser = argparse.ArgumentParser(prog="watchdog")
    parser.add_argument("--log", type=Path)
    parser.add_argument("--log-bytes", type=int, default=LOG_BYTES)
    parser.add_argument("--signal", type=int, default=int(signal.SIGTERM))
    parser.add_argument("--grace", type=float, default=10.0)
    parser.add_argument("--environment", action="store_true")
    parser.add_argument("command", nargs="+")
    options = parser.parse_args()
    environment: dict[str, str] | None = None
    if options.environment:
        line = _first_line()
        if line is None:
            return 0
        environment = json.loads(line)
    try:
        log = BoundedLog(options.log, options.log_bytes) if options.log else None
    except OSError as error:
        sys.stderr.write(f"cannot write the log: {error}\n")
        return 126
    return run(options.command, log, signal.Signals(options.signal), options.grace, environment)


def _first_line() -> bytes | None:
    """The first line of standard input, which has nothing after it; None where the parent ended before it was whole."""
    line = b""
    while not line.endswith(b"\n"):
        read = os.read(0, _CHUNK)
        if not read:
            return None
        line += read
    return line


if __name__ == "__main__":
    sys.exit(main())
