"""From untrusted JSON to commands: what calls and operations carry is checked here, for HTTP and sockets alike."""

import hashlib
import json
import re
from dataclasses import dataclass, field
from typing import Annotated, Final

from cavalcade.domain.errors import FieldError
from cavalcade.domain.features.membership import Join
from cavalcade.domain.features.settings import SetSession
from cavalcade.domain.fields import Fields, Made, Nested, Text, Whole, reject
from cavalcade.domain.names import COLOR, NAME
from cavalcade.domain.operations import Operation
from cavalcade.domain.session import OPERATIONS

MAX_LIFETIME_S: Final = 7 * 86_400
MAX_CODE_LENGTH: Final = 128
_OP_ID = re.compile(r"[\x21-\x7e]{1,64}")
_IDEMPOTENCY_KEY = re.compile(r"[\x21-\x7e]{16,128}")


def _bounded_code(text: str) -> str:
    if len(text) > MAX_CODE_LENGTH:
        raise ValueError(f"must have at most {MAX_CODE_LENGTH} characters")
    return text


CODE: Final = Text(_bounded_code, longest=MAX_CODE_LENGTH, example="k3v9x0m2qa.Zk1vT0b8Qd2mXyW4nRc7Lg")
"""How a link's code is read from outside."""


@dataclass(frozen=True, slots=True)
class Creation:
    """What a new session is to be like; everything may be left out.

    Attributes:
        name: A friendly default where it is left out or blank.
        lifetime_s: Seconds until it expires; `session.found` checks the operator's bounds.
        host: How its host appears.
    """

    name: Annotated[str | None, NAME] = None
    lifetime_s: Annotated[int | None, Whole(1, MAX_LIFETIME_S, example=28_800)] = None
    host: Annotated[Join, Nested(Join)] = field(default_factory=Join)


@dataclass(frozen=True, slots=True)
class Admission:
    """The code that lets in, as a member or as a viewer, and how to appear.

    Attributes:
        code: What stands behind `#` in the link, up to an `&`. Secret.
        name: A friendly default where it is left out or blank.
        color: One from a palette where it is left out.
    """

    code: Annotated[str, CODE]
    name: Annotated[str | None, NAME] = None
    color: Annotated[str | None, COLOR] = None


@dataclass(frozen=True, slots=True)
class Look:
    """The code of the session to look at before joining it.

    Attributes:
        code: What stands behind `#` in the link, up to an `&`. Secret.
    """

    code: Annotated[str, CODE]


def creation(data: object) -> Creation:
    """Reads the body of a call that makes a session.

    Raises:
        Rejected: `invalid_request` with every bad field.
    """
    return _read(Creation, data)


def admission(data: object) -> Admission:
    """Reads the body of a call that joins.

    Raises:
        Rejected: `invalid_request` with every bad field.
    """
    return _read(Admission, data)


def preview(data: object) -> str:
    """Reads the body of a call that looks at a session before joining: its code.

    Raises:
        Rejected: `invalid_request` with every bad field.
    """
    return _read(Look, data).code


def idempotency_key(value: str | None) -> str | None:
    """Checks the header `Idempotency-Key`; None where there is none.

    Raises:
        Rejected: `invalid_request` where it is not 16 to 128 visible ASCII characters; shorter ones could be guessed.
    """
    if value is not None and not _IDEMPOTENCY_KEY.fullmatch(value):
        reject(FieldError("", "the header Idempotency-Key must be 16 to 128 visible ASCII characters"))
    return value


def operation(name: str, by: int, data: object) -> Operation:
    """Reads an operation as it came over a socket.

    Args:
        name: Its event name, such as `profile:set`; one of `OPERATIONS`.
        by: Who sent it.
        data: Its payload, with `op_id`.

    Raises:
        Rejected: `invalid_request` with every bad field.
    """
    fields = Fields(data)
    op_id = fields.text("op_id", _checked_op_id, required=True)
    command = OPERATIONS[name].read(fields)
    fields.finish()
    return Operation(by, command, op_id, digest(name, data))


def session_settings(data: object) -> SetSession:
    """Reads the body of `PATCH /api/sessions/{id}`.

    Raises:
        Rejected: `invalid_request` with every bad field.
    """
    return _read(SetSession, data)


def digest(name: str, data: object) -> str:
    """A fingerprint of a request's content, the same for the same JSON whatever the order of its fields.

    Raises:
        Rejected: `invalid_request` where arrays and objects lie too deep within each other.
    """
    try:
        canonical = json.dumps([name, data], sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    except RecursionError:
        reject(FieldError("", "is nested too deeply"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def _read(made: type[Made], data: object) -> Made:
    fields = Fields(data)
    built = fields.build(made)
    fields.finish()
    return built


def _checked_op_id(text: str) -> str:
    if not _OP_ID.fullmatch(text):
        raise ValueError("must be 1 to 64 visible ASCII characters")
    return text
