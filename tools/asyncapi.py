"""The AsyncAPI document of the socket: every frame that clients and servers send, with the schema of its payload."""

import json
from typing import Final

from cavalcade.domain.feature import EVERYBODY, Command
from cavalcade.domain.model import Role
from cavalcade.domain.session import CHANGES, OPERATIONS, REPORTS
from cavalcade.wire import forms
from cavalcade.wire.positions import FIX_SIZE, HEADER_SIZE, POSITION_SIZE
from cavalcade.wire.schema import PREFIX, Json, Schemas

_TEXT: Final = {"type": "string"}
_REF: Final = {"anyOf": [_TEXT, {"type": "null"}]}
_TOPIC: Final = {"type": "string", "pattern": "^session:[a-z0-9]{10}$"}
_NOTHING: Final = {"type": "object", "additionalProperties": False}
_OP_ID: Final = {
    "type": "string",
    "pattern": "^[\\x21-\\x7e]{1,64}$",
    "description": "Unique for the session and participant.",
}
_FRAME: Final = (
    "Phoenix Channels V2: a text frame is `[join_ref, ref, topic, event, payload]`. What is told to all has no refs. "
    "Packed forms travel as binary frames of the same protocol; contract.md has their layout."
)


def document() -> str:
    """The document as JSON text."""
    socket = _Socket()
    made = {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Cavalcade's socket",
            "version": "1.0.0",
            "description": f"Live positions and durable changes of one session. {_FRAME} Types of events, operations "
            "and fields that are not here may come with later versions; clients ignore them.",
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {
            "socket": {
                "host": "convoy.example.org",
                "pathname": "/socket/websocket?vsn=2.0.0&session={session}",
                "protocol": "wss",
                "description": "Where `socket` of creating or joining a session says.",
                "variables": {"session": {"description": "The session's id.", "examples": ["k3v9x0m2qa"]}},
                "security": [{"$ref": "#/components/securitySchemes/token"}],
            }
        },
        "channels": {
            "session": {
                "address": "session:{session}",
                "description": "The only topic of a connection.",
                "parameters": {"session": {"description": "The session's id."}},
                "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in sorted(socket.messages)},
            },
        },
        "operations": socket.operations,
        "components": {
            "messages": socket.messages,
            "schemas": socket.schemas.components,
            "securitySchemes": {
                "token": {
                    "type": "httpApiKey",
                    "in": "query",
                    "name": "token",
                    "description": "Of creating or joining; Phoenix clients send it as `authToken`, a subprotocol.",
                }
            },
        },
    }
    return json.dumps(made, indent=1, ensure_ascii=False) + "\n"


