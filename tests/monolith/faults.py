"""Faults that tests put into the steps of a session's process."""

import inspect
from collections.abc import Callable
from typing import Any

import pytest

from cavalcade.monolith import session_process
from cavalcade.monolith.session_process import SessionProcess
from cavalcade.server.fanout import Fanout
from cavalcade.server.live_state import LivePositionWriter
from cavalcade.storage.sessions import SessionStore


class Injected(Exception):
    """A fault of the test's."""


class Once:
    """In the place of a function: fails at the first call, before or after doing what was there before."""

    def __init__(self, before: Callable[..., Any], *, after: bool = False) -> None:
        self.before, self.after, self.armed = before, after, True

    def sync(self, *given: Any, **named: Any) -> Any:
        """For a function."""
        self._fail(early=True)
        result = self.before(*given, **named)
        self._fail(early=False)
        return result

    async def asynchronous(self, *given: Any, **named: Any) -> Any:
        """For a coroutine function."""
        self._fail(early=True)
        result = await self.before(*given, **named)
        self._fail(early=False)
        return result

    def _fail(self, *, early: bool) -> None:
        if self.armed and early is not self.after:
            self.armed = False
            raise Injected


def inject(monkeypatch: pytest.MonkeyPatch, step: str) -> Once:
    """Puts one fault into a step of the session process."""
    owner, name, after = STEPS[step]
    fault = Once(getattr(owner, name), after=after)
    replacement = fault.asynchronous if inspect.iscoroutinefunction(fault.before) else fault.sync
    # A method gets its object as the first argument, which bound methods of the fault would not.
    monkeypatch.setattr(owner, name, lambda *given, **named: replacement(*given, **named))  # noqa: PLW0108 - see above
    return fault


STEPS: dict[str, tuple[Any, str, bool]] = {
    "deciding": (session_process, "carry_out", False),
    "appending": (SessionStore, "append", False),
    "after the append": (SessionStore, "append", True),
    "applying": (SessionProcess, "_apply", False),
    "timer": (SessionProcess, "_flush", False),
    "noting positions": (LivePositionWriter, "put", False),
    "flush": (Fanout, "flush", False),
    "after the flush": (Fanout, "flush", True),
}
