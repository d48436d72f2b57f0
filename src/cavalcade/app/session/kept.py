"""What the app remembers between runs, as JSON with a version; pure."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Final, TypeGuard, get_args

from cavalcade.app.session.backlog import Backlog
from cavalcade.app.session.emergency import dialled
from cavalcade.client import Membership, Resumption
from cavalcade.domain.names import clean_name
from cavalcade.wire.errors import DecodeError
from cavalcade.wire.links import server_address

VERSION: Final = 1
PREFERENCES: Final = "preferences"
SESSION: Final = "session"
LEAVING: Final = "leaving"
"""The names of the documents; the last is a session that was left, only the server does not know yet."""


@dataclass(frozen=True, slots=True)
class Preferences:
    """What belongs to the person rather than to a session.

    Attributes:
        server: The base address of the server for new sessions; None for the one that the app came with.
        name: One's name on the map; empty for a friendly default.
        appearance: `system`, `light` or `dark`.
        language: One of the languages there are, or None for the device's.
        rides: Positions come from a simulated ride instead of the receiver.
        knows_notification: The reason for Android's permission was read, and the question answered or put aside.
        emergency_number: Whom to call; empty for the number of the region.
        emergency_contact: Whom a text message of distress goes to; empty where nobody was named.
    """

    server: str | None = None
    name: str = ""
    appearance: str = "system"
    language: str | None = None
    rides: bool = False
    knows_notification: bool = False
    emergency_number: str = ""
    emergency_contact: str = ""

    def to_text(self) -> str:
        """As the store keeps it."""
        return json.dumps({"version": VERSION, **asdict(self)})

    @classmethod
    def from_text(cls, text: str) -> "Preferences":
        """Reads what `to_text` made; what cannot be read is as it is by default."""
        try:
            data = _document(text)
        except DecodeError:
            return cls()
        default = cls()
        server, name, appearance = data.get("server"), data.get("name"), data.get("appearance")
        language, rides = data.get("language"), data.get("rides")
        number, contact = data.get("emergency_number"), data.get("emergency_contact")
        return cls(
            server=server_address(server) if isinstance(server, str) else None,
            name=_name(name) if isinstance(name, str) else default.name,
            appearance=appearance if appearance in {"system", "light", "dark"} else default.appearance,
            language=language if isinstance(language, str) else None,
            rides=rides is True,
            knows_notification=data.get("knows_notification") is True,
            emergency_number=dialled(number) if isinstance(number, str) else "",
            emergency_contact=dialled(contact) if isinstance(contact, str) else "",
        )


@dataclass(frozen=True, slots=True)
class KeptSession:
    """A session to come back to as the same participant.

    Attributes:
        membership: Who, where, and the secrets that prove it.
        resumption: The session as last known, and operations without an answer.
        backlog: Fixes that the server does not have.
        is_leaving: Its owner has left; only the server does not know yet.
        read_up_to: The newest event up to which messages were read; None before any was.
        written: When signals that wait were given, ms on the server's clock, by op_id.
    """

    membership: Membership
    resumption: Resumption = field(default_factory=Resumption)
    backlog: Backlog = field(default_factory=Backlog)
    is_leaving: bool = False
    read_up_to: int | None = None
    written: Mapping[str, int] = field(default_factory=dict)

    def to_text(self) -> str:
        """As the store keeps it."""
        return json.dumps(
            {
                "version": VERSION,
                "membership": asdict(self.membership),
                "resumption": self.resumption.to_dict(),
                "backlog": self.backlog.to_list(),
                "is_leaving": self.is_leaving,
                "read_up_to": self.read_up_to,
                "written": dict(self.written),
            },
            separators=(",", ":"),
        )

    @classmethod
    def from_text(cls, text: str) -> "KeptSession":
        """Reads what `to_text` made.

        Raises:
            DecodeError: It is not that, or of another version.
        """
        data = _document(text)
        return cls(
            _membership(data.get("membership")),
            Resumption.from_dict(data.get("resumption")),
            Backlog.from_list(data.get("backlog")),
            data.get("is_leaving") is True,
            read if _is_whole(read := data.get("read_up_to")) else None,
            _times(data.get("written")),
        )


def _name(text: str) -> str:
    """A name from an earlier run; none where servers do not take it, since it would be sent with every new session."""
    try:
        return clean_name(text)
    except ValueError:
        return ""


def _document(text: str) -> dict[str, object]:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DecodeError("it is not JSON") from error
    if not isinstance(data, dict) or data.get("version") != VERSION:
        raise DecodeError(f"it is not a document of version {VERSION}")
    return data


def _is_whole(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _times(data: object) -> Mapping[str, int]:
    """When signals were given; those of which that cannot be read count as given when the app starts."""
    return {key: at for key, at in data.items() if _is_whole(at)} if isinstance(data, dict) else {}


def _membership(data: object) -> Membership:
    if not isinstance(data, dict):
        raise DecodeError("a membership must be an object")
    values: dict[str, str | int | None] = {}
    for one in fields(Membership):
        value = data.get(one.name)
        wanted = get_args(one.type) or (one.type,)
        if type(value) not in wanted:
            raise DecodeError(f"{one.name} of the membership has the wrong type")
        values[one.name] = value
    return Membership(**values)  # type: ignore[arg-type]
