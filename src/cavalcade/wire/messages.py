"""Sessions, participants, events and snapshots as the contract's JSON, and back."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from cavalcade.domain.errors import Rejected
from cavalcade.domain.events import (
    Change,
    Event,
    HostChanged,
    ParticipantJoined,
    ParticipantLeft,
    ProfileChanged,
    SessionChanged,
    SessionEnded,
    SharingChanged,
    TimeAsked,
    UnknownChange,
)
from cavalcade.domain.fields import Fields
from cavalcade.domain.fix import MAX_FIX_TIME
from cavalcade.domain.model import Participant, Role, Session, SessionState
from cavalcade.wire.errors import DecodeError

Mode = Literal["json", "binary"]


@dataclass(frozen=True, slots=True)
class JoinParameters:
    """What `phx_join` asks for.

    Attributes:
        offset: The newest event that the client has, or None for a snapshot.
        mode: How it wants its positions.
    """

    offset: int | None
    mode: Mode


def read_join(payload: object) -> JoinParameters:
    """Reads the parameters of a join; unknown ones are ignored, so that newer clients can join older servers.

    Raises:
        Rejected: `invalid_request` with every bad field.
    """
    known = {k: v for k, v in payload.items() if k in {"offset", "mode"}} if isinstance(payload, dict) else payload
    fields = Fields(known)
    offset = fields.integer("offset", 0, MAX_FIX_TIME)
    mode = fields.choice("mode", ("json", "binary"))
    fields.finish()
    return JoinParameters(offset, "binary" if mode == "binary" else "json")


def session_to_dict(session: Session) -> dict[str, object]:
    """`{id, name, created_at, expires_at, time_asked_by}`."""
    return {
        "id": session.id,
        "name": session.name,
        "created_at": session.created_at,
        "expires_at": session.expires_at,
        "time_asked_by": session.time_asked_by,
    }


def participant_to_dict(participant: Participant) -> dict[str, object]:
    """`{id, name, initials, color, role, sharing, joined_at}`."""
    return {
        "id": participant.id,
        "name": participant.name,
        "initials": participant.initials,
        "color": participant.color,
        "role": participant.role.value,
        "sharing": participant.sharing,
        "joined_at": participant.joined_at,
    }


def snapshot_to_dict(state: SessionState) -> dict[str, object]:
    """`{session, participants}`, participants by id."""
    people = [state.participants[key] for key in sorted(state.participants)]
    return {
        "session": session_to_dict(state.session),
        "participants": [participant_to_dict(person) for person in people],
    }


def event_to_dict(event: Event) -> dict[str, object]:
    """`{offset, at, by, op_id, type, data}`."""
    return {
        "offset": event.offset,
        "at": event.at,
        "by": event.by,
        "op_id": event.op_id,
        "type": event.change.type,
        "data": change_to_dict(event.change),
    }


def change_to_dict(change: Change) -> dict[str, object]:
    """The `data` of an event."""
    match change:
        case ParticipantJoined(participant=joined):
            return {"participant": participant_to_dict(joined)}
        case ParticipantLeft(participant=who, reason=reason):
            return {"participant": who, "reason": reason}
        case ProfileChanged(participant=who, name=name, initials=initials, color=color):
            return {"participant": who, "name": name, "initials": initials, "color": color}
        case SharingChanged(participant=who, on=on):
            return {"participant": who, "on": on}
        case HostChanged(participant=who) | TimeAsked(participant=who):
            return {"participant": who}
        case SessionChanged(session=session):
            return {"session": session_to_dict(session)}
        case SessionEnded(reason=reason):
            return {"reason": reason}
        case UnknownChange():
            return {}


def session_from_dict(data: object) -> Session:
    """Reads a session.

    Raises:
        DecodeError: Where a field is missing or of the wrong type.
    """
    fields = _mapping(data)
    return Session(
        _text(fields, "id"),
        _text(fields, "name"),
        _integer(fields, "created_at"),
        _integer(fields, "expires_at"),
        # Servers that know nothing of asking leave it out.
        None if fields.get("time_asked_by") is None else _integer(fields, "time_asked_by"),
    )


def participant_from_dict(data: object) -> Participant:
    """Reads a participant.

    Raises:
        DecodeError: Where a field is missing or of the wrong type.
    """
    fields = _mapping(data)
    try:
        role = Role(_text(fields, "role"))
    except ValueError as error:
        raise DecodeError("role must be host, member or viewer") from error
    return Participant(
        id=_integer(fields, "id"),
        name=_text(fields, "name"),
        initials=_text(fields, "initials"),
        color=_text(fields, "color"),
        role=role,
        sharing=_boolean(fields, "sharing"),
        joined_at=_integer(fields, "joined_at"),
    )


def state_from_snapshot(offset: int, snapshot: object) -> SessionState:
    """Reads a snapshot into a state that events from `offset` + 1 on can be folded into.

    Raises:
        DecodeError: Where a field is missing or of the wrong type.
    """
    fields = _mapping(snapshot)
    people = fields.get("participants")
    if not isinstance(people, list):
        raise DecodeError("participants must be an array")
    participants = {person.id: person for person in map(participant_from_dict, people)}
    return SessionState(
        session_from_dict(fields.get("session")),
        participants,
        offset=offset,
        next_participant=max(participants, default=0) + 1,
    )


def event_from_dict(data: object) -> Event:
    """Reads an event; a type that this version does not know becomes `UnknownChange`.

    Raises:
        DecodeError: Where a field is missing or of the wrong type.
    """
    fields = _mapping(data)
    by, op_id = fields.get("by"), fields.get("op_id")
    if by is not None and (not isinstance(by, int) or isinstance(by, bool)):
        raise DecodeError("by must be a participant's id or null")
    if op_id is not None and not isinstance(op_id, str):
        raise DecodeError("op_id must be a string or null")
    kind = _text(fields, "type")
    read = _CHANGES.get(kind)
    change = UnknownChange(kind) if read is None else read(_mapping(fields.get("data")))
    return Event(_integer(fields, "offset"), _integer(fields, "at"), by, op_id, change)


def events_from_list(data: object) -> Sequence[Event]:
    """Reads the `events` of a join's reply.

    Raises:
        DecodeError: Where it is not a list of events.
    """
    if not isinstance(data, list):
        raise DecodeError("events must be an array")
    return [event_from_dict(item) for item in data]


def rejection_to_dict(rejected: Rejected) -> dict[str, object]:
    """The response of an error reply: `{reason, retry, errors?}`."""
    response: dict[str, object] = {"reason": rejected.code.value, "retry": rejected.retry}
    if rejected.detail:
        response["detail"] = rejected.detail
    if rejected.errors:
        response["errors"] = [{"pointer": error.pointer, "detail": error.detail} for error in rejected.errors]
    return response


_CHANGES: Final[dict[str, Callable[[Mapping[str, object]], Change]]] = {
    ParticipantJoined.type: lambda data: ParticipantJoined(participant_from_dict(data.get("participant"))),
    ParticipantLeft.type: lambda data: ParticipantLeft(_integer(data, "participant"), _text(data, "reason")),
    ProfileChanged.type: lambda data: ProfileChanged(
        _integer(data, "participant"), _text(data, "name"), _text(data, "initials"), _text(data, "color")
    ),
    SharingChanged.type: lambda data: SharingChanged(_integer(data, "participant"), _boolean(data, "on")),
    HostChanged.type: lambda data: HostChanged(_integer(data, "participant")),
    SessionChanged.type: lambda data: SessionChanged(session_from_dict(data.get("session"))),
    TimeAsked.type: lambda data: TimeAsked(_integer(data, "participant")),
    SessionEnded.type: lambda data: SessionEnded(_text(data, "reason")),
}


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


def _boolean(data: Mapping[str, object], name: str) -> bool:
    value = data.get(name)
    if not isinstance(value, bool):
        raise DecodeError(f"{name} must be true or false")
    return value
