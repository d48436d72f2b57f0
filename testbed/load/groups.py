"""Sessions full of people on a running installation, made through its front door as apps make them."""

import asyncio
from collections.abc import Sequence
from typing import Final
from urllib.parse import urlencode, urlsplit

import httpx

from cavalcade.client import Membership, create_session, join_session
from cavalcade.wire.channel import TOPIC_PREFIX
from cavalcade.wire.frame import Message, encode_binary_broadcast, encode_client_push, encode_text
from testbed.load.traffic import Target

AT_ONCE: Final = 16
"""How many sessions are filled at the same time."""


async def make_groups(base_url: str, sessions: int, size: int) -> list[list[Membership]]:
    """Makes sessions and lets people in.

    Args:
        base_url: The installation.
        sessions: How many.
        size: People in each, the first of whom is the host.

    Raises:
        Rejected, Unreachable: As for any call of the client.
    """
    turn = asyncio.Semaphore(AT_ONCE)
    limits = httpx.Limits(max_connections=AT_ONCE, max_keepalive_connections=AT_ONCE)
    async with httpx.AsyncClient(limits=limits, timeout=30.0, trust_env=False) as http:

        async def make(number: int) -> list[Membership]:
            async with turn:
                host = await create_session(base_url, name=f"Group {number + 1}", http=http)
                assert host.code is not None
                place = base_url, host.code
                return [host, *[await join_session(place, http=http) for _ in range(size - 1)]]

        return list(await asyncio.gather(*(make(number) for number in range(sessions))))


def targets(groups: Sequence[Sequence[Membership]]) -> list[Target]:
    """How the load generator gets all of them in."""
    return [target(member, number) for number, group in enumerate(groups) for member in group]


def target(member: Membership, session: int) -> Target:
    """How the load generator gets one in: the socket's address, the join, and what stands before each of its fixes."""
    topic = TOPIC_PREFIX + member.session_id
    query = urlencode({"vsn": "2.0.0", "session": member.session_id, "token": member.token})
    return Target(
        f"{urlsplit(member.socket).path}/websocket?{query}",
        session,
        join=encode_text(Message("1", "1", topic, "phx_join", {"mode": "binary"})).decode(),
        envelope=encode_client_push("1", "2", topic, "position", b"").decode("latin-1"),
    )


def envelope_size(session_id: str) -> int:
    """How many bytes stand before the server's time in each frame of packed positions."""
    return len(encode_binary_broadcast(TOPIC_PREFIX + session_id, "positions", b""))
