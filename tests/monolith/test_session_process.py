"""A session's process: it serves like any backend, crashes alone, and heals without its members noticing."""

import asyncio
import inspect
from collections.abc import Callable
from typing import Any

import pytest

from cavalcade.client import ConnectionState, LiveSession, connect
from cavalcade.domain.fix import Fix
from cavalcade.monolith import session_process
from cavalcade.monolith.session_process import SessionProcess
from cavalcade.server.fanout import Fanout
from cavalcade.storage.sessions import SessionStore
from tests.monolith.conftest import RunningNode


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


def _inject(monkeypatch: pytest.MonkeyPatch, step: str) -> Once:
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
    "flush": (Fanout, "flush", False),
}


def _sees(participant: int, lat: float) -> Callable[[LiveSession], bool]:
    def check(session: LiveSession) -> bool:
        position = session.positions.get(participant)
        return position is not None and position.lat == round(lat * 1e7)

    return check


async def test_members_see_each_other(node: RunningNode) -> None:
    anna, ben = await node.group(2)
    async with connect(anna) as one, connect(ben, mode="json") as two:
        one.report(Fix(60.0, 24.0))
        await two.wait_for(_sees(1, 60.0))
        await two.set_profile(name="Ben")
        await one.wait_for(lambda session: session.state.participants[2].name == "Ben")


@pytest.mark.parametrize("step", STEPS)
async def test_a_crash_loses_and_doubles_nothing_and_nobody_notices(
    node: RunningNode, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    anna, ben = await node.group(2)
    other, _ = await node.group(2)
    async with connect(anna) as one, connect(ben) as two, connect(other) as apart:
        one.report(Fix(60.0, 24.0))
        await two.wait_for(_sees(1, 60.0))
        await asyncio.gather(one.wait_for(lambda s: 2 in s.present), apart.wait_for(lambda s: 1 in s.present))
        connections = set(node.node.sockets._connections)
        fault = _inject(monkeypatch, step)
        two.report(Fix(61.0, 25.0))
        if step != "flush":
            await two.set_profile(name="Ben")
        await one.wait_for(_sees(2, 61.0))
        assert not fault.armed
        await one.set_profile(name="Anna")
        await two.wait_for(lambda session: session.state.participants[1].name == "Anna")
        expected = 3 if step == "flush" else 4
        assert one.state.offset == two.state.offset == expected
        assert two.positions[1].lat == 600_000_000
        assert node.place(anna).restarts == 1
        assert node.place(other).restarts == 0
        assert set(node.node.sockets._connections) == connections


async def test_a_process_that_fails_for_ever_is_given_up_alone(
    node: RunningNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna, ben = await node.group(2)
    other, friend = await node.group(2)
    async with connect(other) as apart, connect(friend) as together, connect(anna) as one:
        before = Fanout.flush

        def poisoned(fanout: Fanout) -> None:
            if anna.session_id in fanout.topic:
                raise Injected
            before(fanout)

        monkeypatch.setattr(Fanout, "flush", poisoned)
        one.report(Fix(60.0, 24.0))
        await one.wait_for(lambda session: session.connection is not ConnectionState.JOINED, timeout=10)
        assert node.node.registry.given_up == 1
        apart.report(Fix(50.0, 10.0))
        await together.wait_for(_sees(1, 50.0))
        monkeypatch.setattr(Fanout, "flush", before)
        await one.wait_for(lambda session: session.connection is ConnectionState.JOINED, timeout=20)
        async with connect(ben) as two:
            one.report(Fix(60.5, 24.0))
            await two.wait_for(_sees(1, 60.5))
