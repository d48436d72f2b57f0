"""From untrusted JSON to wishes: each field of each call and operation is checked here, for HTTP and sockets alike."""

import hashlib
import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from cavalcade.domain.errors import FieldError
from cavalcade.domain.fields import Fields, reject
from cavalcade.domain.fix import MAX_FIX_TIME, Fix
from cavalcade.domain.model import Role
from cavalcade.domain.names import clean_color, clean_name
from cavalcade.domain.operations import (
    AskTime,
    ClaimHost,
    EndSession,
    Join,
    Leave,
    Operation,
    SendFixes,
    SetProfile,
    SetSession,
    SetSharing,
    Wish,
)

MAX_FIXES: Final = 500
MAX_EXTEND_S: Final = 30 * 86_400
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
    wish = _READERS[name](fields)
    fields.finish()
    return Operation(by, wish, op_id, digest(name, data))


def session_settings(data: object) -> SetSession:
    """Reads the body of `PATCH /api/sessions/{id}`.

    Raises:
        Rejected: `invalid_request` with every bad field.
    """
    fields = Fields(data)
    wish = _session(fields)
    fields.finish()
    return wish


def fix(data: object) -> Fix | None:
    """Reads one fix leniently: a bad optional field is unknown, unknown fields are ignored.

    Returns:
        The fix, or None where latitude and longitude are not both finite numbers in range.
    """
    if not isinstance(data, dict):
        return None
    lat, lon = _finite(data, "lat"), _finite(data, "lon")
    if lat is None or lon is None or not (-90 <= lat <= 90 and -180 <= lon <= 180):
        return None
    fix_time, battery = _finite(data, "fix_time"), _finite(data, "battery")
    return Fix(
        lat=lat,
        lon=lon,
        fix_time=None if fix_time is None or not 0 <= fix_time <= MAX_FIX_TIME else int(fix_time),
        accuracy=_finite(data, "accuracy"),
        heading=_finite(data, "heading"),
        speed=_finite(data, "speed"),
        altitude=_finite(data, "altitude"),
        battery=None if battery is None or not 0 <= battery <= 100 else round(battery),
    )


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


def _finite(data: Mapping[str, object], name: str) -> float | None:
    value = data.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if isinstance(value, int) and abs(value) > MAX_FIX_TIME:
        return None
    return value if math.isfinite(value) else None


def _bounded_code(text: str) -> str:
    if len(text) > MAX_CODE_LENGTH:
        raise ValueError(f"must have at most {MAX_CODE_LENGTH} characters")
    return text


def _checked_op_id(text: str) -> str:
    if not _OP_ID.fullmatch(text):
        raise ValueError("must be 1 to 64 visible ASCII characters")
    return text


def _profile(fields: Fields) -> SetProfile:
    return SetProfile(fields.text("name", clean_name), fields.text("color", clean_color))


def _sharing(fields: Fields) -> SetSharing:
    return SetSharing(on=bool(fields.boolean("on", required=True)))


def _session(fields: Fields) -> SetSession:
    return SetSession(fields.text("name", clean_name), fields.integer("extend_s", 1, MAX_EXTEND_S))


def _fixes(fields: Fields) -> SendFixes:
    readings = (fix(item) for item in fields.sequence("fixes", MAX_FIXES))
    return SendFixes(tuple(reading for reading in readings if reading is not None))


_READERS: Final[dict[str, Callable[[Fields], Wish]]] = {
    "leave": lambda _: Leave(),
    "profile:set": _profile,
    "sharing:set": _sharing,
    "host:claim": lambda _: ClaimHost(),
    "session:set": _session,
    "time:ask": lambda _: AskTime(),
    "session:end": lambda _: EndSession(),
    "fixes:send": _fixes,
}

OPERATIONS: Final = frozenset(_READERS)
"""The event names of operations on the socket."""
