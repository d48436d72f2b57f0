"""Everything that live sessions are told while a test does something."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from cavalcade.client import Change, LiveSession


@asynccontextmanager
async def heard(sessions: Mapping[int, LiveSession]) -> AsyncIterator[list[tuple[int, Change]]]:
    """What each of some sessions is told meanwhile, with who was told."""
    told: list[tuple[int, Change]] = []

    async def listen(who: int, changes: AsyncIterator[Change]) -> None:
        async for change in changes:
            told.append((who, change))  # noqa: PERF401 - each as it comes

    listeners = [asyncio.create_task(listen(who, session.changes())) for who, session in sessions.items()]
    try:
        yield told
        for _ in range(3):
            await asyncio.sleep(0)  # what has come already is taken
    finally:
        for listener in listeners:
            listener.cancel()
        await asyncio.gather(*listeners, return_exceptions=True)
