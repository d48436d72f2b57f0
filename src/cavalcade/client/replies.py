"""Reading what the server says: the answer to a join, positions, and refusals of any kind."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from cavalcade.client.errors import ProtocolError
from cavalcade.domain.errors import ErrorCode, FieldError, Rejected
from cavalcade.domain.events import Event
from cavalcade.domain.fix import Position
from cavalcade.domain.model import SessionState
from cavalcade.wire.errors import DecodeError
from cavalcade.wire.messages import events_from_list, state_from_snapshot
from cavalcade.wire.positions import positions_from_list, unpack_positions

LONGEST_WAIT_S: Final = 3600
"""A wait that is longer is not believed."""


@dataclass(frozen=True, slots=True)
class JoinReply:
    """The ok answer to a join.

    Attributes:
        offset: The session's newest event.
        server_time: The server's clock, ms since the epoch.
        me: One's own participant id.
        positions: The newest of everybody who shares.
        state: The session, where the answer is a snapshot; else None.
        events: Those that were missed, where it is not.
    """

    offset: int
    server_time: int
    me: int
    positions: Sequence[tuple[int, Position]]
    state: SessionState | None
    events: Sequence[Event]


def read_join_reply(response: object) -> JoinReply:
    """Reads the answer to a join (or to `GET /api/sessions/{id}`, which has the same form).

    Raises:
        ProtocolError: It has not the form that this client knows.
    """
    if not isinstance(response, dict):
        raise ProtocolError("the answer to a join must be an object")
    offset, server_time, me = (response.get(name) for name in ("offset", "server_time", "me"))
    if not (isinstance(offset, int) and isinstance(server_time, int) and isinstance(me, int)):
        raise ProtocolError("the answer to a join must have offset, server_time and me as whole numbers")
    try:
        positions = positions_from_list(response.get("positions"))
        if "snapshot" in response:
            return JoinReply(
                offset,
                server_time,
                me,
                positions,
                state_from_snapshot(offset, response["snapshot"], response.get("mark")),
                events=(),
            )
        if "events" in response:
            return JoinReply(offset, server_time, me, positions, None, events_from_list(response["events"]))
    except DecodeError as error:
        raise ProtocolError(f"the answer to a join cannot be read: {error}") from error
    raise ProtocolError("the answer to a join must have a snapshot or events")


def read_positions(payload: object) -> tuple[int, Sequence[tuple[int, Position]]]:
    """Reads a broadcast of positions, packed or JSON.

    Returns:
        The server's clock, ms since the epoch, and (participant, position) pairs.

    Raises:
        DecodeError: It is neither.
    """
    if isinstance(payload, bytes):
        return unpack_positions(payload)
    fields = payload if isinstance(payload, dict) else {}
    server_time = fields.get("server_time")
    if not isinstance(server_time, int):
        raise DecodeError("positions must have the server_time")
    return server_time, positions_from_list(fields.get("positions"))


def read_rejection(response: object) -> Rejected:
    """Reads the `{reason, retry, detail?, errors?}` of an error reply.

    Raises:
        ProtocolError: It is not a refusal that this client knows.
    """
    fields = response if isinstance(response, Mapping) else {}
    return rejected(fields.get("reason"), fields)


def asked_to_wait_ms(response: Mapping[str, object]) -> int:
    """How long the server asks to wait before the same is tried again; 0 where it does not say."""
    seconds = response.get("retry_after_s")
    return seconds * 1000 if isinstance(seconds, int) and 0 < seconds <= LONGEST_WAIT_S else 0


def retry_after_s(headers: Mapping[str, str]) -> int:
    """The seconds of the header `Retry-After`; 0 where there is none that can be believed."""
    value = headers.get("Retry-After", "")
    return int(value) if value.isascii() and value.isdigit() and int(value) <= LONGEST_WAIT_S else 0


def rejected(code: object, fields: Mapping[object, object], retry_after_s: int = 1) -> Rejected:
    """The refusal with this code, and the `detail` and `errors` that came with it.

    Raises:
        ProtocolError: The code is none of the contract's.
    """
    try:
        known = ErrorCode(str(code))
    except ValueError as error:
        raise ProtocolError("the server refused with a code that this client does not know") from error
    errors = fields.get("errors")
    detail = fields.get("detail")
    return Rejected(
        known,
        detail if isinstance(detail, str) else "",
        errors=tuple(_field_errors(errors if isinstance(errors, list) else [])),
        retry_after_s=retry_after_s,
    )


def _field_errors(errors: Sequence[object]) -> Sequence[FieldError]:
    return [
        FieldError(str(error.get("pointer", "")), str(error.get("detail", "")))
        for error in errors
        if isinstance(error, Mapping)
    ]
