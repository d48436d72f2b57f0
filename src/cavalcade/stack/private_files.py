"""Files and folders that must be this user's own: opened without following links, and checked once they are open.

What was checked by its path could be another file by the time it is opened. What is open stays what it is.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from typing import TYPE_CHECKING

from cavalcade.stack.errors import StackError

if TYPE_CHECKING:
    from pathlib import Path

_WRITABLE_BY_OTHERS = 0o022
_OPEN_TO_OTHERS = 0o077
_SHARED_FOLDER = "Choose another folder with --data, or see what is in this one, and then give it to this user alone."


def check_way_to(path: Path) -> None:
    """See that nobody else can put another folder into the place of ``path``.

    Raises:
        StackError: A folder above it may be written by everybody, and lets everybody rename what is in it.
    """
    for folder in path.parents:
        mode = folder.stat().st_mode
        if mode & stat.S_IWOTH and not mode & stat.S_ISVTX:
            raise StackError(
                f"Everybody may write to {folder}, and so could put another folder into the place of {path}.",
                f"Take that right away with `chmod o-w {folder}`, or choose another folder with --data.",
            )


def open_folder(path: Path) -> int:
    """Open a folder of this user's own; the descriptor is to be closed by the caller.

    Raises:
        StackError: It is a link, belongs to somebody else, or others may write to it. An empty folder that others may
            write to is made private instead.
        OSError: It is not there, or is no folder.
    """
    descriptor = _opened(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        _check_folder(path, descriptor)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _check_folder(path: Path, descriptor: int) -> None:
    _check_owner(path, os.fstat(descriptor))
    if not os.fstat(descriptor).st_mode & _WRITABLE_BY_OTHERS:
        return
    if not _has_files(descriptor):
        os.fchmod(descriptor, 0o700)
    # Somebody may have put a file into it just before.
    if _has_files(descriptor):
        raise StackError(
            f"Other users may write to {path}: what is in it may not be what Cavalcade put there.",
            f"See what is in it, take that right away with `chmod go-w {path}`, and start again.",
        )


def _has_files(folder: int) -> bool:
    with os.scandir(folder) as found:
        return any(True for _ in found)


def own_folder(path: Path) -> None:
    """Make the folder ``path`` where there is none, and see that it is this user's own.

    Raises:
        StackError: As :func:`open_folder`.
        OSError: It cannot be made, or is no folder.
    """
    with contextlib.suppress(FileExistsError):
        path.mkdir(mode=0o700)
    os.close(open_folder(path))


def open_file(path: Path, flags: int, folder: int | None = None) -> int:
    """Open a file of this user's own, for its owner alone where it is made; to be closed by the caller.

    Args:
        path: Which file; with ``folder`` its last part is looked up there, so that no link above it counts.
        flags: As :func:`os.open` takes them. ``O_TRUNC`` takes effect after the checks.
        folder: An open folder.

    Raises:
        StackError: It is a link or no file, belongs to somebody else, or has a second name elsewhere.
        OSError: It cannot be opened.
    """
    # Without O_NONBLOCK, opening a pipe in the file's place would wait for its other end.
    descriptor = _opened(path, flags & ~os.O_TRUNC | os.O_NONBLOCK, folder)
    try:
        _check_file(path, os.fstat(descriptor))
        if flags & os.O_TRUNC:
            os.ftruncate(descriptor, 0)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _check_file(path: Path, found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise _not_a_file(path)
    _check_owner(path, found)
    if found.st_nlink > 1:
        raise StackError(
            f"{path} is also known under another name, so something else would be written as well.",
            "See whose file it is, remove it here, and start again.",
        )


def read_secret(path: Path, folder: int | None = None) -> str:
    """Read a file that this user alone may read.

    Raises:
        StackError: As :func:`open_file`; or others may read or change it, so that it is no secret.
        FileNotFoundError: There is none.
    """
    descriptor = open_file(path, os.O_RDONLY, folder)
    with os.fdopen(descriptor, encoding="utf-8", errors="replace") as file:
        if os.fstat(descriptor).st_mode & _OPEN_TO_OTHERS:
            raise StackError(
                f"Other users may read or change {path}, so what it signs could be forged.",
                f"If nobody did, make it private with `chmod 600 {path}`. Otherwise remove it: a new one is made, and "
                "everybody has to join again.",
            )
        return file.read()


def write(path: Path, text: str) -> None:
    """Put ``text`` into a file of this user's own.

    Raises:
        StackError: As :func:`open_file`.
        OSError: It cannot be written.
    """
    with os.fdopen(open_file(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), "w", encoding="utf-8") as file:
        file.write(text)


def _opened(path: Path, flags: int, folder: int | None = None) -> int:
    name = path if folder is None else path.name
    try:
        return os.open(name, flags | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600, dir_fd=folder)
    except OSError as error:
        # A link is ELOOP for a file and ENOTDIR for a folder; a folder where a file is wanted is EISDIR; a pipe that
        # nobody reads, and a socket, are ENXIO.
        is_link = error.errno in {errno.ELOOP, errno.EMLINK} or (error.errno == errno.ENOTDIR and path.is_symlink())
        if is_link:
            raise StackError(
                f"{path} is a symbolic link, which Cavalcade does not follow: it might lead to somebody else's file.",
                "Remove the link and start again.",
            ) from None
        if error.errno in {errno.EISDIR, errno.ENXIO}:
            raise _not_a_file(path) from None
        raise


def _not_a_file(path: Path) -> StackError:
    return StackError(f"{path} is not an ordinary file.", "Remove it and start again.")


def _check_owner(path: Path, found: os.stat_result) -> None:
    if found.st_uid != os.geteuid():
        raise StackError(f"{path} belongs to somebody else (user {found.st_uid}, not {os.geteuid()}).", _SHARED_FOLDER)
