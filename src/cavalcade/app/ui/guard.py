"""The one place where handlers are called from: whatever they raise becomes a message, and never blanks the app."""

import asyncio
import inspect
import logging
import traceback
from collections.abc import Awaitable, Callable
from typing import Any

from cavalcade.client import ClientError, Rejected

log = logging.getLogger(__name__)

Handler = Callable[..., object]


class Guard:
    """Wraps everything that Flet calls. Flet replaces the whole picture with a text when a handler raises."""

    def __init__(self, on_error: Callable[[Exception], None]) -> None:
        """Tells errors to somebody.

        Args:
            on_error: Called with each; what it raises itself is logged and goes no further.
        """
        self._on_error = on_error
        self._tasks: set[asyncio.Task[None]] = set()

    def __call__(self, handler: Handler, *values: object) -> Callable[[Any], Awaitable[None]]:
        """A handler for Flet that calls `handler(*values)`, or `handler(event)` where it takes one."""
        takes_event = not values and _takes_one(handler)

        async def guarded(event: object = None) -> None:
            await self.run(handler, *(values or ((event,) if takes_event else ())))

        return guarded

    async def run(self, handler: Handler, *values: object) -> None:
        """Calls something and waits for it."""
        try:
            result = handler(*values)
            if inspect.isawaitable(result):
                await result
        except Exception as error:  # noqa: BLE001 - this is the one place
            expected = isinstance(error, ClientError | Rejected | ValueError)
            # Not the message: it may name a place or a person.
            log.log(logging.INFO if expected else logging.ERROR, "a handler failed: %s", _where(error))
            try:
                self._on_error(error)
            except Exception:
                log.exception("an error could not be shown")

    def begin(self, handler: Handler, *values: object) -> None:
        """Calls something in the background."""
        task = asyncio.get_running_loop().create_task(self.run(handler, *values))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def cancel(self) -> None:
        """Ends what runs in the background."""
        tasks = [task for task in self._tasks if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _takes_one(handler: Handler) -> bool:
    """Whether a handler has a place for an event."""
    places = inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD
    return any(parameter.kind in places for parameter in inspect.signature(handler).parameters.values())


def _where(error: Exception) -> str:
    """An error's kind, and the line that it comes from."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{type(error).__name__} in {frames[-1].filename}:{frames[-1].lineno}" if frames else type(error).__name__
