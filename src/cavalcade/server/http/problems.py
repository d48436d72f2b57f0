"""Errors of the HTTP API as RFC 9457 problem documents."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException
from litestar.types import ExceptionHandlersMap

from cavalcade.domain.errors import ErrorCode, FieldError, Rejected
from cavalcade.storage.errors import Unavailable

MEDIA_TYPE: Final = "application/problem+json"
DOCUMENTATION: Final = "/api/docs#"
"""Where each code is explained; what a problem's `type` begins with."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of problem.

    Attributes:
        code: For programs; never changes.
        status: Of the answer.
        title: For people, the same for every problem of the kind.
        meaning: What the contract's table of codes says of it.
    """

    code: str
    status: HTTPStatus
    title: str
    meaning: str


_ALL: Final = (
    Kind(
        ErrorCode.INVALID_REQUEST,
        HTTPStatus.BAD_REQUEST,
        "The request is not valid",
        "a field is wrong, missing or unknown; `errors` says which and what is allowed",
    ),
    Kind(
        ErrorCode.UNAUTHORIZED,
        HTTPStatus.UNAUTHORIZED,
        "The token is missing, not valid, or its participant has left",
        "no valid token for this session, or its participant has left",
    ),
    Kind(
        ErrorCode.FORBIDDEN,
        HTTPStatus.FORBIDDEN,
        "This is not allowed",
        "the role does not allow it, or a page of another site asks for a change",
    ),
    Kind(
        ErrorCode.SESSION_NOT_FOUND,
        HTTPStatus.NOT_FOUND,
        "No such session",
        "unknown, malformed, ended, expired or wrong secret: all alike",
    ),
    Kind(
        ErrorCode.SESSION_FULL,
        HTTPStatus.CONFLICT,
        "The session is full",
        "as many people as it takes are in it",
    ),
    Kind(
        ErrorCode.OP_ID_REUSED,
        HTTPStatus.CONFLICT,
        "The id was used for something else",
        "the id or key was used for something else",
    ),
    Kind(
        ErrorCode.PAYLOAD_TOO_LARGE,
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "The body is too large",
        "more than 64 kB",
    ),
    Kind(
        ErrorCode.TOO_MANY_REQUESTS,
        HTTPStatus.TOO_MANY_REQUESTS,
        "Too much was asked for in a short time",
        "more than a quota allows; try the same again after `Retry-After` seconds",
    ),
    Kind(
        ErrorCode.UNAVAILABLE,
        HTTPStatus.SERVICE_UNAVAILABLE,
        "The service cannot do this right now",
        "try the same again; see `Retry-After`",
    ),
    Kind(
        "not_found",
        HTTPStatus.NOT_FOUND,
        "There is nothing at this address",
        "there is no such call",
    ),
    Kind(
        "method_not_allowed",
        HTTPStatus.METHOD_NOT_ALLOWED,
        "This address does not take this method",
        "`Allow` names the methods that the address takes",
    ),
    Kind(
        "unsupported_media_type",
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        "The body must be sent as JSON",
        "a body must come as `application/json`",
    ),
    Kind(
        "internal_error",
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "Something failed here",
        "the server's own mistake",
    ),
)
KINDS: Final = {str(kind.code): kind for kind in _ALL}
"""Every kind of problem that the API answers with, by code."""

# What HTTP itself refuses, before a call is reached: the code, and what to do about it.
_BEFORE_CALLS: Final = {
    400: ("invalid_request", "The request could not be read."),
    404: ("not_found", "The calls that there are stand at /api/docs."),
    405: ("method_not_allowed", "The header Allow names the methods that it takes."),
    413: ("payload_too_large", "The body may have at most 64 kB."),
    415: ("unsupported_media_type", "The header Content-Type must be application/json."),
}

_log = structlog.get_logger(__name__)

_Answer = Response[dict[str, object]]
_AnyRequest = Request[Any, Any, Any]


def rejection(_: _AnyRequest, rejected: Rejected) -> _Answer:
    """The answer to a request that a rule refused."""
    headers = {"Retry-After": str(rejected.retry_after_s)} if rejected.retry else {}
    if rejected.code is ErrorCode.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    return _problem(rejected.code, rejected.detail, headers, rejected.errors)


def unavailable(request: _AnyRequest, _: Unavailable) -> _Answer:
    """The answer while PostgreSQL is away."""
    return rejection(request, Rejected(ErrorCode.UNAVAILABLE, "The database is away; try again."))


def http_error(request: _AnyRequest, error: HTTPException) -> _Answer:
    """The answer to a request that did not reach a call: unknown path, method, size."""
    known = _BEFORE_CALLS.get(error.status_code)
    if known is None:
        return failure(request, error)
    headers = {name.title(): value for name, value in (error.headers or {}).items() if name.lower() == "allow"}
    return _problem(*known, headers)


def failure(_: _AnyRequest, error: Exception) -> _Answer:
    """The answer to a request that failed here: the operator gets the stack, the caller gets none of it."""
    _log.error("request_failed", exc_info=error)
    return _problem("internal_error", "This is our mistake; it was logged.", {})


EXCEPTION_HANDLERS: Final[ExceptionHandlersMap] = {
    Rejected: rejection,
    Unavailable: unavailable,
    HTTPException: http_error,
    Exception: failure,
}


def document(code: str, detail: str, errors: tuple[FieldError, ...] = ()) -> dict[str, object]:
    """The body of an answer.

    Args:
        code: One of `KINDS`.
        detail: For this case, for people; by default what is said of every problem of the kind.
        errors: Every bad field.
    """
    kind = KINDS[code]
    body: dict[str, object] = {
        "type": DOCUMENTATION + kind.code,
        "title": kind.title,
        "status": int(kind.status),
        "detail": detail or f"{kind.title}.",
        "code": str(kind.code),
    }
    if errors:
        body["errors"] = [{"pointer": error.pointer, "detail": error.detail} for error in errors]
    return body


def _problem(code: str, detail: str, headers: dict[str, str], errors: tuple[FieldError, ...] = ()) -> _Answer:
    body = document(code, detail, errors)
    return Response(body, status_code=int(KINDS[code].status), media_type=MEDIA_TYPE, headers=headers)
