"""The folder that holds everything one installation keeps: databases, secret, certificates and logs.

::

    version    the layout's number, so that another version of Cavalcade does not write into it
    lock       held by the one `cavalcade up` that uses the folder, and by its watchdogs; names the process and address
    secret     signs tokens; made once, mode 0600
    postgres/  valkey/  caddy/  logs/
    run/       sockets, mode 0700; under the temporary folder where this path is too long for a socket
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import secrets
import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cavalcade.signing_secret import weakness_of
from cavalcade.stack import private_files
from cavalcade.stack.errors import StackError

if TYPE_CHECKING:
    from collections.abc import Iterator

LAYOUT = "1"
_LONGEST_SOCKET_PATH = 103  # bytes: macOS; Linux takes four more
_LONGEST_SOCKET_NAME = "gateway-99-internal.sock"
_SPACE_FOR_A_NEW_ONE = 300 * 1024 * 1024
_SPACE_TO_GO_ON = 50 * 1024 * 1024
_WAIT_FOR_WATCHDOGS_S = 15.0


@dataclass(frozen=True, slots=True)
class DataDirectory:
    """An open data directory, locked for this process. Get one from :func:`opened`."""

    path: Path
    run: Path
    """The folder of the sockets."""
    lock: int
    """The file descriptor whose lock lasts for as long as any process holds it."""
    folder: int
    """The file descriptor of the directory itself: what is opened by it cannot be exchanged on the way."""

    @property
    def postgres(self) -> Path:
        """PostgreSQL's cluster."""
        return self.path / "postgres"

    @property
    def valkey(self) -> Path:
        """Where Valkey runs; it keeps no files."""
        return self.path / "valkey"

    @property
    def caddy(self) -> Path:
        """Caddy's configuration, certificates and authority."""
        return self.path / "caddy"

    def log(self, name: str) -> Path:
        """The log file of the part called ``name``."""
        return self.path / "logs" / f"{name}.log"

    def signing_secret(self) -> str:
        """The secret that signs tokens, made at the first call for this folder.

        Raises:
            StackError: The file is not this user's alone, or what stands in it can be guessed.
        """
        path, unfinished = self.path / "secret", self.path / "secret.new"
        try:
            secret = private_files.read_secret(path, self.folder).strip()
        except FileNotFoundError:
            secret = secrets.token_urlsafe(32)
            with contextlib.suppress(FileNotFoundError):
                os.unlink(unfinished.name, dir_fd=self.folder)
            made = private_files.open_file(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, self.folder)
            with os.fdopen(made, "w") as file:
                file.write(secret)
            os.rename(unfinished.name, path.name, src_dir_fd=self.folder, dst_dir_fd=self.folder)
        if weak := weakness_of(secret):
            raise StackError(
                f"The signing secret in {path} {weak}.",
                "Remove the file: a new one is made, and everybody has to join again.",
            )
        return secret

    def announce(self, base_url: str) -> None:
        """Write into the lock who holds it and where it serves, for people who try to start a second one."""
        os.ftruncate(self.lock, 0)
        os.pwrite(self.lock, f"{os.getpid()}\n{base_url}\n".encode(), 0)


@contextlib.contextmanager
def opened(path: Path) -> Iterator[DataDirectory]:
    """Open the data directory at ``path``, made first if need be, for this process alone.

    Raises:
        StackError: It cannot be written, is in use, belongs to somebody else or can be changed by others, is not
            Cavalcade's or of another version, or its disk is full.
    """
    path = path.expanduser().resolve()
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        private_files.check_way_to(path)
        folder = private_files.open_folder(path)
    except OSError as error:
        raise _explained(path, error) from error
    with _closing(folder):
        try:
            lock = _locked(path, folder)
        except OSError as error:
            raise _explained(path, error) from error
        with _closing(lock):
            try:
                _check(path, folder)
                for name in ("valkey", "caddy", "logs"):
                    private_files.own_folder(path / name)
                yield DataDirectory(path, _sockets(path), lock, folder)
            except OSError as error:
                raise _explained(path, error) from error


@contextlib.contextmanager
def _closing(descriptor: int) -> Iterator[None]:
    try:
        yield
    finally:
        os.close(descriptor)


def _locked(path: Path, folder: int) -> int:
    """Take the lock, waiting a little where only the watchdogs of a killed process still hold it."""
    with os.scandir(folder) as entries:
        found = {entry.name for entry in entries}
    if found and "lock" not in found:
        raise StackError(
            f"{path} holds files that are not Cavalcade's.", "Choose an empty or a new folder with --data."
        )
    descriptor = private_files.open_file(path / "lock", os.O_RDWR | os.O_CREAT, folder)
    deadline = time.monotonic() + _WAIT_FOR_WATCHDOGS_S
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder, _, base_url = os.pread(descriptor, 1000, 0).decode().strip().partition("\n")
            if _alive(holder) or time.monotonic() > deadline:
                os.close(descriptor)
                where = f" and serves {base_url}" if base_url else ""
                raise StackError(
                    f"Another `cavalcade up` (process {holder or 'unknown'}) uses {path}{where}.",
                    "Use that one, stop it first, or choose another folder with --data.",
                ) from None
            time.sleep(0.05)
        else:
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
            return descriptor


def _alive(process: str) -> bool:
    if not process.isdigit():
        return True
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _check(path: Path, folder: int) -> None:
    stamp = private_files.open_file(path / "version", os.O_RDWR | os.O_CREAT, folder)
    with os.fdopen(stamp, "r+", encoding="utf-8", errors="replace") as file:
        found = file.read().strip()
        new = not found
        if new:
            file.write(f"{LAYOUT}\n")
    if found not in {"", LAYOUT}:
        raise StackError(
            f"{path} was written by another version of Cavalcade (layout {found}; this one reads {LAYOUT}).",
            "Start that version, or choose another folder with --data.",
        )
    free = shutil.disk_usage(path).free
    needed = _SPACE_FOR_A_NEW_ONE if new else _SPACE_TO_GO_ON
    if free < needed:
        raise StackError(
            f"The disk of {path} has {free // 2**20} MB left; at least {needed // 2**20} MB are needed.",
            "Free some space, or choose a folder on another disk with --data.",
        )


def sockets_folder(path: Path) -> Path:
    """Where the sockets are of whatever runs on the data directory at ``path``, whether or not it exists."""
    path = path.expanduser().resolve()
    run = path / "run"
    if len(os.fsencode(run / _LONGEST_SOCKET_NAME)) > _LONGEST_SOCKET_PATH:
        name = hashlib.sha256(os.fsencode(path)).hexdigest()[:12]
        run = Path(tempfile.gettempdir()) / f"cavalcade-{os.geteuid()}-{name}"
    return run


def _sockets(path: Path) -> Path:
    run = sockets_folder(path)
    # Anybody may make a folder of this name under the temporary folder before us.
    private_files.own_folder(run)
    return run


def _explained(path: Path, error: OSError) -> StackError:
    where = error.filename or path
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return StackError(f"No permission to write {where}.", "Choose a folder that you may write to with --data.")
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return StackError(f"The disk of {path} is full.", "Free some space, or choose another disk with --data.")
    if error.errno in {errno.ENOTDIR, errno.EEXIST}:
        return StackError(f"{where} is not a folder.", "Choose a folder with --data.")
    return StackError(f"{path} cannot be used: {error}.", "Choose another folder with --data.")
