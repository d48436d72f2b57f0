"""Faults that tests put into the steps of a session's process."""

import asyncio
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import pytest

from cavalcade.monolith.mailbox import Flush, Mailbox
from cavalcade.monolith.session_process import SessionProcess
from cavalcade.server.live.fanout import Fanout
from cavalcade.server.live_storage.cold_loads import ColdLoads
from cavalcade.server.live_storage.live_state import LivePositionWriter
from cavalcade.server.sessions import execution
from cavalcade.server.sessions.local_session import LocalSession
from cavalcade.storage.sessions import SessionStore


class Injected(Exception):
    """A fault of the test's."""


def _always(*_: object) -> bool:
    return True


@dataclass(frozen=True)
class Step:
    """One step of a session's process.

    Attributes:
        owner: The class or module that has the function.
        name: The function's.
        when: What the process is doing there: execution out an operation, taking and showing positions, letting a
            connection in or go, or starting after another failure.
        after: Whether the fault comes when the function has done its work, rather than before.
        only: Whether a call, by what is given to it, is the one meant.
    """

    owner: Any
    name: str
    when: Literal["operation", "position", "joining", "leaving", "starting"]
    after: bool = False
    only: Callable[..., bool] = _always


STEPS: dict[str, Step] = {
    "recalling": Step(SessionStore, "recall", "operation"),
    "deciding": Step(execution, "decide", "operation"),
    "appending": Step(SessionStore, "append", "operation"),
    "after the append": Step(SessionStore, "append", "operation", after=True),
    "applying": Step(LocalSession, "apply", "operation"),
    "delivering": Step(Fanout, "deliver", "operation"),
    "before the reply": Step(SessionProcess, "_apply", "operation", after=True),
    "timer": Step(Mailbox, "put", "position", only=lambda _, message: isinstance(message, Flush)),
    "beginning a flush": Step(SessionProcess, "_flush", "position"),
    "taking a position": Step(Mailbox, "take_position", "position", after=True),
    "accepting": Step(Fanout, "accept", "position"),
    "after accepting": Step(Fanout, "accept", "position", after=True),
    "noting positions": Step(LivePositionWriter, "put", "position"),
    "flush": Step(Fanout, "flush", "position"),
    "after the flush": Step(Fanout, "flush", "position", after=True),
    "attaching": Step(SessionProcess, "_attach", "joining"),
    "adding": Step(Fanout, "add", "joining", after=True),
    "welcoming": Step(LocalSession, "attachment", "joining"),
    "detaching": Step(SessionProcess, "_detach", "leaving"),
    "removing": Step(Fanout, "remove", "leaving"),
    "noting who was seen": Step(LivePositionWriter, "seen", "leaving"),
    "loading": Step(ColdLoads, "load", "starting"),
    "adopting": Step(Fanout, "adopt", "starting", after=True),
    "restoring": Step(Fanout, "restore", "starting"),
}


def steps(*when: str) -> list[str]:
    """The steps at which a process does one of these."""
    return [name for name, step in STEPS.items() if step.when in when]


class Once:
    """In the place of a function: fails at the first call that is meant, before or after its work."""

    def __init__(self, step: Step) -> None:
        self.before, self.armed = getattr(step.owner, step.name), True
        self._step = step

    def sync(self, *given: Any, **named: Any) -> Any:
        """For a function."""
        is_meant = self._is_meant(*given)
        if is_meant and not self._step.after:
            raise Injected
        result = self.before(*given, **named)
        if is_meant:
            raise Injected
        return result

    async def asynchronous(self, *given: Any, **named: Any) -> Any:
        """For a coroutine function."""
        is_meant = self._is_meant(*given)
        if is_meant and not self._step.after:
            raise Injected
        result = await self.before(*given, **named)
        if is_meant:
            raise Injected
        return result

    def _is_meant(self, *given: Any) -> bool:
        is_meant = self.armed and self._step.only(*given)
        self.armed = self.armed and not is_meant
        return is_meant


def inject(monkeypatch: pytest.MonkeyPatch, step: str) -> Once:
    """Puts one fault into a step of the session process."""
    owner, name = STEPS[step].owner, STEPS[step].name
    fault = Once(STEPS[step])
    replacement = fault.asynchronous if inspect.iscoroutinefunction(fault.before) else fault.sync
    # A method gets its object as the first argument, which bound methods of the fault would not.
    monkeypatch.setattr(owner, name, lambda *given, **named: replacement(*given, **named))  # noqa: PLW0108 - see above
    return fault


def hold_appends(monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """Has everything that is to be stored wait until the event is set."""
    go_on = asyncio.Event()
    before = SessionStore.append

    async def slow(*given: Any, **named: Any) -> None:
        await go_on.wait()
        await before(*given, **named)

    monkeypatch.setattr(SessionStore, "append", slow)
    return go_on
