"""A hub on Starlette and uvicorn, as one writes it first, and with the same window as the others.

    PORT=... python starlette_hub.py WINDOW_MS

With a window of 0 each fix goes to all members of its session at once; else what changed is gathered and sent in one
frame to each member. Frames are those of the Node hub.
"""

import asyncio
import contextlib
import os
import struct
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Final

import uvicorn
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

FIX: Final = 25  # u64 fix_time, 17 bytes
PLACE: Final = struct.Struct(">HI17s")
TIME: Final = struct.Struct(">Q")


@dataclass
class Session:
    """Who is in it, and whose fix has changed."""

    members: set[WebSocket] = field(default_factory=set)
    changed: dict[int, bytes] = field(default_factory=dict)


sessions: dict[str, Session] = {}
port, window_s = int(os.environ["PORT"]), int(sys.argv[1]) / 1000


def frame(changed: dict[int, bytes]) -> bytes:
    """The positions of those who moved."""
    now = time.time_ns() // 1_000_000
    ages = ((who, max(0, now - TIME.unpack_from(fix)[0]), fix[8:]) for who, fix in changed.items())
    return TIME.pack(now) + b"".join(PLACE.pack(*each) for each in ages)


async def broadcast(session: Session, changed: dict[int, bytes]) -> None:
    """Sends to one after another."""
    packed = frame(changed)
    for member in tuple(session.members):
        with contextlib.suppress(WebSocketDisconnect, RuntimeError):  # it has gone meanwhile
            await member.send_bytes(packed)


async def flush() -> None:
    """Sends what changed at the end of each window."""
    while True:
        await asyncio.sleep(window_s)
        for session in sessions.values():
            if session.changed:
                changed, session.changed = session.changed, {}
                await broadcast(session, changed)


async def member(socket: WebSocket) -> None:
    """One connection."""
    await socket.accept()
    session = sessions.setdefault(socket.path_params["session"], Session())
    session.members.add(socket)
    who = int(socket.path_params["participant"])
    try:
        while True:
            fix = await socket.receive_bytes()
            if len(fix) != FIX:
                continue
            if window_s:
                session.changed[who] = fix
            else:
                await broadcast(session, {who: fix})
    except WebSocketDisconnect:
        pass
    finally:
        session.members.discard(socket)


@contextlib.asynccontextmanager
async def lifespan(_: Starlette) -> AsyncIterator[None]:
    """Runs the flush beside the server."""
    flushing = asyncio.create_task(flush()) if window_s else None
    yield
    if flushing is not None:
        flushing.cancel()


app = Starlette(routes=[WebSocketRoute("/{session}/{participant}", member)], lifespan=lifespan)

if __name__ == "__main__":
    uvicorn.run(
        app, host="127.0.0.1", port=port, log_level="error", ws_per_message_deflate=False, ws_ping_interval=None
    )
