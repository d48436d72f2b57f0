"""The calls of the contract."""

import msgspec
from litestar import Response, delete, get, patch, post
from litestar.params import FromPath

from cavalcade.domain import commands
from cavalcade.domain.errors import ErrorCode
from cavalcade.domain.feature import Command
from cavalcade.domain.features.ending import EndSession
from cavalcade.domain.features.membership import Leave
from cavalcade.domain.features.places import places
from cavalcade.domain.features.settings import SetSession
from cavalcade.domain.fix import MAX_FIX_TIME
from cavalcade.domain.model import SessionState
from cavalcade.domain.operations import Operation
from cavalcade.server.api import schemas
from cavalcade.server.api.context import Api, InjectedApi, Json
from cavalcade.server.api.documentation import Documentation, Query
from cavalcade.server.api.requests import (
    MAX_MESSAGES,
    MAX_RADIUS_M,
    MESSAGES,
    AnyRequest,
    read_body,
    read_page,
    read_radius,
)
from cavalcade.server.api.sessions import Created, Joined
from cavalcade.server.processes.deadline import REPLY_DEADLINE_S, within
from cavalcade.wire.codec import encode
from cavalcade.wire.messages import event_to_dict, snapshot_to_dict
from cavalcade.wire.place_files import GEOJSON_TYPE, GPX_TYPE, PlaceCollection, geojson, gpx
from cavalcade.wire.positions import position_to_dict


@post(
    "/api/sessions",
    opt=Documentation(
        "createSession",
        "Start a session",
        "The caller becomes the session's host and participant 1. With the same `Idempotency-Key` again, the answer "
        "is the same session, so a lost answer can be asked for again.",
        201,
        request=commands.Creation,
        request_required=False,
        response=schemas.Created,
        failures=(
            ErrorCode.INVALID_REQUEST,
            ErrorCode.UNAUTHORIZED,
            ErrorCode.FORBIDDEN,
            ErrorCode.SESSION_NOT_FOUND,
            ErrorCode.OP_ID_REUSED,
            ErrorCode.PAYLOAD_TOO_LARGE,
            ErrorCode.UNAVAILABLE,
        ),
        idempotent_by_key=True,
    ).opt(),
)
async def create_session(request: AnyRequest, api: InjectedApi) -> Json:
    """`POST /api/sessions`."""
    key = commands.idempotency_key(request.headers.get("idempotency-key"))
    data = await read_body(request, required=False)
    creation = commands.creation(data)
    digest = commands.digest("session:create", data)

    async def create() -> Created:
        await api.limits.new_session(api.address(request))
        return await api.sessions.create(creation, key, digest, api.clock())

    created = await within(REPLY_DEADLINE_S, create())
    return {
        **api.entry(created.state, created.participant),
        "code": created.code,
        "link": api.link(created.code),
        "viewer_code": created.viewer_code,
        "viewer_link": api.link(created.viewer_code),
    }


@post(
    "/api/sessions/{session_id:str}/preview",
    status_code=200,
    opt=Documentation(
        "previewSession",
        "Look at a session before joining",
        "What somebody with a link sees before they come in. Too many wrong codes from one address are refused for a "
        "while.",
        200,
        request=commands.Look,
        response=schemas.Preview,
        failures=(
            ErrorCode.INVALID_REQUEST,
            ErrorCode.FORBIDDEN,
            ErrorCode.SESSION_NOT_FOUND,
            ErrorCode.PAYLOAD_TOO_LARGE,
            ErrorCode.TOO_MANY_REQUESTS,
            ErrorCode.UNAVAILABLE,
        ),
    ).opt(),
)
async def preview_session(request: AnyRequest, session_id: FromPath[str], api: InjectedApi) -> Json:
    """`POST /api/sessions/{id}/preview`."""
    code = commands.preview(await read_body(request))
    stored, _role = await within(REPLY_DEADLINE_S, api.admit(request, session_id, code))
    session = stored.state.session
    return {
        "session": {"id": session.id, "name": session.name, "expires_at": session.expires_at},
        "participants": len(stored.state.participants),
    }


