"""Judges a session's history against what PostgreSQL holds. Pure; the same `evolve` as everywhere folds the events.

What was acknowledged is stored once, and nothing else is. Every member was told all of it, in order, and shows the
stored state. Everybody shows everybody's newest position, soon after a fault has ended and at the end; what was
withdrawn stays so. Who is gone is not shown as connected for long. Nobody is told anything of another session.
"""

from collections.abc import Sequence

from testbed.checking import durable, live
from testbed.checking.findings import Finding, Rule, Run
from testbed.checking.history import Cause, Kept, SessionHistory


def check(history: SessionHistory, kept: Kept, causes: Sequence[Cause], end: int) -> list[Finding]:
    """Finds everything that is wrong.

    Args:
        history: What people saw and did.
        kept: What PostgreSQL holds at the end.
        causes: The faults, in order.
        end: The moment at which the history ends; whatever takes time must be over by then.
    """
    numbered = [event.offset for event in kept.events] == list(range(1, len(kept.events) + 1))
    if not numbered:
        return [Finding(Rule.LOG, None, "the offsets are not 1, 2, 3, ...")]
    run = Run(history, kept, causes, end)
    parts = (
        durable.log(run),
        durable.admissions(run),
        *(rule(run, one) for one in history.members for rule in (durable.asks, durable.deliveries, live.presence)),
        *(live.positions(run, viewer, other) for viewer in history.members for other in history.members),
    )
    return [finding for part in parts for finding in part]
