"""The calls over HTTP: making sessions, joining them, and what can be asked without a socket."""

import asyncio
import functools
import random
import secrets
import ssl
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final, Literal

import httpx

from cavalcade.client.backoff import Backoff
from cavalcade.client.errors import ProtocolError, Unreachable
from cavalcade.client.membership import Membership, split_link
from cavalcade.client.replies import JoinReply, read_join_reply, rejected, retry_after_s
from cavalcade.domain.errors import ErrorCode, Rejected
from cavalcade.domain.events import Event
from cavalcade.domain.fix import Position
from cavalcade.domain.model import Session
from cavalcade.wire.codec import decode
from cavalcade.wire.codes import parse_code
from cavalcade.wire.errors import DecodeError
from cavalcade.wire.messages import events_from_list
from cavalcade.wire.positions import position_from_dict

PlaceFile = Literal["gpx", "geojson"]
"""The kinds of files that places come in."""

ATTEMPTS: Final = 4
TIMEOUT_S: Final = 10.0

PATIENCE_S: Final = 15
"""A call waits by itself where the server asks for no more seconds than this; a longer wait is for its caller."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What somebody with a link sees before joining.

    Attributes:
        session_id: The session.
        name: Its name.
        expires_at: ms since the epoch.
        participants: How many are in it.
    """

    session_id: str
    name: str
    expires_at: int
    participants: int


@dataclass(frozen=True, slots=True)
class ServerIdentity:
    """What a server says that it is.

    Attributes:
        backend: `services` or `monolith`.
        version: Cavalcade's.
    """

    backend: str
    version: str


@dataclass(frozen=True, slots=True)
class Neighbour:
    """Somebody near by: where, and how far off in metres."""

    participant: int
    position: Position
    distance: float


async def identify_server(server: str, *, http: httpx.AsyncClient | None = None) -> ServerIdentity:
    """Asks which backend answers at a base address, and whether it is Cavalcade at all.

    Raises:
        Unreachable: Nothing answers there.
        ProtocolError: Something else does.
    """
    answer = _content(await _send("GET", f"{server.rstrip('/')}/healthz", attempts=1, http=http))
    backend, version = answer.get("backend"), answer.get("version")
    if not (isinstance(backend, str) and isinstance(version, str)):
        raise ProtocolError("the answer must have the backend and its version; is this Cavalcade's address?")
    return ServerIdentity(backend, version)


async def create_session(
    server: str,
    *,
    name: str | None = None,
    lifetime_s: int | None = None,
    host_name: str | None = None,
    host_color: str | None = None,
    http: httpx.AsyncClient | None = None,
) -> Membership:
    """Makes a session, with oneself as its host.

    A lost answer makes no second one: the call is repeated under the same `Idempotency-Key`.

    Args:
        server: The base address, such as `http://localhost:8080`.
        name: The session's name, or None for a friendly default.
        lifetime_s: Seconds until it expires, or None for the server's default.
        host_name: One's own name.
        host_color: One's own colour, `#rrggbb`.
        http: A client to use, for those who make many calls.

    Raises:
        Rejected: The server refused, with the code that says why; as for every call here.
        Unreachable: The server cannot be reached, or is not Cavalcade.
        ProtocolError: Its answer cannot be understood.
    """
    body = _given(name=name, lifetime_s=lifetime_s, host=_given(name=host_name, color=host_color) or None)
    server = server.rstrip("/")
    answer = _content(await _send("POST", f"{server}/api/sessions", body=body, key=_new_key(), http=http))
    return _membership(server, answer)


async def join_session(
    link: str | tuple[str, str],
    *,
    name: str | None = None,
    color: str | None = None,
    http: httpx.AsyncClient | None = None,
) -> Membership:
    """Joins a session as a new participant: a member, or a viewer where the link is a viewer's.

    Args:
        link: The link, or the pair of the server's base address and the code.
        name: One's own name, or None for a friendly default.
        color: One's own colour, `#rrggbb`.
        http: A client to use, for those who make many calls.

    Raises:
        ValueError: The link is none.
        Rejected: `session_not_found`, `session_full`, ...
    """
    server, code, url = _place(link)
    body = _given(code=code, name=name, color=color)
    answer = _content(await _send("POST", f"{url}/join", body=body, key=_new_key(), http=http))
    return _membership(server, {"code": code, **answer})


async def preview_session(link: str | tuple[str, str], *, http: httpx.AsyncClient | None = None) -> Preview:
    """Looks at a session before joining it.

    Raises:
        ValueError: The link is none.
        Rejected: `session_not_found`, ...
    """
    _, code, url = _place(link)
    answer = _content(await _send("POST", f"{url}/preview", body={"code": code}, http=http))
    session, count = answer.get("session"), answer.get("participants")
    if not isinstance(session, dict) or not isinstance(count, int):
        raise ProtocolError("the answer must have a session and the number of participants")
    expires_at = session.get("expires_at")
    if not isinstance(expires_at, int):
        raise ProtocolError("a session must have expires_at")
    return Preview(str(session.get("id")), str(session.get("name")), expires_at, count)


