"""The AsyncAPI document says what goes over the socket: frames of a session in which all happens are held to it."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import jsonschema_rs
import pytest

from cavalcade.domain.session import CHANGES, FEATURES, FINISHING, OPERATIONS
from cavalcade.wire.frame import Message
from tests.scenarios.people import Group
from tests.scenarios.raw_socket import RawSocket, open_socket

DOCUMENT: Final[dict[str, Any]] = json.loads(
    (Path(__file__).parents[2] / "docs" / "asyncapi.json").read_text(encoding="utf-8")
)
MESSAGES: Final = DOCUMENT["components"]["messages"]
NOT_HERE: Final = {"failed", "heartbeat", "leave_channel", "packed_position", "packed_positions"}
"""What does not happen in this session."""


def messages(action: str) -> dict[str, jsonschema_rs.Validator]:
    """What the server sends or receives, answers included, by name: each with its schema, which leaves nothing open."""
    names = set()
    for operation in DOCUMENT["operations"].values():
        of_action = operation["messages"] if operation["action"] == action else []
        answers = operation.get("reply", {}).get("messages", []) if action == "send" else []
        names |= {reference["$ref"].rsplit("/", 1)[1] for reference in [*of_action, *answers]}
    components = {"components": {"schemas": _closed(DOCUMENT["components"]["schemas"])}}
    return {
        name: jsonschema_rs.validator_for({**MESSAGES[name]["payload"], **components})
        for name in names
        if "payload" in MESSAGES[name]
    }


def _closed(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_closed(inner) for inner in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {name: _closed(inner) for name, inner in schema.items()}
    return {"additionalProperties": False, **closed} if schema.get("type") == "object" else closed


def named(frames: Iterable[Message], known: dict[str, jsonschema_rs.Validator]) -> set[str]:
    """Which messages these frames are; each must be one of those that are known."""
    seen = set()
    for frame in frames:
        fits = {name for name, validator in known.items() if validator.is_valid(list(frame))}
        assert fits, frame
        seen |= fits
    return seen


async def test_every_frame_is_as_documented(server: str) -> None:
    async with (
        Group(server) as group,
        open_socket(group.host) as anna_raw,
        open_socket(await group.join("Ben")) as ben_raw,
    ):
        for raw in (anna_raw, ben_raw):
            await raw.join(mode="json")
        await group.join("Carl")
        await _try_everything(ben_raw, "ben")
        await _try_everything(anna_raw, "anna")
        _, sent_message = await anna_raw.ask("chat:send", {"op_id": "said", "text": "Hello"})
        message = sent_message["offset"]
        assert (await anna_raw.ask("chat:remove", {"op_id": "taken-back", "message": message}))[0] == "ok"
        assert (await anna_raw.ask("chat:reached", {"offset": message}))[0] == "ok"
        await ben_raw.until(lambda message: message.event == "reached")
        hazard = (await ben_raw.ask("place:add", {"op_id": "oil", "kind": "hazard", "lat": 47.7, "lon": 9.2}))[1][
            "offset"
        ]
        for raw, name, more in (
            (ben_raw, "place:set", {"name": "Oil"}),
            (anna_raw, "place:tick", {"participant": 2, "here": True}),
            (anna_raw, "hazard:gone", {}),
            (ben_raw, "hazard:gone", {}),
        ):
            assert (await raw.ask(name, {"op_id": f"oil-{len(raw.sent)}", "place": hazard, **more}))[0] == "ok", name
        await ben_raw.ask("sharing:set", {"op_id": "on", "on": True})  # the last of the examples may have paused it
        sos = (await ben_raw.ask("sos:raise", {"op_id": "sos", "kind": "lost"}))[1]["offset"]
        await anna_raw.until(lambda message: _is_event(message, "sos_escalated"))
        await anna_raw.ask("sos:answer", {"op_id": "answer", "sos": sos, "answer": "going"})
        told_of = [one.payload for one in anna_raw.received if _is_event(one, "alert_raised")]
        (alert, *_) = [one["offset"] for one in told_of if isinstance(one, dict) and one["data"]["participant"] == 2]
        going = {"op_id": "going", "alert": alert, "answer": "going"}
        assert (await anna_raw.ask("alert:answer", going))[0] == "ok"
        await ben_raw.send("position", {"lat": 47.66, "lon": 9.18, "speed": 12.5, "battery": 80})
        await anna_raw.until(lambda message: message.event == "positions")
        await ben_raw.join(offset=1, mode="json")
        assert (await anna_raw.ask("leave", {"op_id": "leave"}))[0] == "ok"
        await ben_raw.until(lambda message: message.event == "presence_diff")
        assert (await ben_raw.ask("session:end", {"op_id": "end"}))[0] == "ok"
        await ben_raw.until(lambda message: message.event == "phx_close")
        received = [*anna_raw.received, *ben_raw.received]
        sent = [*anna_raw.sent, *ben_raw.sent]
    told, asked = messages("send"), messages("receive")
    assert named(received, told) == told.keys() - NOT_HERE
    assert named((frame for frame in sent if _is_right(frame)), asked) == asked.keys() - NOT_HERE
    assert CHANGES.keys() <= told.keys()


async def _try_everything(raw: RawSocket, who: str) -> None:
    """Every operation that does not end it, right and wrong."""
    for feature in FEATURES:
        examples = [(name, payload) for name, payload, *_ in (*feature.asked, *feature.refused[:1])]
        for number, (name, payload) in enumerate(examples):
            if name not in FINISHING:
                await raw.ask(name, {"op_id": f"{who}-{name}-{number}", **payload})


def _is_event(frame: Message, kind: str) -> bool:
    return isinstance(frame.payload, dict) and frame.payload.get("type") == kind


def _is_right(frame: Message) -> bool:
    """Whether a frame is not one of the examples of what is refused."""
    refused = [example for feature in FEATURES for example in feature.refused if example[0] == frame.event]
    assert isinstance(frame.payload, dict)
    content = {name: value for name, value in frame.payload.items() if name != "op_id"}
    return not any(content == payload for _, payload, _ in refused)


def _references(value: object) -> set[str]:
    if isinstance(value, dict):
        return {str(value.get("$ref", "#"))}.union(*(_references(inner) for inner in value.values()))
    return set().union(*(_references(inner) for inner in value)) if isinstance(value, list) else set()


@pytest.mark.parametrize("reference", sorted(_references(DOCUMENT)))
def test_every_reference_leads_somewhere(reference: str) -> None:
    found = DOCUMENT
    for step in reference.removeprefix("#").split("/")[1:]:
        found = found[step]


def test_every_operation_is_received_and_answered() -> None:
    for name in OPERATIONS:
        operation = DOCUMENT["operations"][f"receive_{name.replace(':', '_')}"]
        assert len(operation["reply"]["messages"]) == 2