class _Socket:
    """Messages and operations, from the server's side: it receives what clients send."""

    def __init__(self) -> None:
        self.schemas = Schemas()
        self.messages: dict[str, Json] = {}
        self.operations: dict[str, Json] = {}
        self._replies()
        self._join()
        self._commands()
        self._positions()
        self._told()
        self._reports()

    def _replies(self) -> None:
        refusal = self._reply("refused", "error", self.schemas.reference(forms.Refusal))
        self._message("refused", "phx_reply", refusal, "It was not done, and why.")
        for name, form in (("joined", forms.JoinReply), ("done", forms.Done)):
            self._message(name, "phx_reply", self._reply(name, "ok", self.schemas.reference(form)), _first(form))
        self._message("left", "phx_reply", self._reply("left", "ok", _NOTHING), "Left the channel, or still here.")

    def _join(self) -> None:
        self._message("join", "phx_join", self.schemas.reference(forms.JoinRequest), "Joins the session's channel.")
        self._receives("join", "joined", "refused")
        self._message("leave_channel", "phx_leave", _NOTHING, "Leaves the channel, not the session.")
        self._receives("leave_channel", "left")
        self._message("heartbeat", "heartbeat", _NOTHING, "Says that the client is there.", topic={"const": "phoenix"})
        self._receives("heartbeat", "left")

    def _commands(self) -> None:
        for name, command in OPERATIONS.items():
            payload = self.schemas.command(command, {"op_id": _OP_ID})
            self._message(_identifier(name), name, payload, _who(command))
            self._receives(_identifier(name), "done", "refused")

    def _positions(self) -> None:
        own = self.schemas.reference(forms.Reading)
        self._message("position", "position", own, "One's own place; it has no reply.")
        self._receives("position")
        self._binary("packed_position", f"One's own place, packed: {FIX_SIZE} bytes in a push of `position`.")
        self._receives("packed_position")
        self._message("positions", "positions", self.schemas.reference(forms.Positions), _first(forms.Positions))
        self._sends("positions")
        size = f"{HEADER_SIZE} + {POSITION_SIZE} n bytes in a broadcast of `positions`"
        self._binary("packed_positions", f"The positions that changed since the last flush, packed: {size}.")
        self._sends("packed_positions")

    def _told(self) -> None:
        for change in CHANGES.values():
            self._message(change.type, "event", self.schemas.event(change), _first(change))
            self._sends(change.type)
        present = {"type": "object", "additionalProperties": self.schemas.reference(forms.Presence)}
        self._message("presence_state", "presence_state", present, "Who is connected, keyed by the participant's id.")
        diff = self.schemas.reference(forms.PresenceDiff)
        self._message("presence_diff", "presence_diff", diff, _first(forms.PresenceDiff))
        self._message("closed", "phx_close", _NOTHING, "The channel is closed for good.")
        self._message("failed", "phx_error", _NOTHING, "The channel failed: join again.")
        for name in ("presence_state", "presence_diff", "closed", "failed"):
            self._sends(name)

    def _reports(self) -> None:
        who = {"participant": {"type": "integer", "minimum": 1}}
        for report in REPORTS.values():
            pushed = self.schemas.command(report)
            self._message(_identifier(report.operation), report.operation, pushed, f"Not stored: {report.meaning}.")
            self._receives(_identifier(report.operation), "left", "refused")
            told = self.schemas.command(report, who)
            by_key = {"type": "object", "additionalProperties": {"anyOf": [told, {"type": "null"}]}}
            self._message(report.event, report.event, by_key, f"{_first(report)} By participant; null withdraws.")
            self._sends(report.event)

    def _reply(self, name: str, status: str, response: Json) -> Json:
        self.schemas.components[f"{name.capitalize()}Reply"] = {
            "type": "object",
            "properties": {"status": {"const": status}, "response": response},
            "required": ["status", "response"],
            "additionalProperties": False,
        }
        return {"$ref": f"{PREFIX}{name.capitalize()}Reply"}

    def _message(self, name: str, event: str, payload: Json, summary: str, topic: Json = _TOPIC) -> None:
        frame = [_REF, _REF, topic, {"const": event}, payload]
        schema = {"type": "array", "prefixItems": frame, "minItems": len(frame), "maxItems": len(frame)}
        self.messages[name] = {"name": event, "summary": summary, "payload": schema}

    def _binary(self, name: str, summary: str) -> None:
        self.messages[name] = {"name": name, "summary": summary, "contentType": "application/octet-stream"}

    def _receives(self, name: str, *replies: str) -> None:
        operation = {"action": "receive", "channel": _CHANNEL, "messages": [_message(name)]}
        if replies:
            operation["reply"] = {"channel": _CHANNEL, "messages": [_message(each) for each in replies]}
        self.operations[f"receive_{name}"] = operation

    def _sends(self, name: str) -> None:
        self.operations[f"send_{name}"] = {"action": "send", "channel": _CHANNEL, "messages": [_message(name)]}


_CHANNEL: Final = {"$ref": "#/channels/session"}


def _message(name: str) -> Json:
    return {"$ref": f"#/channels/session/messages/{name}"}


def _identifier(operation: str) -> str:
    return operation.replace(":", "_")  # names in a document may hold no colon


def _first(kind: type) -> str:
    return (kind.__doc__ or "").split("\n")[0]


def _who(command: type[Command]) -> str:
    roles = "everybody" if command.roles == EVERYBODY else ", ".join(r.value for r in Role if r in command.roles)
    return f"{_first(command)} For {roles}."
