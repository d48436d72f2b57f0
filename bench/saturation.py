"""How much a server holds: more and more members, until positions come late or not at all."""

from collections.abc import Awaitable, Callable
from typing import Final

from bench.report import Run
from bench.scenes import DEFAULT_WINDOW_MS, Scene
from cavalcade.stack.errors import StackError
from testbed.load.latencies import nearest_rank

FIRST: Final = 1000
MOST: Final = 16_000
TOO_LATE_MS: Final = 1000.0
MEMBERS: Final = 10
"""Of each session: small sessions cost most."""


async def saturate(name: str, measure: Callable[[str, Scene], Awaitable[Run]]) -> tuple[int, str]:
    """Doubles the members of a server until it, or the load generator, cannot follow.

    Returns:
        The most connections that were held, and what ended it.
    """
    held, count = 0, FIRST
    while count <= MOST:
        try:
            run = await measure(name, Scene("half", MEMBERS, count, DEFAULT_WINDOW_MS, (name,)))
        except StackError as error:
            return held, error.problem
        late = nearest_rank(run.reading.latencies_ms, 0.99)
        if run.flaw is not None or late > TOO_LATE_MS:
            return held, run.flaw or f"p99 was {late:.0f} ms"
        held, count = count, count * 2
    return held, "more was not tried"
