"""Supervision with OTP's semantics: who is started again, how often, and how everything stops."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager

import pytest
from structlog.testing import capture_logs

from cavalcade.monolith import supervisor as supervision
from cavalcade.monolith.supervisor import Child, Intensity, IntensityReached, Restart, RestartBudget, Supervisor
from tests.services.peer import eventually

SECRET = "48.1372, 11.5756"


class Stage:
    """Children that do what a test says, and what became of them, in order."""

    def __init__(self) -> None:
        self.happened: list[str] = []
        self.ends: dict[str, asyncio.Future[None]] = {}

    def child(self, name: str, restart: Restart = Restart.PERMANENT, shutdown_s: float = 5.0) -> Child:
        """One that runs until `end` or `fail` is called, or it is stopped."""

        async def life() -> None:
            self.happened.append(f"{name} starts")
            self.ends[name] = asyncio.get_running_loop().create_future()
            try:
                await self.ends[name]
            except asyncio.CancelledError:
                self.happened.append(f"{name} stops")
                raise

        return Child(name, life, restart, shutdown_s)

    def end(self, name: str) -> None:
        self.ends.pop(name).set_result(None)

    def fail(self, name: str) -> None:
        self.ends.pop(name).set_exception(ValueError(SECRET))


@asynccontextmanager
async def _running(supervisor: Supervisor) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(supervisor.run())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    yield task
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError, IntensityReached):
        await task


async def test_children_start_in_order_and_stop_in_reverse() -> None:
    stage = Stage()
    async with _running(Supervisor("top", [stage.child(name) for name in "abc"])):
        assert stage.happened == ["a starts", "b starts", "c starts"]
        stage.happened.clear()
    assert stage.happened == ["c stops", "b stops", "a stops"]


async def test_one_that_fails_is_started_again_alone() -> None:
    stage = Stage()
    supervisor = Supervisor("top", [stage.child(name) for name in "abc"])
    async with _running(supervisor):
        stage.happened.clear()
        stage.fail("b")
        await eventually(lambda: "b" in stage.ends)
        assert stage.happened == ["b starts"]
        assert [(one.restarts, one.last_failure) for one in supervisor.children] == [
            (0, ""),
            (1, "ValueError"),
            (0, ""),
        ]


@pytest.mark.parametrize(
    ("restart", "after_end", "after_failure"),
    [(Restart.PERMANENT, True, True), (Restart.TRANSIENT, False, True), (Restart.TEMPORARY, False, False)],
)
@pytest.mark.parametrize("how", ["end", "fail"])
async def test_restart_kinds(restart: Restart, how: str, *, after_end: bool, after_failure: bool) -> None:
    stage = Stage()
    supervisor = Supervisor("top", [stage.child("other"), stage.child("one", restart)])
    async with _running(supervisor):
        end: Callable[[str], None] = getattr(stage, how)
        end("one")
        stage.fail("other")  # ends later: when it is back, the supervisor has decided on the first
        await eventually(lambda: "other" in stage.ends)
        assert ("one" in stage.ends) is (after_end if how == "end" else after_failure)


async def test_failures_within_the_intensity_are_accidents_and_one_more_escalates() -> None:
    stage = Stage()
    supervisor = Supervisor("top", [stage.child("a"), stage.child("b"), stage.child("c")], Intensity(2, 60.0))
    async with _running(supervisor) as running:
        for _ in range(2):
            stage.fail("b")
            await eventually(lambda: "b" in stage.ends)
        stage.happened.clear()
        stage.fail("b")
        with pytest.raises(IntensityReached, match="top: b"):
            await running
        assert stage.happened == ["c stops", "a stops"]


def test_restarts_outside_the_window_are_forgotten() -> None:
    budget = RestartBudget(Intensity(2, 10.0))
    assert [budget.spend(moment) for moment in (0.0, 5.0, 10.0, 16.0)] == [True] * 4
    assert [budget.spend(moment) for moment in (17.0, 18.0)] == [False, False]
    assert budget.spend(40.0)


async def test_a_nested_supervisor_escalates_and_is_started_again_whole() -> None:
    stage = Stage()
    inner = Supervisor("inner", [stage.child("x"), stage.child("y")], Intensity(0, 60.0))
    outer = Supervisor("outer", [stage.child("a"), Child("inner", inner.run)], Intensity(1, 60.0))
    async with _running(outer) as running:
        await eventually(lambda: "y" in stage.ends)
        stage.happened.clear()
        stage.fail("x")
        await eventually(lambda: "x" in stage.ends)
        assert stage.happened == ["y stops", "x starts", "y starts"]
        assert [one.last_failure for one in outer.children] == ["", "IntensityReached"]
        stage.fail("y")
        with pytest.raises(IntensityReached, match="outer: inner"):
            await running
        assert stage.happened[-2:] == ["x stops", "a stops"]


async def test_a_child_that_cannot_start_counts_as_failed() -> None:
    def start() -> Coroutine[object, object, None]:
        raise ValueError(SECRET)

    async with _running(Supervisor("top", [Child("one", start)], Intensity(2, 60.0))) as running:
        with pytest.raises(IntensityReached):
            await running


async def test_a_child_that_does_not_stop_in_time_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervision, "KILL_S", 0.02)
    stage, let_go = Stage(), asyncio.Event()

    async def stubborn() -> None:
        while not let_go.is_set():
            with contextlib.suppress(asyncio.CancelledError):
                await let_go.wait()

    supervisor = Supervisor("top", [stage.child("a"), Child("stubborn", stubborn, shutdown_s=0.02)])
    with capture_logs() as logs:
        async with _running(supervisor):
            pass
    assert [(line["event"], line["child"]) for line in logs] == [("shutdown_overdue", "stubborn")]
    assert stage.happened[-1] == "a stops"  # the others are stopped all the same
    left = supervisor.children[1].task
    assert left is not None
    assert not left.done()
    let_go.set()
    await left


async def test_a_supervisor_told_twice_to_stop_leaves_no_child_running() -> None:
    stage, let_go = Stage(), asyncio.Event()

    async def slow() -> None:
        try:
            await let_go.wait()
        finally:
            await let_go.wait()

    supervisor = Supervisor("top", [stage.child("a"), Child("slow", slow)])
    running = asyncio.create_task(supervisor.run())
    await eventually(lambda: "a" in stage.ends)
    running.cancel()
    await asyncio.sleep(0)
    running.cancel()
    await asyncio.wait({running, *[one.task for one in supervisor.children if one.task is not None]}, timeout=5)
    assert stage.happened == ["a starts", "a stops"]
    assert all(one.task is not None and one.task.done() for one in supervisor.children)


async def test_crash_reports_have_the_stack_and_nothing_that_was_sent() -> None:
    def inner_step(where: str) -> None:
        raise ValueError(where)

    async def life() -> None:
        inner_step(SECRET)

    with capture_logs() as logs:
        async with _running(Supervisor("top", [Child("one", life)], Intensity(0, 60.0))) as running:
            with pytest.raises(IntensityReached):
                await running
    crash, escalation = logs
    assert (crash["event"], crash["process"], crash["failure"]) == ("process_crashed", "top/one", "ValueError")
    assert any(frame.startswith("inner_step (test_supervisor.py:") for frame in crash["frames"])
    assert (escalation["event"], escalation["child"]) == ("restart_intensity_reached", "one")
    assert SECRET not in str(logs)


async def test_a_failure_while_stopping_is_reported() -> None:
    async def life() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            raise ValueError(SECRET)

    with capture_logs() as logs:
        async with _running(Supervisor("top", [Child("one", life)])):
            pass
    assert [(line["event"], line["failure"]) for line in logs] == [("process_crashed", "ValueError")]
