"""The promise that a reply comes in time, kept outside the work itself.

A timer inside the database's driver would have to wait until the driver has given up, which takes twice as long with
a stopped server. Here the work runs on in a task of its own and may still be done; the `op_id` or the
`Idempotency-Key` settles whether it was.
"""

import asyncio
from collections.abc import Awaitable, Coroutine
from typing import Any, Final, TypeVar

import structlog

from cavalcade.domain.errors import ErrorCode, Rejected

REPLY_DEADLINE_S: Final = 2.0
"""How long a client waits at most for any answer, seconds."""

_Result = TypeVar("_Result")

_log = structlog.get_logger(__name__)
_unfinished: set[asyncio.Future[Any]] = set()


async def within(seconds: float, work: Coroutine[Any, Any, _Result] | Awaitable[_Result]) -> _Result:
    """Waits for work, but not longer than `seconds`; the work itself is never cancelled.

    Raises:
        Rejected: `unavailable` where it took longer.
    """
    task = asyncio.ensure_future(work)
    _unfinished.add(task)  # the loop itself keeps no reference to a task
    task.add_done_callback(_unfinished.discard)
    try:
        await asyncio.wait((task,), timeout=seconds)
    except asyncio.CancelledError:
        task.add_done_callback(_finished_late)  # it may even be done: then nobody has looked at how it ended
        raise
    if not task.done():
        task.add_done_callback(_finished_late)
        raise Rejected(ErrorCode.UNAVAILABLE, "This takes too long right now; try again.")
    return task.result()


def _finished_late(task: asyncio.Future[Any]) -> None:
    """Notes how work ended for which nobody waits any more."""
    if task.cancelled():
        return
    error = task.exception()
    if error is not None and not isinstance(error, Rejected):
        _log.warning("finished_late", error=type(error).__name__)
