"""Reading what a call brings: body, query and token, each refused in full sentences."""

import re
from typing import Any, Final

import msgspec
from litestar import Request
from litestar.exceptions import HTTPException, InternalServerException

from cavalcade.domain.errors import ErrorCode, FieldError, Rejected
from cavalcade.domain.fields import Fields, reject
from cavalcade.domain.fix import MAX_FIX_TIME

MAX_BODY: Final = 65_536
"""The largest body that is read, bytes."""

MAX_RADIUS_M: Final = 50_000
MAX_MESSAGES: Final = 100
"""How many messages one call gives at most."""

MESSAGES: Final = 50
"""How many it gives where that is not said."""

_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,15}(\.[0-9]{1,15})?")

AnyRequest = Request[Any, Any, Any]


async def read_body(request: AnyRequest, *, required: bool = True) -> object:
    """Reads the JSON of a request; what is in it is for `domain.commands` to judge.

    Args:
        request: The call.
        required: Whether a body must be there; without one the answer is an empty object.

    Raises:
        Rejected: `invalid_request` where it is no JSON.
        HTTPException: 415 for another media type; 413 for a body that is too large; 400 for one whose sender hung up.
    """
    try:
        body = await request.body()
    except InternalServerException as error:
        # Litestar counts a peer that hangs up among its own mistakes. This answer reaches nobody but the metrics.
        raise HTTPException(status_code=400) from error
    if not body and not required:
        return {}
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise HTTPException(status_code=415)
    try:
        return msgspec.json.decode(body)
    except (ValueError, RecursionError) as error:
        raise Rejected(ErrorCode.INVALID_REQUEST, "The body must be valid JSON in UTF-8.") from error


def read_radius(request: AnyRequest) -> float:
    """Reads `?radius_m=`.

    Raises:
        Rejected: `invalid_request` with every bad parameter.
    """
    fields = _query(request)
    radius_m = fields.number("radius_m", 1, MAX_RADIUS_M, required=True)
    fields.finish()
    assert radius_m is not None  # finish has raised otherwise
    return radius_m


def read_page(request: AnyRequest) -> tuple[int, int]:
    """Reads `?before=&limit=`: the offset that messages must come before, and how many at most.

    Raises:
        Rejected: `invalid_request` with every bad parameter.
    """
    fields = _query(request)
    before, limit = fields.integer("before", 1, MAX_FIX_TIME), fields.integer("limit", 1, MAX_MESSAGES)
    fields.finish()
    return MAX_FIX_TIME if before is None else before, MESSAGES if limit is None else limit


def _query(request: AnyRequest) -> Fields:
    """The parameters, those that are numbers as such.

    Raises:
        Rejected: `invalid_request` where one is given twice.
    """
    data: dict[str, object] = {}
    for name, value in request.query_params.multi_items():
        if name in data:
            reject(FieldError(f"/{name[:64]}", "must be given once"))
        data[name] = float(value) if _NUMBER.fullmatch(value) else value
    return Fields(data)


def bearer_token(request: AnyRequest) -> str | None:
    """The token in the header `Authorization`, unchecked; None where there is none."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token else None