@post(
    "/api/sessions/{session_id:str}/join",
    opt=Documentation(
        "joinSession",
        "Join a session",
        "The code says as what one comes in: as a member, or as a viewer. With the same `Idempotency-Key` again, the "
        "answer is the same participant. Too many wrong codes from one address are refused for a while.",
        201,
        request=commands.Admission,
        response=schemas.Joined,
        failures=(
            ErrorCode.INVALID_REQUEST,
            ErrorCode.UNAUTHORIZED,
            ErrorCode.FORBIDDEN,
            ErrorCode.SESSION_NOT_FOUND,
            ErrorCode.SESSION_FULL,
            ErrorCode.OP_ID_REUSED,
            ErrorCode.PAYLOAD_TOO_LARGE,
            ErrorCode.TOO_MANY_REQUESTS,
            ErrorCode.UNAVAILABLE,
        ),
        idempotent_by_key=True,
    ).opt(),
)
async def join_session(request: AnyRequest, session_id: FromPath[str], api: InjectedApi) -> Json:
    """`POST /api/sessions/{id}/join`."""
    key = commands.idempotency_key(request.headers.get("idempotency-key"))
    data = await read_body(request)
    admission = commands.admission(data)
    digest = commands.digest("session:join", data)

    async def join() -> Joined:
        stored, role = await api.admit(request, session_id, admission.code)
        present = len(stored.state.participants)
        await api.limits.join(session_id, role, present=present, gone=stored.state.next_participant - 1 - present)
        return await api.sessions.join(stored, role, admission, key, digest)

    joined = await within(REPLY_DEADLINE_S, join())
    return api.entry(joined.state, joined.participant)


@get(
    "/api/sessions/{session_id:str}",
    opt=Documentation(
        "viewSession",
        "See a session",
        "Everything at one moment. Live changes come over the socket.",
        200,
        response=schemas.View,
        failures=(ErrorCode.UNAUTHORIZED, ErrorCode.SESSION_NOT_FOUND, ErrorCode.UNAVAILABLE),
        token=True,
    ).opt(),
)
async def view_session(request: AnyRequest, session_id: FromPath[str], api: InjectedApi) -> Json:
    """`GET /api/sessions/{id}`."""
    claims = api.claims(request, session_id)

    async def view() -> Json:
        state = await api.sessions.member(session_id, claims.participant, api.clock())
        positions = await api.backend.positions(session_id)
        return {
            "offset": state.offset,
            "mark": state.mark,
            "server_time": api.clock(),
            "me": claims.participant,
            "snapshot": snapshot_to_dict(state, claims.participant),
            "positions": [position_to_dict(who, positions[who]) for who in sorted(positions) if _shares(state, who)],
        }

    return await within(REPLY_DEADLINE_S, view())


@get(
    "/api/sessions/{session_id:str}/nearby",
    opt=Documentation(
        "findNearby",
        "Find who is near by",
        "The others within a radius of one's own position, nearest first.",
        200,
        response=schemas.Nearby,
        failures=(
            ErrorCode.INVALID_REQUEST,
            ErrorCode.UNAUTHORIZED,
            ErrorCode.SESSION_NOT_FOUND,
            ErrorCode.UNAVAILABLE,
        ),
        token=True,
        query=(Query("radius_m", 1, MAX_RADIUS_M, "Metres."),),
    ).opt(),
)
async def find_nearby(request: AnyRequest, session_id: FromPath[str], api: InjectedApi) -> Json:
    """`GET /api/sessions/{id}/nearby`."""
    claims = api.claims(request, session_id)
    radius_m = read_radius(request)

    async def find() -> Json:
        state = await api.sessions.member(session_id, claims.participant, api.clock())
        near = await api.backend.nearby(session_id, claims.participant, radius_m)
        return {
            "positions": [
                {**position_to_dict(other.participant, other.position), "distance": other.distance}
                for other in near
                if _shares(state, other.participant)
            ]
        }

    return await within(REPLY_DEADLINE_S, find())


@get(
    "/api/sessions/{session_id:str}/messages",
    opt=Documentation(
        "readMessages",
        "Read messages",
        "The newest messages of the chat before an offset, newest first. The newest 1,000 of a session can be read.",
        200,
        response=schemas.Messages,
        failures=(
            ErrorCode.INVALID_REQUEST,
            ErrorCode.UNAUTHORIZED,
            ErrorCode.SESSION_NOT_FOUND,
            ErrorCode.UNAVAILABLE,
        ),
        token=True,
        query=(
            Query(
                "before",
                1,
                MAX_FIX_TIME,
                "An offset, such as that of the oldest message that is known.",
                required=False,
                whole=True,
            ),
            Query(
                "limit",
                1,
                MAX_MESSAGES,
                f"How many at most; {MESSAGES} where it is left out.",
                required=False,
                whole=True,
            ),
        ),
    ).opt(),
)
async def read_messages(request: AnyRequest, session_id: FromPath[str], api: InjectedApi) -> Json:
    """`GET /api/sessions/{id}/messages`."""
    claims = api.claims(request, session_id)
    before, limit = read_page(request)
    reading = api.sessions.messages(session_id, claims.participant, before, limit, api.clock())
    return {"messages": [event_to_dict(event) for event in await within(REPLY_DEADLINE_S, reading)]}


_FAILURES_OF_FILES = (ErrorCode.UNAUTHORIZED, ErrorCode.SESSION_NOT_FOUND, ErrorCode.UNAVAILABLE)


