"""A fault while people ride, stand still, come and go: what it was like for them, and whether anything was lost."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from typing import Final

from cavalcade.stack import postgres
from cavalcade.storage.errors import Unavailable
from cavalcade.storage.sessions import SessionStore
from testbed.checking.findings import Finding, Rule
from testbed.checking.history import Cause, Kept
from testbed.checking.live import FRESH_MS, GHOST_MS
from testbed.crowd.crowd import Crowd, Habits
from testbed.crowd.recording import moment
from testbed.faults.recovery import Recovery, recovery
from testbed.faults.table import Fault, Scene
from testbed.installations.installation import Installation
from testbed.installations.proxy import Proxy

BEFORE_S: Final = 1.5
AFTER_S: Final = 2.0
"""How long people go on after the fault, so that it is life that goes on and not only what was left."""

PATIENCE_MS: Final = GHOST_MS + FRESH_MS
"""How long after a fault something may still be wrong."""

USUAL_MS: Final = 250
"""What a position takes without any fault, two windows and the way there: nothing heals sooner than that."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a fault.

    Attributes:
        findings: What was still wrong when all should have been well again.
        recovery: What it was like.
        took_ms: From its beginning until everybody was joined and showed everybody's newest position.
    """

    findings: Sequence[Finding]
    recovery: Recovery
    took_ms: int


async def endure(
    running: Installation,
    fault: Fault,
    *,
    crowds: int = 3,
    habits: Habits | None = None,
    database_url: str | None = None,
    ways: Mapping[str, Proxy] | None = None,
) -> Outcome:
    """Inflicts a fault on an installation while there is life in some sessions.

    Args:
        running: The installation.
        fault: One of its faults.
        crowds: How many sessions.
        habits: What people in them do.
        database_url: Where its PostgreSQL is, by a way that no fault is on; None for the one that it runs itself.
        ways: What lies between it and its servers, where these are elsewhere.

    Raises:
        ClientError, Rejected: People could not even come in.
    """
    async with Proxy(running.port) as wire, AsyncExitStack() as stack:
        base, socket = f"http://localhost:{wire.port}", f"ws://localhost:{wire.port}/socket"
        people = [
            await stack.enter_async_context(Crowd(base, habits or Habits(), number=number, socket=socket))
            for number in range(1, crowds + 1)
        ]
        store = SessionStore.open(database_url or postgres.url(running.data / "run" / "postgres"))
        stack.push_async_callback(store.close)
        for crowd in people:
            crowd.start()
        await asyncio.sleep(BEFORE_S)
        began = moment()
        async with fault.inflicted(Scene(running, wire, ways or {})):
            cause = Cause(began, moment())
        await asyncio.sleep(AFTER_S)
        await asyncio.gather(*(crowd.rest() for crowd in people))
        await asyncio.gather(*(crowd.welcome() for crowd in people))
        findings = await _settled(people, store, cause)
        seen = recovery([crowd.history for crowd in people], cause, moment())
        return Outcome(findings, seen, cause.ended - began + max(seen.joined_ms, seen.fresh_ms))


def fault_values(outcome: Outcome, fault: Fault) -> dict[str, float]:
    """What a fault came to; the unit is the end of each name.

    The time to heal holds all that the servers took, such as to start again, but not what the fault lasted by our will.
    """
    broken = Counter(finding.rule for finding in outcome.findings)
    return {
        "healed_ms": max(float(USUAL_MS), outcome.took_ms - fault.lasts_s * 1000),
        "broken_promises": float(len(outcome.findings)),
        "lost": float(broken[Rule.LOST]),
        "doubled": float(broken[Rule.DOUBLED]),
        "disordered": float(broken[Rule.ORDER]),
        **{name: float(value) for name, value in asdict(outcome.recovery).items()},
    }


async def _settled(crowds: Sequence[Crowd], store: SessionStore, cause: Cause) -> list[Finding]:
    """Waits until nothing is wrong any more, or for so long that what is wrong is a finding."""
    while True:
        try:
            wrong = [each for crowd in crowds for each in crowd.judge(await _kept(store, crowd), [cause])]
            wrong += [each for crowd in crowds for each in await crowd.compare_calls()]
        except Unavailable as error:
            wrong = [Finding(Rule.LOG, None, f"what is stored cannot be read: {error}")]
        if not wrong or moment() > cause.ended + PATIENCE_MS:
            return wrong
        await asyncio.sleep(0.2)


async def _kept(store: SessionStore, crowd: Crowd) -> Kept:
    """What PostgreSQL holds of a crowd's session."""
    session_id = crowd.host.session_id
    stored = await store.load(session_id)
    assert stored is not None
    return Kept(stored.state, tuple(await store.events_after(session_id, 0, limit=100_000)))
