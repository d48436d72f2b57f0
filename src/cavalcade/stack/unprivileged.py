"""Runs one command as somebody else, for PostgreSQL, which refuses to run as root or as a user without a name.

Run as a script with the standard library alone: ``python -I -S unprivileged.py namespace|UID command...``.

``namespace``: the command sees itself as an ordinary user through a user namespace of its own, while the files it
writes still belong to root; nothing has to be handed over. A number: the command drops to that user for good, which
works where namespaces are forbidden (as in most containers), if that user can reach the command and its files.
"""

from __future__ import annotations

import ctypes
import os
import pwd
import sys
from pathlib import Path

NAMESPACE = "namespace"
_CLONE_NEWUSER = 0x10000000
_NOBODY = 65534


def become(identity: str) -> None:
    """Turn the calling process into ``identity``, for good.

    Raises:
        OSError: The system does not allow it.
    """
    if identity == NAMESPACE:
        _enter_namespace()
        return
    user = int(identity)
    os.setgroups([])
    os.setgid(user)
    os.setuid(user)


def _enter_namespace() -> None:
    user, group = os.geteuid(), os.getegid()
    library = ctypes.CDLL(None, use_errno=True)
    if not hasattr(library, "unshare"):
        raise OSError("this system has no user namespaces")
    if library.unshare(_CLONE_NEWUSER) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    # The kernel takes a map of groups only after setgroups has been given up.
    Path("/proc/self/setgroups").write_text("deny")
    inner = _somebody()
    Path("/proc/self/uid_map").write_text(f"{inner} {user} 1")
    Path("/proc/self/gid_map").write_text(f"{inner} {group} 1")


def _somebody() -> int:
    """A user other than root who has a name, which `initdb` wants to know. Nothing outside the namespace sees it."""
    return next((entry.pw_uid for entry in pwd.getpwall() if entry.pw_uid != 0), _NOBODY)


def main() -> int:
    """Become the identity of the first argument and turn into the command that follows it."""
    identity, *command = sys.argv[1:]
    try:
        become(identity)
        os.execv(command[0], command)  # noqa: S606 - no shell is wanted
    except OSError as error:
        sys.stderr.write(f"cannot run {command[0]} as {identity}: {error.strerror}\n")
    return 126


if __name__ == "__main__":
    sys.exit(main())