@get(
    "/api/sessions/{session_id:str}/places.gpx",
    opt=Documentation(
        "readPlacesAsGpx",
        "Read the places as GPX",
        "The places of the session as the waypoints of a GPX 1.1 file; their `type` is the kind.",
        200,
        response=str,
        media_type=GPX_TYPE,
        failures=_FAILURES_OF_FILES,
        token=True,
    ).opt(),
)
async def read_places_as_gpx(request: AnyRequest, session_id: FromPath[str], api: InjectedApi) -> Response[bytes]:
    """`GET /api/sessions/{id}/places.gpx`."""
    state, now = await _member(request, session_id, api), api.clock()
    return _file("places.gpx", gpx(state.session.name, places(state), now).encode(), GPX_TYPE)


@get(
    "/api/sessions/{session_id:str}/places.geojson",
    opt=Documentation(
        "readPlacesAsGeoJson",
        "Read the places as GeoJSON",
        "The places of the session as points of a feature collection (RFC 7946).",
        200,
        response=PlaceCollection,
        media_type=GEOJSON_TYPE,
        failures=_FAILURES_OF_FILES,
        token=True,
    ).opt(),
)
async def read_places_as_geojson(request: AnyRequest, session_id: FromPath[str], api: InjectedApi) -> Response[bytes]:
    """`GET /api/sessions/{id}/places.geojson`."""
    collection = geojson(places(await _member(request, session_id, api)))
    return _file("places.geojson", msgspec.json.encode(encode(collection)), GEOJSON_TYPE)


async def _member(request: AnyRequest, session_id: str, api: Api) -> SessionState:
    claims = api.claims(request, session_id)
    return await within(REPLY_DEADLINE_S, api.sessions.member(session_id, claims.participant, api.clock()))


def _file(name: str, content: bytes, media_type: str) -> Response[bytes]:
    disposition = f'attachment; filename="{name}"'
    return Response(content, headers={"Content-Type": media_type, "Content-Disposition": disposition})


@patch(
    "/api/sessions/{session_id:str}",
    opt=Documentation(
        "changeSession",
        "Rename or extend a session",
        "For its host alone.",
        200,
        request=SetSession,
        response=schemas.Changed,
        failures=(
            ErrorCode.INVALID_REQUEST,
            ErrorCode.UNAUTHORIZED,
            ErrorCode.FORBIDDEN,
            ErrorCode.SESSION_NOT_FOUND,
            ErrorCode.PAYLOAD_TOO_LARGE,
            ErrorCode.UNAVAILABLE,
        ),
        token=True,
    ).opt(),
)
async def change_session(request: AnyRequest, session_id: FromPath[str], api: InjectedApi) -> Json:
    """`PATCH /api/sessions/{id}`."""
    claims = api.claims(request, session_id)
    command = commands.session_settings(await read_body(request))

    async def change() -> Json:
        await api.limits.operation(session_id, claims.participant)
        receipt = await api.backend.submit(session_id, Operation(claims.participant, command))
        return {"session": encode(receipt.state.session)}

    return await within(REPLY_DEADLINE_S, change())


@delete(
    "/api/sessions/{session_id:str}/participants/me",
    opt=Documentation(
        "leaveSession",
        "Leave a session",
        "For good: the position disappears everywhere, and the token opens nothing any more.",
        204,
        failures=(ErrorCode.UNAUTHORIZED, ErrorCode.FORBIDDEN, ErrorCode.SESSION_NOT_FOUND, ErrorCode.UNAVAILABLE),
        token=True,
    ).opt(),
)
async def leave_session(request: AnyRequest, session_id: FromPath[str], api: InjectedApi) -> None:
    """`DELETE /api/sessions/{id}/participants/me`."""
    await _submit(request, session_id, api, Leave())


@delete(
    "/api/sessions/{session_id:str}",
    opt=Documentation(
        "endSession",
        "End a session for everybody",
        "For its host alone. A minute later nothing of it is stored.",
        204,
        failures=(ErrorCode.UNAUTHORIZED, ErrorCode.FORBIDDEN, ErrorCode.SESSION_NOT_FOUND, ErrorCode.UNAVAILABLE),
        token=True,
    ).opt(),
)
async def end_session(request: AnyRequest, session_id: FromPath[str], api: InjectedApi) -> None:
    """`DELETE /api/sessions/{id}`."""
    await _submit(request, session_id, api, EndSession())


async def _submit(request: AnyRequest, session_id: str, api: Api, command: Command) -> None:
    claims = api.claims(request, session_id)
    await within(REPLY_DEADLINE_S, api.backend.submit(session_id, Operation(claims.participant, command)))


def _shares(state: SessionState, participant: int) -> bool:
    person = state.participants.get(participant)
    return person is not None and person.sharing


HANDLERS = [
    create_session,
    preview_session,
    join_session,
    view_session,
    find_nearby,
    read_messages,
    read_places_as_gpx,
    read_places_as_geojson,
    change_session,
    leave_session,
    end_session,
]
"""In the order in which they are documented."""
