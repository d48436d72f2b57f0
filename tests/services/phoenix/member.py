"""A member of a session on the official `phoenix` client from npm, in a Node process of its own."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.wire.test_phoenix_serializer import PHOENIX, node

MEMBER = Path(__file__).parent / "member.cjs"


class Member:
    """One process with the official client."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._unread: list[dict[str, Any]] = []

    async def says(self, what: str) -> Any:
        """The next line of a kind; others wait for their turn."""
        for place_, line in enumerate(self._unread):
            if line["what"] == what:
                return self._unread.pop(place_)
        assert self._process.stdout is not None
        async with asyncio.timeout(20):
            while data := await self._process.stdout.readline():
                line = json.loads(data)
                if line["what"] == what:
                    return line
                self._unread.append(line)
        raise AssertionError(f"the client ended before it said {what}")

    def unread(self, what: str) -> list[dict[str, Any]]:
        """Lines of a kind that have come and were not asked for yet."""
        return [line for line in self._unread if line["what"] == what]

    def push(self, event: str, payload: object = None, *, packed: bytes | None = None) -> None:
        """Has the client push JSON, or an ArrayBuffer."""
        assert self._process.stdin is not None
        command = {"event": event, "payload": payload} if packed is None else {"event": event, "packed": packed.hex()}
        self._process.stdin.write(json.dumps(command).encode() + b"\n")


Start = Callable[[str, str, str, str], Awaitable[Member]]
"""Starts a member: at an address, in a session, by a token, with `json` or `binary` positions."""


@asynccontextmanager
async def members() -> AsyncIterator[Start]:
    """Starts members, and ends them."""
    processes = []

    async def start(address: str, session_id: str, token: str, mode: str) -> Member:
        process = await asyncio.create_subprocess_exec(
            node(),
            "--experimental-websocket",  # Node 20 has one behind this flag, later ones have it anyway
            *(str(MEMBER), str(PHOENIX), address, session_id, token, mode),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        processes.append(process)
        return Member(process)

    yield start
    for process in processes:
        assert process.stdin is not None
        process.stdin.close()
        await process.wait()
