"""A reconnect storm: everybody connects at once, is cut off without a word, and comes back at once."""

import asyncio
import math
from collections.abc import Sequence
from time import monotonic
from typing import Final
from urllib.parse import urlsplit

from cavalcade.client import Membership
from testbed.load.generator import is_welcome
from testbed.load.groups import target
from testbed.load.traffic import masked_frame, split_frames

GIVE_UP_S: Final = 30.0

_TEXT: Final = 1
_MASK: Final = b"\x11\x22\x33\x44"


async def storm(members: Sequence[Membership]) -> tuple[list[float], list[float]]:
    """Lets everybody in at once, cuts all of them off, and lets them in at once again.

    Returns:
        Seconds until each had joined, the first and the second time; NaN for those who did not within 30 s.
    """
    first, streams = await _all_join(members)
    for writer in streams:
        writer.transport.abort()
    again, streams = await _all_join(members)
    for writer in streams:
        writer.transport.abort()
    return first, again


async def _all_join(members: Sequence[Membership]) -> tuple[list[float], list[asyncio.StreamWriter]]:
    writers: list[asyncio.StreamWriter] = []
    begun = monotonic()

    async def join(member: Membership) -> float:
        try:
            async with asyncio.timeout(GIVE_UP_S):
                writers.append(await _join(member))
        except (OSError, EOFError, TimeoutError, ConnectionRefusedError):
            return math.nan
        return monotonic() - begun

    times = await asyncio.gather(*(join(member) for member in members))
    return list(times), writers


async def _join(member: Membership) -> asyncio.StreamWriter:
    """Opens a socket and joins.

    Raises:
        OSError: It was refused or broken off.
    """
    place, way = urlsplit(member.socket), target(member, 0)
    reader, writer = await asyncio.open_connection("127.0.0.1", place.port)
    request = (
        f"GET {way.path} HTTP/1.1\r\nHost: {place.netloc}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    writer.write(request.encode("ascii") + masked_frame(_TEXT, way.join.encode(), _MASK))
    head = await reader.readuntil(b"\r\n\r\n")
    if b" 101 " not in head.split(b"\r\n", 1)[0]:
        raise ConnectionRefusedError
    data = b""
    while True:
        received = await reader.read(65_536)
        if not received:
            raise ConnectionResetError
        data += received
        frames, taken = split_frames(data)
        for opcode, begin, end in frames:
            if opcode == _TEXT and (welcome := is_welcome(data[begin:end])) is not None:
                if not welcome:
                    raise ConnectionRefusedError
                return writer
        data = data[taken:]
