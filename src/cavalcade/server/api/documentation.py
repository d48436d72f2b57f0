"""What a call's handler says about itself beyond its code; the OpenAPI document is made from these."""

from dataclasses import dataclass
from typing import Any

from cavalcade.domain.errors import ErrorCode

OPT_KEY = "documentation"


@dataclass(frozen=True, slots=True)
class Query:
    """A number in the query."""

    name: str
    minimum: float
    maximum: float
    description: str
    required: bool = True
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Documentation:
    """One call.

    Attributes:
        operation_id: Its name for generated clients.
        summary: One line.
        description: Markdown.
        status: Of the answer when all went well.
        request: The body, if it takes one.
        request_required: Whether the body must be there.
        response: The answer's body, if it has one; `str` for a text.
        media_type: The type of that body.
        failures: What else it may answer.
        token: Whether it takes a token.
        idempotent_by_key: Whether it takes an `Idempotency-Key`.
        query: What it takes in its query.
        unready: Another answer, by status, which is no problem document.
    """

    operation_id: str
    summary: str
    description: str
    status: int
    request: type | None = None
    request_required: bool = True
    response: type | None = None
    media_type: str = "application/json"
    failures: tuple[ErrorCode, ...] = ()
    token: bool = False
    idempotent_by_key: bool = False
    query: tuple[Query, ...] = ()
    unready: tuple[int, type] | None = None

    def opt(self) -> dict[str, Any]:
        """As a handler takes it: `@post(path, opt=Documentation(...).opt())`."""
        return {OPT_KEY: self}
