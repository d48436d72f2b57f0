"""How many files and sockets a process may have open: the limit, raised as far as can be, and what is in use."""

from __future__ import annotations

import contextlib
import os
import resource
from typing import Final

_MOST: Final = 1 << 20
"""More helps nobody, and some programs walk through all numbers up to the limit when they start."""

_OFTEN_ALLOWED: Final = 10_240
"""What macOS takes where it says that there is no hard limit."""


def raise_limit() -> int:
    """Raise the limit of this process, and so of what it starts, to the hard one.

    Returns:
        The limit that holds from now on.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = _MOST if hard == resource.RLIM_INFINITY else min(hard, _MOST)
    for wanted in (most, min(most, _OFTEN_ALLOWED)):
        if soft != resource.RLIM_INFINITY and wanted > soft:
            with contextlib.suppress(OSError, ValueError):
                resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
                break
    return limit()


def limit() -> int:
    """How many this process may have open."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _MOST if soft == resource.RLIM_INFINITY else soft


def count() -> int:
    """How many this process has open."""
    with os.scandir("/dev/fd") as entries:
        return sum(1 for _ in entries) - 1  # what looks is one of them
