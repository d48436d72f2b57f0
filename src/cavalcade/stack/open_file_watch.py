"""Watches how many files and sockets the parts of the stack have open: Caddy needs two for each connection."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from cavalcade.stack.progress import Progress

LOOK_EVERY_S: Final = 10.0
FEW: Final = 4096
"""A limit below this is worth a word at the start."""

_NEAR: Final = 0.8


def advice() -> str:
    """How to raise the limit that the system sets."""
    return "Raise the system's limit, with `ulimit -Hn` or LimitNOFILE= in a unit of systemd, and start again."


def say_if_few(limit: int, progress: Progress) -> None:
    """Say how many people fit where the system allows few open files."""
    if limit < FEW:
        progress.warn(f"Each part may have {limit} files open, enough for about {limit // 2} connections. {advice()}")


async def watch(parts: Callable[[], Iterable[tuple[str, int]]], progress: Progress) -> None:
    """Say when a part comes near its limit, once until it is below it again; until cancelled.

    Args:
        parts: The names of the parts, and the process ids of their watchdogs.
        progress: Who says it.
    """
    near: set[str] = set()
    while True:
        for name, watchdog in parts():
            usage = await asyncio.to_thread(_usage, watchdog)
            if usage is None:
                continue
            count, limit = usage
            if count < limit * _NEAR:
                near.discard(name)
            elif name not in near:
                near.add(name)
                progress.warn(f"{name} has {count} of {limit} files open: soon nobody can connect any more. {advice()}")
        await asyncio.sleep(LOOK_EVERY_S)


def _usage(watchdog: int) -> tuple[int, int] | None:
    """How many files the child of a watchdog has open and may have; None where the system does not tell."""
    try:
        (child,) = Path(f"/proc/{watchdog}/task/{watchdog}/children").read_text().split()
        count = sum(1 for _ in Path(f"/proc/{child}/fd").iterdir())
        limit = re.search(r"^Max open files\s+(\d+)", Path(f"/proc/{child}/limits").read_text(), re.MULTILINE)
    except (OSError, ValueError):
        return None
    return (count, int(limit[1])) if limit else None
