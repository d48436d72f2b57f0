"""The WebSocket server that both backends run: handshakes, the list of connections, silence, and the drain."""

import asyncio
import json
from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from picows import WSListener, WSUpgradeRequest, WSUpgradeResponse
from picows.common import WSUpgradeResponseWithListener

from cavalcade import open_file_limit
from cavalcade.domain.errors import ErrorCode
from cavalcade.server.access.addresses import Network, bucket, client_address
from cavalcade.server.access.origins import allowed_origins
from cavalcade.server.access.rate_limits import RateLimits
from cavalcade.server.access.tokens import TokenSigner
from cavalcade.server.http.problems import KINDS, MEDIA_TYPE, document
from cavalcade.server.live.send_queue import CLOSE_FAILED, CLOSE_GOING_AWAY
from cavalcade.server.processes.clock import now_ms
from cavalcade.server.sessions.backend import Backend
from cavalcade.server.sockets.connection import Connection
from cavalcade.server.sockets.handshake import Refusal, read_handshake
from cavalcade.server.sockets.join_backlog import JoinBacklog
from cavalcade.server.sockets.listener import Through, listen_for_sockets
from cavalcade.server.sockets.read_coalescing import ReadCoalescing
from cavalcade.server.sockets.socket_metrics import SocketMetrics

JOIN_S: Final = 10.0
"""How long a connection may stay without a joined channel."""

SILENCE_S: Final = 90.0
"""How long a connection may say nothing at all; clients send a heartbeat every 30 s."""

MAX_CONNECTIONS: Final = 20_000
"""How many connections one process takes, so that what they hold has a bound; more are answered 503."""

COME_AGAIN_S: Final = 10
"""After how many seconds one that was not taken may try again."""

RESERVED_FILES: Final = 128
"""Open files that stay for PostgreSQL, Redis, the internal listener and handshakes where the limit of them is low."""

SWEEP_S: Final = 1.0
HEALTH: Final = b"/healthz"
"""What a load balancer asks where the sockets are, to see whether somebody still answers there."""