async def fetch_session(membership: Membership, *, http: httpx.AsyncClient | None = None) -> JoinReply:
    """Reads a session and the newest positions once, without a socket.

    Raises:
        Rejected: `unauthorized`, `session_not_found`, ...
    """
    return read_join_reply(_content(await _send("GET", _url(membership), token=membership.token, http=http)))


async def find_nearby(
    membership: Membership, radius_m: float, *, http: httpx.AsyncClient | None = None
) -> Sequence[Neighbour]:
    """Who is within a radius of one's own position, nearest first.

    Raises:
        Rejected: `unauthorized`, ...
    """
    url = f"{_url(membership)}/nearby"
    answer = _content(await _send("GET", url, token=membership.token, query={"radius_m": radius_m}, http=http))
    positions = answer.get("positions")
    if not isinstance(positions, list):
        raise ProtocolError("the answer must have positions")
    return [_neighbour(item) for item in positions]


async def read_messages(
    membership: Membership,
    *,
    before: int | None = None,
    limit: int | None = None,
    http: httpx.AsyncClient | None = None,
) -> Sequence[Event]:
    """The newest messages before an offset, newest first, as the events that sent them.

    One that was removed, or that one may not read, is an event whose change is `ContentLeftOut`.

    Args:
        membership: Who reads.
        before: An offset, such as that of the oldest message that is known; None for the newest of all.
        limit: How many at most, from 1 to 100; the server's choice where it is None.
        http: A client to use, for those who make many calls.

    Raises:
        Rejected: `unauthorized`, `invalid_request`, ...
    """
    query = {name: value for name, value in (("before", before), ("limit", limit)) if value is not None}
    answer = _content(
        await _send("GET", f"{_url(membership)}/messages", token=membership.token, query=query, http=http)
    )
    try:
        return events_from_list(answer.get("messages"))
    except DecodeError as error:
        raise ProtocolError(f"the messages cannot be read: {error}") from error


async def download_places(
    membership: Membership, form: PlaceFile = "gpx", *, http: httpx.AsyncClient | None = None
) -> bytes:
    """The places of a session as a file.

    Args:
        membership: Who asks.
        form: GPX 1.1 or GeoJSON, both in UTF-8.
        http: A client to use, for those who make many calls.

    Raises:
        Rejected: `unauthorized`, `session_not_found`, ...
    """
    answer = await _send("GET", f"{_url(membership)}/places.{form}", token=membership.token, http=http)
    return answer.content


async def change_session(
    membership: Membership,
    *,
    name: str | None = None,
    extend_s: int | None = None,
    http: httpx.AsyncClient | None = None,
) -> Session:
    """Renames or extends a session, as its host. Not repeated by itself, since extending twice is not the same.

    Raises:
        Rejected: `forbidden`, `invalid_request`, ...
    """
    body = _given(name=name, extend_s=extend_s)
    answer = _content(await _send("PATCH", _url(membership), token=membership.token, body=body, attempts=1, http=http))
    try:
        return decode(Session, answer.get("session"))
    except DecodeError as error:
        raise ProtocolError(f"the session cannot be read: {error}") from error


async def leave_session(membership: Membership, *, http: httpx.AsyncClient | None = None) -> None:
    """Leaves a session for good; one that was left already, or is over, counts as left.

    Raises:
        Rejected: `unavailable`, ...
    """
    await _finish(f"{_url(membership)}/participants/me", membership.token, http)


async def end_session(membership: Membership, *, http: httpx.AsyncClient | None = None) -> None:
    """Ends a session for everybody, as its host; one that is over already counts as ended.

    Raises:
        Rejected: `forbidden`, `unavailable`, ...
    """
    await _finish(_url(membership), membership.token, http)


async def _finish(url: str, token: str, http: httpx.AsyncClient | None) -> None:
    try:
        _content(await _send("DELETE", url, token=token, http=http))
    except Rejected as refusal:
        if refusal.code not in {ErrorCode.SESSION_NOT_FOUND, ErrorCode.UNAUTHORIZED}:
            raise


def _content(answer: httpx.Response) -> Mapping[str, object]:
    """The JSON of an answer; nothing where it has none."""
    if answer.status_code == httpx.codes.NO_CONTENT:
        return {}
    content = _json(answer)
    if isinstance(content, dict):
        return content
    raise ProtocolError("the server's answer is not the JSON that was expected; is this Cavalcade's address?")


