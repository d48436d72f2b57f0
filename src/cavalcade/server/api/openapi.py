"""The OpenAPI 3.1 document, made from the handlers' own documentation and the dataclasses that they read and answer."""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from litestar.handlers import HTTPRouteHandler

from cavalcade import __version__
from cavalcade.domain.errors import ErrorCode
from cavalcade.server.api import schemas
from cavalcade.server.api.documentation import OPT_KEY, Documentation
from cavalcade.server.http import problems
from cavalcade.wire.schema import Json, Schemas

_PARAMETER: Final = re.compile(r"\{(\w+):str\}")
_DESCRIPTION: Final = (
    "Make a session, let others in by a link, see and change it. Positions and changes come over the socket whose "
    "address `socket` names: Phoenix Channels V2, topic `session:<id>`.\n\n"
    "Times are milliseconds since the epoch unless a name ends in `_s`; lengths are metres, speeds metres a second, "
    "angles degrees, battery percent. A field that is null counts as left out."
)
_RETRY_AFTER: Final = {
    "Retry-After": {"description": "Seconds to wait.", "required": True, "schema": {"type": "integer", "minimum": 1}}
}
_IDEMPOTENCY_KEY: Final = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "Secret and unguessable, such as a UUID: the same call again under it has the same answer.",
    "schema": {"type": "string", "pattern": "^[\\x21-\\x7e]{16,128}$"},
}


def document(handlers: Iterable[HTTPRouteHandler], public_url: str) -> Json:
    """Makes the document.

    Args:
        handlers: The calls, each with its `Documentation`.
        public_url: Where they are.
    """
    calls = [(handler, handler.opt[OPT_KEY]) for handler in handlers if OPT_KEY in handler.opt]
    known = Schemas()
    paths: dict[str, Json] = {}
    for handler, call in calls:
        (path,), (method,) = handler.paths, handler.http_methods
        paths.setdefault(_PARAMETER.sub(r"{\1}", path), {})[str(method).lower()] = _operation(path, call, known)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Cavalcade",
            "version": __version__,
            "description": _DESCRIPTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": public_url}],
        "paths": paths,
        "components": {
            "schemas": known.components,
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "The `token` that creating or joining the session gave.",
                }
            },
        },
    }


def _operation(path: str, call: Documentation, known: Schemas) -> Json:
    operation: Json = {
        "operationId": call.operation_id,
        "summary": call.summary,
        "description": call.description,
        "tags": ["Sessions" if path.startswith("/api/") else "Health"],
        "security": [{"token": []}] if call.token else [],
    }
    if parameters := _parameters(path, call):
        operation["parameters"] = parameters
    if call.request is not None:
        content = {"application/json": {"schema": known.asked(call.request)}}
        operation["requestBody"] = {"required": call.request_required, "content": content}
    operation["responses"] = _responses(call, known)
    return operation


def _parameters(path: str, call: Documentation) -> list[Json]:
    parameters: list[Json] = [
        {
            "name": name,
            "in": "path",
            "required": True,
            "description": "The session's id: the part of the code before the dot.",
            "schema": {"type": "string", "pattern": "^[a-z0-9]{10}$"},
        }
        for name in _PARAMETER.findall(path)
    ]
    parameters += [
        {
            "name": query.name,
            "in": "query",
            "required": query.required,
            "description": query.description,
            "schema": {
                "type": "integer" if query.whole else "number",
                "minimum": query.minimum,
                "maximum": query.maximum,
            },
        }
        for query in call.query
    ]
    if call.idempotent_by_key:
        parameters.append(_IDEMPOTENCY_KEY)
    return parameters


def _responses(call: Documentation, known: Schemas) -> Json:
    good: Json = {"description": "Done."}
    if call.response is not None:
        schema: Json = {"type": "string"} if call.response is str else known.reference(call.response)
        good["content"] = {call.media_type: {"schema": schema}}
    responses: Json = {str(call.status): good}
    if call.unready is not None:
        status, kind = call.unready
        content = {"application/json": {"schema": known.reference(kind)}}
        responses[str(status)] = {"description": "Not now.", "headers": _RETRY_AFTER, "content": content}
    by_status: dict[int, list[problems.Kind]] = {}
    transport = ("unsupported_media_type",) if call.request is not None else ()
    for code in (*call.failures, *transport):
        kind_of_problem = problems.KINDS[code]
        by_status.setdefault(int(kind_of_problem.status), []).append(kind_of_problem)
    for status, kinds in sorted(by_status.items()):
        responses[str(status)] = _problem_response(kinds, known)
    return responses


def _problem_response(kinds: Sequence[problems.Kind], known: Schemas) -> Json:
    response: Json = {
        "description": "; ".join(f"`{kind.code}`: {kind.title}" for kind in kinds) + ".",
        "content": {problems.MEDIA_TYPE: {"schema": known.reference(schemas.Problem)}},
    }
    if any(kind.code in {ErrorCode.TOO_MANY_REQUESTS, ErrorCode.UNAVAILABLE} for kind in kinds):
        response["headers"] = _RETRY_AFTER
    return response
