"""From untrusted JSON to commands: what calls and operations carry is checked here, for HTTP and sockets alike."""

import hashlib
import json
import re
from dataclasses import dataclass
from typing import Final

from cavalcade.domain.errors import FieldError
from cavalcade.domain.features.membership import Join
from cavalcade.domain.features.settings import SetSession
from cavalcade.domain.fields import Fields, reject
from cavalcade.domain.model import Role
from cavalcade.domain.names import clean_color, clean_name
from cavalcade.domain.operations import Operation
from cavalcade.domain.session import OPERATIONS

MAX_LIFETIME_S: Final = 7 * 86_400
MAX_CODE_LENGTH: Final = 128
_OP_ID = re.compile(r"[\x21-\x7e]{1,64}")
_IDEMPOTENCY_KEY = re.compile(r"[\x21-\x7e]{16,128}")


@dataclass(frozen=True, slots=True)
class Creation:
    """What `POST /api/sessions` asks for; the lifetime's bounds are checked by `session.found`."""

    name: str | None
    lifetime_s: int | None
    host: Join


@dataclass(frozen=True, slots=True)
class Admission:
    """What `POST /api/sessions/{id}/join` asks for; whether the code lets in a member or a viewer is seen later."""

    code: str
    name: str | None
    color: str | None


def creation(data: object) -> Creation:
    """Reads the body of a call that makes a session.

    Raises:
        Rejected: `invalid_request` with every bad field.
    """
    fields = Fields(data)
    name = fields.text("name", clean_name)
    lifetime_s = fields.integer("lifetime_s", 1, MAX_LIFETIME_S)
    host_name = host_color = None
    if (host := fields.nested("host")) is not None:
        host_name, host_color = host.text("name", clean_name), host.text("color", clean_color)
        host.finish()
    fields.finish()
    return Creation(name, lifetime_s, Join(Role.MEMBER, host_name, host_color))


def admission(data: object) -> Admission:
    """Reads the body of a call that joins.

    Raises:
        Rejected: `invalid_request` with every bad field.
    """
    fields = Fields(data)
    code = fields.text("code", _bounded_code, required=True)
    name, color = fields.text("name", clean_name), fields.text("color", clean_color)
    fields.finish()
    return Admission(code or "", name, color)


def preview(data: object) -> str:
    """Reads the body of a call that looks at a session before joining: its code.

    Raises:
        Rejected: `invalid_request` with every bad field.
    """
    fields = Fields(data)
    code = fields.text("code", _bounded_code, required=True)
    fields.finish()
    return code or ""


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
    fields = Fields(data)
    command = SetSession.read(fields)
    fields.finish()
    return command


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


def _bounded_code(text: str) -> str:
    if len(text) > MAX_CODE_LENGTH:
        raise ValueError(f"must have at most {MAX_CODE_LENGTH} characters")
    return text


def _checked_op_id(text: str) -> str:
    if not _OP_ID.fullmatch(text):
        raise ValueError("must be 1 to 64 visible ASCII characters")
    return text
