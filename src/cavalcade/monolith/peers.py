"""Asking other nodes: whether they serve a session, to give one away, and to answer an API call in one's place.

What nodes say to each other is signed with a mark that only they can make. It also marks a call that was passed on, so
that nobody outside can forge one, and a call is passed on once.
"""

import asyncio
import hashlib
import hmac
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

import httpx

from cavalcade.monolith.placement import NodeLease

MARK: Final = "x-cavalcade-node"
"""The header that holds the mark."""

ASK_S: Final = 1.0
"""How long another node has for an answer of its own."""

GIVE_S: Final = 1.5
"""How long it has for giving a session away: it writes out positions first."""

CALL_S: Final = 1.8
"""How long it has for an API call; the client that made the call waits for 2 s."""

LONGEST_S: Final = 5.0
"""Ends a call that is not ended by its own bound."""

_PURPOSE: Final = b"node\0"

_Protocol = TypeVar("_Protocol", bound=asyncio.BaseProtocol)


class NodeGone(Exception):
    """Nobody listens where the node was."""


class NodeSilent(Exception):
    """The node did not answer, or not in time: it may have done what it was asked for."""


class Peers:
    """Calls to other nodes."""

    def __init__(self, secrets: Sequence[str]) -> None:
        """Prepares clients; they connect when they are first used.

        Args:
            secrets: The signing secrets, the first of which makes the mark, and any of which may have made it.
        """
        marks = [hmac.digest(secret.encode(), _PURPOSE, hashlib.sha256).hex() for secret in secrets]
        self.mark = marks[0]
        self._marks = marks
        self._clients: dict[str, httpx.AsyncClient] = {}

    def is_marked(self, value: str | None) -> bool:
        """Whether a header's value is a node's mark."""
        return value is not None and any(hmac.compare_digest(value.encode(), mark.encode()) for mark in self._marks)

    async def holds(self, lease: NodeLease, session_id: str) -> bool:
        """Whether a node serves a session.

        Raises:
            NodeSilent: Where it does not answer.
        """
        try:
            answer = await self._request(lease.internal, ASK_S, "GET", f"/sessions/{session_id}")
        except NodeGone:
            return False
        return answer.status_code == httpx.codes.OK

    async def ask_for(self, lease: NodeLease, session_id: str) -> bool:
        """Asks a node to give a session away; whether it has none of it any more.

        Raises:
            NodeSilent: Where it does not answer.
        """
        try:
            answer = await self._request(lease.internal, GIVE_S, "POST", f"/sessions/{session_id}/handover")
        except NodeGone:
            return True
        return answer.status_code == httpx.codes.NO_CONTENT

    async def is_gone(self, lease: NodeLease) -> bool:
        """Whether nobody listens any more where the node answered the others: then it has died."""
        try:
            async with asyncio.timeout(ASK_S):
                transport, _ = await dial(lease.internal, asyncio.Protocol)
        except (ConnectionRefusedError, FileNotFoundError):
            return True
        except OSError:  # a TimeoutError is one
            return False
        transport.close()
        return False

    async def call(
        self, lease: NodeLease, method: str, target: str, headers: Sequence[tuple[str, str]], body: bytes
    ) -> httpx.Response:
        """Has a node answer an API call.

        Raises:
            NodeGone: Where nobody listens: nothing was sent.
            NodeSilent: Where it does not answer in time.
        """
        return await self._request(lease.http, CALL_S, method, target, headers, body=body)

    async def close(self) -> None:
        """Closes all connections."""
        clients, self._clients = self._clients, {}
        for client in clients.values():
            await client.aclose()

    async def _request(
        self,
        address: str,
        seconds: float,
        method: str,
        target: str,
        headers: Sequence[tuple[str, str]] = (),
        *,
        body: bytes = b"",
    ) -> httpx.Response:
        client = self._clients.get(address)
        if client is None:
            client = self._clients[address] = _client(address)
        try:
            async with asyncio.timeout(seconds):
                return await client.request(method, target, headers=[*headers, (MARK, self.mark)], content=body)
        except httpx.ConnectError as error:
            raise NodeGone from error
        except (httpx.TransportError, TimeoutError) as error:
            raise NodeSilent from error


async def dial(address: str, factory: Callable[[], _Protocol]) -> tuple[asyncio.Transport, _Protocol]:
    """Connects to a listener.

    Args:
        address: `unix:/path` or `HOST:PORT`.
        factory: Makes the protocol.

    Raises:
        OSError: Where nobody can be reached there.
    """
    loop = asyncio.get_running_loop()
    if address.startswith("unix:"):
        return await loop.create_unix_connection(factory, address.removeprefix("unix:"))
    host, _, port = address.rpartition(":")
    return await loop.create_connection(factory, host.strip("[]"), int(port))


def _client(address: str) -> httpx.AsyncClient:
    if address.startswith("unix:"):
        transport = httpx.AsyncHTTPTransport(uds=address.removeprefix("unix:"))
        return httpx.AsyncClient(transport=transport, base_url="http://node", timeout=LONGEST_S, trust_env=False)
    return httpx.AsyncClient(base_url=f"http://{address}", timeout=LONGEST_S, trust_env=False)
