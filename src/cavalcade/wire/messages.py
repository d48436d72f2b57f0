"""Sessions, participants, events and snapshots as the contract's JSON, and back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from cavalcade.domain.audience import readable
from cavalcade.domain.errors import ErrorCode, Rejected
from cavalcade.domain.events import ContentLeftOut, Event, UnknownChange
from cavalcade.domain.feature import Change
from cavalcade.domain.fields import Fields
from cavalcade.domain.fix import MAX_FIX_TIME
from cavalcade.domain.model import SessionState
from cavalcade.domain.session import CHANGES
from cavalcade.wire.codec import decode, encode
from cavalcade.wire.errors import DecodeError
from cavalcade.wire.forms import Snapshot

Mode = Literal["json", "binary"]


MAX_MARK_LENGTH: Final = 64


@dataclass(frozen=True, slots=True)
class Since:
    """Up to where a client knows a session.

    Attributes:
        offset: The newest event that it has.
        mark: That event's mark; None where it knows none, and any history will do.
    """

    offset: int
    mark: str | None = None


@dataclass(frozen=True, slots=True)
class JoinParameters:
    """What `phx_join` asks for.

    Attributes:
        since: The newest event that the client has, or None for a snapshot.
        mode: How it wants its positions.
    """

    since: "Since | None"
    mode: Mode


def read_join(payload: object) -> JoinParameters:
    """Reads the parameters of a join; unknown ones are ignored, so that newer clients can join older servers.

    Raises:
        Rejected: `invalid_request` with every bad field.
    """
    known = (
        {k: v for k, v in payload.items() if k in {"offset", "mark", "mode"}} if isinstance(payload, dict) else payload
    )
    fields = Fields(known)
    offset = fields.integer("offset", 0, MAX_FIX_TIME)
    mark = fields.text("mark", _bounded_mark)
    mode = fields.choice("mode", ("json", "binary"))
    fields.finish()
    since = None if offset is None else Since(offset, mark)
    return JoinParameters(since, "binary" if mode == "binary" else "json")


def snapshot_to_dict(state: SessionState, reader: int | None = None) -> dict[str, object]:
    """`{session, participants, features?}`, participants by id.

    Args:
        state: The session.
        reader: The participant who gets it, and only what they may read; None for all that there is.
    """
    people = tuple(state.participants[key] for key in sorted(state.participants))
    features = state.features
    if reader is not None:
        people = tuple(replace(person, features=readable(person.features, reader, state)) for person in people)
        features = readable(features, reader, state)
    return encode(Snapshot(state.session, people, features))


def event_to_dict(event: Event) -> dict[str, object]:
    """`{offset, at, by, op_id, type, data, mark, audience?, scrubs?}`; `data` is null where it was left out."""
    written: dict[str, object] = {
        "offset": event.offset,
        "at": event.at,
        "by": event.by,
        "op_id": event.op_id,
        "type": event.change.type,
        "data": _content(event.change),
        "mark": event.mark,
    }
    if event.audience is not None:
        written["audience"] = event.audience
    if event.scrubs:
        written["scrubs"] = list(event.scrubs)
    return written


def _content(change: Change) -> object:
    """The `data` of an event; of a type that this version does not know, what it came with."""
    if isinstance(change, ContentLeftOut):
        return None
    return change.data if isinstance(change, UnknownChange) else encode(change)


def _change(kind: str, content: object) -> Change:
    if content is None:
        return ContentLeftOut(kind)
    known = CHANGES.get(kind)
    return UnknownChange(kind, content) if known is None else decode(known, content)


def state_from_snapshot(offset: int, snapshot: object, mark: object = None) -> SessionState:
    """Reads a snapshot into a state that events from `offset` + 1 on can be folded into.

    Raises:
        DecodeError: Where a field is missing or of the wrong type.
    """
    known = decode(Snapshot, snapshot)
    participants = {person.id: person for person in known.participants}
    return SessionState(
        known.session,
        participants,
        offset=offset,
        next_participant=max(participants, default=0) + 1,
        mark=_text_or_none(mark, "mark"),
        features=known.features,
    )


def event_from_dict(data: object) -> Event:
    """Reads an event; a type that this version does not know becomes `UnknownChange`, no data `ContentLeftOut`.

    Raises:
        DecodeError: Where a field is missing or of the wrong type.
    """
    fields = _mapping(data)
    by = fields.get("by")
    if by is not None and (not isinstance(by, int) or isinstance(by, bool)):
        raise DecodeError("by must be a participant's id or null")
    change = _change(_text(fields, "type"), fields.get("data"))
    op_id, mark = _text_or_none(fields.get("op_id"), "op_id"), _text_or_none(fields.get("mark"), "mark")
    audience, scrubs = _text_or_none(fields.get("audience"), "audience"), _offsets(fields.get("scrubs"))
    return Event(_integer(fields, "offset"), _integer(fields, "at"), by, op_id, change, mark, audience, scrubs)


def events_from_list(data: object) -> Sequence[Event]:
    """Reads the `events` of a join's reply.

    Raises:
        DecodeError: Where it is not a list of events.
    """
    if not isinstance(data, list):
        raise DecodeError("events must be an array")
    return [event_from_dict(item) for item in data]


def rejection_to_dict(rejected: Rejected) -> dict[str, object]:
    """The response of an error reply: `{reason, retry, retry_after_s?, same?, detail?, errors?}`."""
    response: dict[str, object] = {"reason": rejected.code.value, "retry": rejected.retry}
    if rejected.code is ErrorCode.TOO_MANY_REQUESTS:
        response["retry_after_s"] = rejected.retry_after_s
        if rejected.same is not None:
            response["same"] = list(rejected.same)
    if rejected.detail:
        response["detail"] = rejected.detail
    if rejected.errors:
        response["errors"] = [{"pointer": error.pointer, "detail": error.detail} for error in rejected.errors]
    return response


def _bounded_mark(text: str) -> str:
    if len(text) > MAX_MARK_LENGTH:
        raise ValueError(f"must have at most {MAX_MARK_LENGTH} characters")
    return text


def _offsets(value: object) -> tuple[int, ...]:
    if value is None:
        return ()
    if not isinstance(value, list) or not all(type(one) is int for one in value):
        raise DecodeError("scrubs must be an array of whole numbers")
    return tuple(value)


def _text_or_none(value: object, name: str) -> str | None:
    if value is not None and not isinstance(value, str):
        raise DecodeError(f"{name} must be a string or null")
    return value


def _mapping(data: object) -> Mapping[str, object]:
    if not isinstance(data, dict):
        raise DecodeError("an object was expected")
    return data


def _text(data: Mapping[str, object], name: str) -> str:
    value = data.get(name)
    if not isinstance(value, str):
        raise DecodeError(f"{name} must be a string")
    return value


def _integer(data: Mapping[str, object], name: str) -> int:
    value = data.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        raise DecodeError(f"{name} must be a whole number")
    return value
