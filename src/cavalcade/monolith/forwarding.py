"""API calls at the wrong node: those that change a session are passed on to its owner, over one hop.

What only reads is answered where it arrives: PostgreSQL and Redis are the same for all nodes.
"""

import re
from collections.abc import Callable
from typing import Final, cast

import httpx
import msgspec
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPReceiveMessage, HTTPScope, Receive, Scope, Send

from cavalcade.domain.errors import ErrorCode, Rejected
from cavalcade.monolith.ownership import Ownership
from cavalcade.monolith.peers import MARK, NodeGone, NodeSilent, Peers
from cavalcade.monolith.placement import NodeLease
from cavalcade.server.access.addresses import client_address
from cavalcade.server.api.requests import MAX_BODY
from cavalcade.server.http.problems import KINDS, MEDIA_TYPE, document
from cavalcade.settings import Network
from cavalcade.storage.errors import Unavailable
from cavalcade.wire.codes import is_session_id

TRIES: Final = 3
"""How often an owner is looked for, since the one found may just have died."""

_PATH: Final = re.compile(r"/api/sessions/([^/]+)(/.*)?")
_HOP_BY_HOP: Final = frozenset(
    {"connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade", "proxy-connection", "host"}
)
_NOT_SENT: Final = _HOP_BY_HOP | {"content-length", "accept-encoding", "forwarded", "x-forwarded-for", MARK}
_NOT_ANSWERED: Final = _HOP_BY_HOP | {"content-length", "date", "server"}


class Forwarding:
    """An ASGI application in front of the API."""

    def __init__(
        self,
        app: ASGIApp,
        ownership: Ownership,
        peers: Peers,
        note_gone: Callable[[NodeLease], None],
        trusted_proxies: tuple[Network, ...],
    ) -> None:
        """Wraps the API.

        Args:
            app: The API of this node.
            ownership: Says where sessions are served.
            peers: The other nodes.
            note_gone: Called with a node that has died.
            trusted_proxies: Whose word on where a call comes from is believed.
        """
        self.passed_on = 0
        """Calls since the start that went to another node."""
        self._app, self._ownership, self._peers = app, ownership, peers
        self._note_gone, self._trusted_proxies = note_gone, trusted_proxies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a call, or has its session's owner answer it."""
        session_id = None if scope["type"] != ScopeType.HTTP else _changed_session(scope)
        if session_id is None or scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
        elif self._peers.is_marked(_header(scope, MARK)):
            # The node that passed it on says in a header where it comes from. It is not passed on a second time: a
            # node without the session answers `unavailable`.
            scope["client"] = None
            await self._app(scope, receive, send)
        elif await self._owner(session_id) is None:
            self._ownership.note_arrival(session_id)
            await self._app(scope, receive, send)
        elif (body := await _body(receive)) is not None:
            await self._pass_on(session_id, scope, body, receive, send)

    async def _owner(self, session_id: str) -> NodeLease | None:
        try:
            return await self._ownership.locate(session_id)
        except Unavailable:
            return None  # the API says so

    async def _pass_on(self, session_id: str, scope: HTTPScope, body: bytes, receive: Receive, send: Send) -> None:
        """Has the owner answer, or answers after all where it has just died."""
        target = scope["raw_path"].decode("latin-1")
        if scope["query_string"]:
            target += "?" + scope["query_string"].decode("latin-1")
        for _ in range(TRIES):
            lease = await self._owner(session_id)
            if lease is None:
                await self._app(scope, _again(body, receive), send)
                return
            try:
                response = await self._peers.call(lease, scope["method"], target, self._headers(scope), body)
            except NodeGone:
                if await self._peers.is_gone(lease):
                    self._note_gone(lease)
            except NodeSilent:
                break  # it may have done it
            else:
                self.passed_on += 1
                await _send(send, response)
                return
        await _unavailable(send)

    def _headers(self, scope: HTTPScope) -> list[tuple[str, str]]:
        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]
        peer = None if scope["client"] is None else scope["client"][0]
        said = [value for name, value in headers if name == "x-forwarded-for"]
        address = client_address(peer, said, self._trusted_proxies)
        sent = [(name, value) for name, value in headers if name not in _NOT_SENT]
        return sent if address is None else [*sent, ("x-forwarded-for", str(address))]


def _changed_session(scope: HTTPScope) -> str | None:
    """The session that a call would change; None where it changes none."""
    if scope["method"] not in {"POST", "PATCH", "DELETE"}:
        return None
    found = _PATH.fullmatch(scope["path"])
    if found is None or found[2] == "/preview" or not is_session_id(found[1]):
        return None
    return found[1]


def _header(scope: HTTPScope, wanted: str) -> str | None:
    return next((value.decode("latin-1") for name, value in scope["headers"] if name.decode("latin-1") == wanted), None)


async def _body(receive: Receive) -> bytes | None:
    """Reads a body, at most one byte more than is allowed; None where the caller has gone away."""
    body = b""
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        body += message["body"]
        if not message["more_body"] or len(body) > MAX_BODY:
            return body


def _again(body: bytes, receive: Receive) -> Receive:
    """Gives an application a body that was read already."""
    given = False

    async def give() -> HTTPReceiveMessage:
        nonlocal given
        if given:
            return cast("HTTPReceiveMessage", await receive())
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return give


async def _send(send: Send, response: httpx.Response) -> None:
    headers = [(name, value) for name, value in response.headers.raw if name.decode().lower() not in _NOT_ANSWERED]
    await send(
        {
            "type": "http.response.start",
            "status": response.status_code,
            "headers": [*headers, (b"content-length", str(len(response.content)).encode())],
        }
    )
    await send({"type": "http.response.body", "body": response.content, "more_body": False})


async def _unavailable(send: Send) -> None:
    rejected = Rejected(ErrorCode.UNAVAILABLE, "The session's node does not answer; try again.")
    body = msgspec.json.encode(document(rejected.code, rejected.detail))
    headers = [
        (b"content-type", MEDIA_TYPE.encode()),
        (b"content-length", str(len(body)).encode()),
        (b"retry-after", str(rejected.retry_after_s).encode()),
        (b"cache-control", b"no-store"),
    ]
    await send({"type": "http.response.start", "status": KINDS[rejected.code].status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
