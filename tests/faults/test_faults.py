"""Faults while people ride, stand still, come and go: afterwards the checker must be content with what all saw."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from itertools import product

import pytest

from cavalcade.evaluation.crowd import Crowd, Habits
from cavalcade.evaluation.history import Cause, Kept
from cavalcade.evaluation.installation import Installation
from cavalcade.evaluation.live import FRESH_MS, GHOST_MS
from cavalcade.evaluation.proxy import Proxy
from cavalcade.evaluation.recording import moment
from cavalcade.evaluation.recovery import Recovery, recovery
from cavalcade.stack import postgres
from cavalcade.storage.errors import Unavailable
from cavalcade.storage.sessions import SessionStore
from tests.faults.table import Fault, Scene, faults

BACKENDS = ("services", "monolith")
CROWDS = 3
BEFORE_S = 1.5
AFTER_S = 2.0
"""How long people go on after the fault, so that it is life that goes on and not only what was left."""
PATIENCE_MS = GHOST_MS + FRESH_MS
MOST_SHOWN = 20
NODES = (1,)


def cases() -> Iterator[object]:
    for shape in product(BACKENDS, NODES):
        for fault in faults(*shape):
            marks = [] if fault.is_quick else [pytest.mark.long]
            name = f"{shape[0]} x{shape[1]}: {fault.name}".replace(" ", "_")
            yield pytest.param(shape, fault, marks=marks, id=name)  # the same shape each time: the same installation


@pytest.mark.parametrize(("running", "fault"), [*cases()], indirect=["running"], scope="session")
async def test_nothing_is_lost(running: Installation, fault: Fault, note: Callable[[Recovery], None]) -> None:
    async with Proxy(running.port) as wire, AsyncExitStack() as stack:
        base = f"http://localhost:{wire.port}"
        socket = f"ws://localhost:{wire.port}/socket"
        crowds = [
            await stack.enter_async_context(Crowd(base, Habits(), number=number, socket=socket))
            for number in range(1, CROWDS + 1)
        ]
        store = SessionStore.open(postgres.url(running.data / "run" / "postgres"))
        stack.push_async_callback(store.close)
        for crowd in crowds:
            crowd.start()
        await asyncio.sleep(BEFORE_S)
        began = moment()
        async with fault.inflicted(Scene(running, wire)):
            cause = Cause(began, moment())
        await asyncio.sleep(AFTER_S)
        await asyncio.gather(*(crowd.rest() for crowd in crowds))
        findings = await settled(crowds, store, cause)
        seen = recovery([crowd.history for crowd in crowds], cause, moment())
        note(seen)
        if findings:
            pytest.fail("\n".join([f"{len(findings)} findings, such as", *findings[:MOST_SHOWN]]), pytrace=False)
        assert fault.drops or seen.dropped == 0


async def settled(crowds: list[Crowd], store: SessionStore, cause: Cause) -> list[str]:
    """Waits until nothing is wrong any more, or for so long that what is wrong is a finding."""
    while True:
        try:
            wrong = [str(each) for crowd in crowds for each in crowd.judge(await kept(store, crowd), [cause])]
        except Unavailable as error:
            wrong = [f"what is stored cannot be read: {error}"]
        if not wrong or moment() > cause.ended + PATIENCE_MS:
            return wrong
        await asyncio.sleep(0.2)


async def kept(store: SessionStore, crowd: Crowd) -> Kept:
    """What PostgreSQL holds of a crowd's session."""
    session_id = crowd.host.session_id
    stored = await store.load(session_id)
    assert stored is not None
    return Kept(stored.state, tuple(await store.events_after(session_id, 0, limit=100_000)))
