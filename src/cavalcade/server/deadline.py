"""A limit on how long somebody waits, which does not interrupt what they wait for."""

import asyncio
from collections.abc import Coroutine
from typing import Final, TypeVar

from cavalcade.domain.errors import ErrorCode, Rejected

REPLY_DEADLINE_S: Final = 2.0
"""Within what every operation and every call gets an answer, seconds."""

T = TypeVar("T")

_unfinished: set[asyncio.Task[object]] = set()


async def within(seconds: float, work: Coroutine[object, object, T]) -> T:
    """Awaits work for some seconds.

    Past the limit the work goes on by itself: a commit under way may still succeed, and the operation's id settles
    which it was. The timer runs outside the database driver, whose own takes longer when the server is stopped.

    Raises:
        Rejected: `unavailable` when the time is over.
    """
    task = asyncio.ensure_future(work)
    _unfinished.add(task)
    task.add_done_callback(_finish)
    done, _ = await asyncio.wait({task}, timeout=seconds)
    if not done:
        raise Rejected(ErrorCode.UNAVAILABLE, "This takes too long right now; try again.")
    return task.result()


def _finish(task: asyncio.Task[object]) -> None:
    """Lets go of finished work, and takes its exception so that asyncio reports none that nobody waits for."""
    _unfinished.discard(task)
    if not task.cancelled():
        task.exception()