class SocketServer:
    """All connections of one process."""

    def __init__(
        self,
        backend: Backend,
        signer: TokenSigner,
        public_url: str,
        metrics: SocketMetrics,
        trusted_proxies: Sequence[Network] = (),
        *,
        limits: RateLimits,
        sockets_per_address: int,
        window_s: float,
        through: Through = lambda protocol: protocol(),
    ) -> None:
        """Prepares a server; `listen` opens it.

        Args:
            backend: Who owns live state.
            signer: Checks tokens.
            public_url: Where browsers come from.
            metrics: What is counted.
            trusted_proxies: Who is believed about where a connection comes from.
            limits: Refuses those who ask for too much.
            sockets_per_address: How many connections one address may have here.
            window_s: For how long positions are gathered before members are sent them, seconds.
            through: What looks at each connection first; see `listener.listen_for_sockets`.
        """
        self.backend = backend
        self.limits = limits
        self.metrics = metrics
        self.positions_received = 0
        """Valid positions since the last sweep: a plain number, as this is counted for every one of them."""
        self.read_coalescing = ReadCoalescing(asyncio.get_running_loop().call_soon, window_s)
        self._signer, self._through = signer, through
        self._origins = allowed_origins(public_url)
        self._trusted_proxies = trusted_proxies
        self._connections: dict[Connection, None] = {}
        self._sockets_per_address = sockets_per_address
        self._of_address: Counter[str] = Counter()
        self._waiting: JoinBacklog[Connection] = JoinBacklog()
        self._servers: list[asyncio.Server] = []
        self._most = min(MAX_CONNECTIONS, open_file_limit.limit() - RESERVED_FILES)

    def __len__(self) -> int:
        """How many connections are open."""
        return len(self._connections)

    async def listen(self, address: str) -> None:
        """Starts to take connections.

        Args:
            address: `unix:/path` or `HOST:PORT`.

        Raises:
            OSError: Where the address cannot be had.
        """
        self._servers.append(await listen_for_sockets(self._accept, address, self._through))

    async def run(self) -> None:
        """Closes connections that never join or went silent, until cancelled."""
        while True:
            await asyncio.sleep(SWEEP_S)
            self.sweep(asyncio.get_running_loop().time())

    def sweep(self, moment: float) -> None:
        """Closes what has been idle for too long at a moment of the loop's clock, and hands in what was counted."""
        self.metrics.positions_received.inc(self.positions_received)
        self.positions_received = 0
        for connection in tuple(self._connections):
            silent = moment - connection.last_received_at > SILENCE_S
            if silent or (not connection.is_joined and moment - connection.joined_or_opened_at > JOIN_S):
                connection.close(CLOSE_FAILED)

    def stop_listening(self) -> None:
        """Takes no more connections; those that there are stay."""
        for server in self._servers:
            server.close()

    async def drain(self, seconds: float) -> None:
        """Takes no more connections and sends those there are elsewhere, spread over some seconds."""
        self.stop_listening()
        connections = tuple(self._connections)
        for connection in connections:
            connection.close(CLOSE_GOING_AWAY)
            await asyncio.sleep(seconds / len(connections))

    def opened(self, connection: Connection) -> None:
        """Notes a new connection, which waits until it joins; where too many do, the one that waited longest goes."""
        self._connections[connection] = None
        self._of_address[connection.address] += 1
        self.metrics.connections.set(len(self._connections))
        member = connection.member
        self._wait(connection, connection.address if member is None else member, stranger=member is None)

    def joined(self, connection: Connection) -> None:
        """Notes that a connection waits no more."""
        self._waiting.leave(connection)

    def left(self, connection: Connection) -> None:
        """Notes that a connection left its channel, and waits as at the beginning."""
        self._wait(connection, connection.member or "", stranger=False)

    def gone(self, connection: Connection) -> None:
        """Forgets a connection."""
        self._waiting.leave(connection)
        if connection in self._connections:
            del self._connections[connection]
            self._of_address[connection.address] -= 1
            if not self._of_address[connection.address]:
                del self._of_address[connection.address]
        self.metrics.connections.set(len(self._connections))

    def _wait(self, connection: Connection, name: str, *, stranger: bool) -> None:
        longest = self._waiting.enter(connection, name, stranger=stranger)
        if longest is not None:
            self.metrics.connections_crowded_out.inc()
            longest.close(CLOSE_FAILED)

    def _accept(self, request: WSUpgradeRequest, peer: str | None) -> WSListener | WSUpgradeResponseWithListener:
        if request.path == HEALTH:
            return WSUpgradeResponseWithListener(WSUpgradeResponse.create_ok_response(), None)
        headers = request.headers
        address = bucket(client_address(peer, headers.getall("X-Forwarded-For", ()), self._trusted_proxies))
        if len(self._connections) >= self._most:
            return self._refused("full", ErrorCode.UNAVAILABLE, "This server has too many connections; try again.")
        if self._of_address[address] >= self._sockets_per_address:
            too_many = "Too many connections are open from this network."
            return self._refused("too many of one address", ErrorCode.TOO_MANY_REQUESTS, too_many)
        _mend_connection_header(headers)
        handshake = read_handshake(request.path.decode("latin-1"), headers, self._origins)
        if isinstance(handshake, Refusal):
            self.metrics.handshakes_refused.labels(handshake.reason).inc()
            refusal = WSUpgradeResponse.create_error_response(handshake.status)
            return WSUpgradeResponseWithListener(refusal, None)
        claims = self._signer.verify(handshake.token, now_ms()) if handshake.token else None
        extra = {"Sec-WebSocket-Protocol": handshake.subprotocol} if handshake.subprotocol else None
        response = WSUpgradeResponse.create_101_response(extra_headers=extra)
        return WSUpgradeResponseWithListener(response, Connection(self, handshake.session_id, claims, address))

    def _refused(self, reason: str, code: ErrorCode, detail: str) -> WSUpgradeResponseWithListener:
        """The answer to a handshake that there is no room for, as a problem document."""
        self.metrics.handshakes_refused.labels(reason).inc()
        body = json.dumps(document(code, detail)).encode()
        headers = {"Content-Type": MEDIA_TYPE, "Retry-After": str(COME_AGAIN_S)}
        refusal = WSUpgradeResponse.create_error_response(KINDS[code].status, body, headers)
        return WSUpgradeResponseWithListener(refusal, None)


def _mend_connection_header(headers: Any) -> None:  # noqa: ANN401 - a multidict, which picows does not export
    """Firefox sends `Connection: keep-alive, Upgrade`, which is right and which picows refuses."""
    tokens = {token.strip().lower() for value in headers.getall("Connection", []) for token in value.split(",")}
    if "upgrade" in tokens:
        headers["Connection"] = "upgrade"