async def _send(
    method: str,
    url: str,
    *,
    token: str | None = None,
    key: str | None = None,
    body: Mapping[str, object] | None = None,
    query: Mapping[str, float] | None = None,
    attempts: int = ATTEMPTS,
    http: httpx.AsyncClient | None = None,
) -> httpx.Response:
    """Makes one call, repeated while the server cannot be reached, is not available, or asks to wait a little."""
    headers = {"Accept": "application/json, application/problem+json, */*;q=0.5"}
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    if key is not None:
        headers["Idempotency-Key"] = key
    waits = Backoff(random.random, base_ms=400)
    async with _client(http) as client:
        for attempt in range(1, attempts + 1):
            try:
                request = client.build_request(method, url, headers=headers, json=body, params=query)
                return _accepted(await client.send(request))
            except httpx.InvalidURL as error:
                raise Unreachable(f"this is not an address: {error}") from error
            except httpx.UnsupportedProtocol as error:
                raise Unreachable("the server's address must begin with http:// or https://") from error
            except httpx.TransportError as error:
                if attempt == attempts:
                    raise Unreachable(f"no answer from the server: {error or type(error).__name__}") from error
            except Rejected as refusal:
                if refusal.code is ErrorCode.TOO_MANY_REQUESTS and refusal.retry_after_s <= PATIENCE_S:
                    await asyncio.sleep(refusal.retry_after_s)
                elif refusal.code is not ErrorCode.UNAVAILABLE:
                    raise
                if attempt == attempts:
                    raise
            await asyncio.sleep(waits.next_wait_ms() / 1000)
    raise AssertionError("the last attempt returns or raises")


@asynccontextmanager
async def _client(http: httpx.AsyncClient | None) -> AsyncIterator[httpx.AsyncClient]:
    if http is not None:
        yield http
        return
    async with httpx.AsyncClient(timeout=TIMEOUT_S, verify=_ssl_context()) as client:
        yield client


@functools.cache
def _ssl_context() -> ssl.SSLContext:
    """The roots that are trusted, read once: that takes longer than a call."""
    return httpx.create_ssl_context()


def _json(response: httpx.Response) -> object:
    try:
        return response.json()
    except ValueError:
        return None


def _accepted(response: httpx.Response) -> httpx.Response:
    """An answer that is no refusal."""
    if response.is_success:
        return response
    content = _json(response)
    wait_s = retry_after_s(response.headers) or 1
    if isinstance(content, dict) and "code" in content:
        raise rejected(content["code"], content, wait_s)
    if response.status_code in {httpx.codes.BAD_GATEWAY, httpx.codes.SERVICE_UNAVAILABLE, httpx.codes.GATEWAY_TIMEOUT}:
        raise Rejected(ErrorCode.UNAVAILABLE, "The server is not available now.", retry_after_s=wait_s)
    raise Unreachable(f"the server answered {response.status_code}, but not as Cavalcade does; is this its address?")


def _membership(server: str, answer: Mapping[str, object]) -> Membership:
    session, participant = answer.get("session"), answer.get("participant")
    session_id = session.get("id") if isinstance(session, dict) else None
    participant_id = participant.get("id") if isinstance(participant, dict) else None
    token, socket = answer.get("token"), answer.get("socket")
    if not (isinstance(session_id, str) and isinstance(participant_id, int)):
        raise ProtocolError("the answer must have a session and a participant with their ids")
    if not (isinstance(token, str) and isinstance(socket, str)):
        raise ProtocolError("the answer must have a token and the address of the socket")
    code, link, viewer_code, viewer_link = (
        value if isinstance(value := answer.get(name), str) else None
        for name in ("code", "link", "viewer_code", "viewer_link")
    )
    return Membership(
        server, session_id, participant_id, token, socket, code, link, viewer_code=viewer_code, viewer_link=viewer_link
    )


def _neighbour(item: object) -> Neighbour:
    distance = item.get("distance") if isinstance(item, Mapping) else None
    if not isinstance(distance, int | float):
        raise ProtocolError("a neighbour must have a distance")
    try:
        participant, position = position_from_dict(item)
    except DecodeError as error:
        raise ProtocolError(f"a neighbour cannot be read: {error}") from error
    return Neighbour(participant, position, float(distance))


def _place(link: str | tuple[str, str]) -> tuple[str, str, str]:
    """The server, the code, and the address of the session that the code names."""
    server, code = split_link(link) if isinstance(link, str) else link
    parts = parse_code(code)
    if parts is None:
        raise ValueError("this is not the code of a session")
    server = server.rstrip("/")
    return server, code, f"{server}/api/sessions/{parts[0]}"


def _url(membership: Membership) -> str:
    return f"{membership.server}/api/sessions/{membership.session_id}"


def _new_key() -> str:
    return secrets.token_urlsafe(24)


def _given(**fields: object) -> dict[str, object]:
    return {name: value for name, value in fields.items() if value is not None}
