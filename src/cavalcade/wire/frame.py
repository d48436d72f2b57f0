"""Frames of Phoenix Channels V2: `[join_ref, ref, topic, event, payload]` as JSON text, and their binary forms.

The format is that of Phoenix 1.7 and 1.8 (`Phoenix.Socket.V2.JSONSerializer`) and of its JavaScript client:

- text: a JSON array of five, for every direction;
- binary: a kind byte, one length byte for each string, the strings in UTF-8, then the payload. Kind 0 is a push (with a
  ref from clients, without one from servers), 1 a reply, 2 a broadcast.
"""

import json
import re
from dataclasses import dataclass
from typing import Final, NamedTuple, NoReturn

from cavalcade.wire.errors import DecodeError

MAX_FRAME: Final = 65_536
"""The largest frame that a server reads, bytes; beyond it the connection is closed with 1009."""

_PUSH, _REPLY, _BROADCAST = 0, 1, 2
_MAX_STRING: Final = 255

_NO_JSON: Final = "a text frame must be valid JSON in UTF-8"
_NO_FRAME: Final = "a text frame must be an array of [join_ref, ref, topic, event, payload]"
_NO_STRINGS: Final = "join_ref and ref must be strings or null, topic and event must be strings"


def _no_constant(_name: str) -> NoReturn:
    raise ValueError("NaN and Infinity are not JSON")


_DECODER: Final = json.JSONDecoder(parse_constant=_no_constant)  # `json.loads` would make one for each frame
_OPENING: Final = re.compile(r"[ \t\n\r]*\[[ \t\n\r]*")
_COMMA: Final = re.compile(r"[ \t\n\r]*,[ \t\n\r]*")
_PLAIN_HEAD: Final = re.compile(r"[ \t\n\r]*\[[ \t\n\r]*" + 4 * r'(?:null|"([^"\\\x00-\x1f]*)")[ \t\n\r]*,[ \t\n\r]*')
"""The head of nearly all frames: nothing in its strings is escaped, so that they need no decoder."""

_STRING_OR_NULL: Final = ('"', "n")
"""What an element before the payload begins with."""


class Message(NamedTuple):
    """One frame; a tuple, since one is made for each fix and a frozen dataclass takes over twice as long to make.

    Attributes:
        join_ref: The ref of the join that opened the channel; None for broadcasts and heartbeats.
        ref: What a reply refers to; None where none is expected.
        topic: `session:<id>`, or `phoenix` for heartbeats.
        event: What it is, such as `phx_join` or `position`.
        payload: JSON, or bytes where the frame is binary. A reply's is `{"status": ..., "response": ...}`.
    """

    join_ref: str | None
    ref: str | None
    topic: str
    event: str
    payload: object


@dataclass(frozen=True, slots=True)
class Undecoded:
    """The payload of a text frame as it came: what waits costs its bytes, and not the objects that they spell.

    Attributes:
        data: JSON from the payload to the end of the frame, unchecked.
    """

    data: bytes

    def __len__(self) -> int:
        """How many bytes it has."""
        return len(self.data)

    def decode(self) -> object:
        """The payload.

        Raises:
            DecodeError: Where the frame is not valid JSON from here on.
        """
        return _payload(self.data.decode(errors="surrogatepass"))


def decode_text(data: str | bytes | bytearray | memoryview) -> Message:
    """Reads a text frame; elements beyond the fifth are ignored, as Phoenix does.

    Raises:
        DecodeError: Where it is not a frame.
    """
    text = _text(data)
    join_ref, ref, topic, event, at = _head(text)
    return Message(join_ref, ref, topic, event, _payload(text[at:]))


def decode_text_head(data: str | bytes | bytearray | memoryview) -> Message:
    """Reads a text frame up to its payload, which is an `Undecoded`.

    Raises:
        DecodeError: Where it is not a frame.
    """
    text = _text(data)
    join_ref, ref, topic, event, at = _head(text)
    return Message(join_ref, ref, topic, event, Undecoded(text[at:].encode(errors="surrogatepass")))


def encode_text(message: Message) -> bytes:
    """Writes a text frame (ASCII JSON, so that no text in it can be invalid UTF-8)."""
    frame = [message.join_ref, message.ref, message.topic, message.event, message.payload]
    return json.dumps(frame, separators=(",", ":"), allow_nan=False).encode("ascii")


def decode_client_binary(data: bytes | memoryview) -> Message:
    """Reads a binary frame that a client sent: always a push.

    Raises:
        DecodeError: Where it is not one.
    """
    if len(data) < 5 or data[0] != _PUSH:
        raise DecodeError("a binary frame from a client must be a push")
    (join_ref, ref, topic, event), payload = _strings(bytes(data), 4)
    return Message(join_ref or None, ref or None, topic, event, payload)


def decode_server_binary(data: bytes | memoryview) -> Message:
    """Reads a binary frame that a server sent: a push, a reply or a broadcast.

    Raises:
        DecodeError: Where it is none of these.
    """
    data = bytes(data)
    kind = data[0] if data else -1
    if kind == _PUSH:
        (join_ref, topic, event), payload = _strings(data, 3)
        return Message(join_ref or None, None, topic, event, payload)
    if kind == _REPLY:
        (join_ref, ref, topic, status), payload = _strings(data, 4)
        return Message(join_ref or None, ref or None, topic, "phx_reply", {"status": status, "response": payload})
    if kind == _BROADCAST:
        (topic, event), payload = _strings(data, 2)
        return Message(None, None, topic, event, payload)
    raise DecodeError("a binary frame must be a push, a reply or a broadcast")


def encode_client_push(join_ref: str, ref: str, topic: str, event: str, payload: bytes) -> bytes:
    """Writes a client's binary push."""
    return _binary(_PUSH, (join_ref, ref, topic, event), payload)


def encode_server_push(join_ref: str, topic: str, event: str, payload: bytes) -> bytes:
    """Writes a server's binary push to one channel."""
    return _binary(_PUSH, (join_ref, topic, event), payload)


def encode_binary_reply(join_ref: str, ref: str, topic: str, status: str, payload: bytes) -> bytes:
    """Writes a binary reply."""
    return _binary(_REPLY, (join_ref, ref, topic, status), payload)


def encode_binary_broadcast(topic: str, event: str, payload: bytes) -> bytes:
    """Writes a binary broadcast, the same bytes for every connection of a topic."""
    return _binary(_BROADCAST, (topic, event), payload)


def _text(data: str | bytes | bytearray | memoryview) -> str:
    # Decoded here, since json.loads would take UTF-16 and surrogates in bytes as well.
    try:
        return data if isinstance(data, str) else str(data, "utf-8")
    except UnicodeDecodeError as error:
        raise DecodeError(_NO_JSON) from error


def _head(text: str) -> tuple[str | None, str | None, str, str, int]:
    """The four strings of a text frame, and where its payload begins."""
    plain = _PLAIN_HEAD.match(text)
    strings, at = (list(plain.groups()), plain.end()) if plain else _escaped_head(text)
    join_ref, ref, topic, event = strings
    if topic is None or event is None:
        raise DecodeError(_NO_STRINGS)
    return join_ref, ref, topic, event, at


def _escaped_head(text: str) -> tuple[list[str | None], int]:
    """The same by the JSON decoder, which says what is wrong as well."""
    opening = _OPENING.match(text)
    if opening is None:
        raise DecodeError(_NO_FRAME)
    at = opening.end()
    strings: list[str | None] = []
    while len(strings) < 4:
        if text[at : at + 1] not in _STRING_OR_NULL:
            raise DecodeError(_NO_STRINGS)
        try:
            string, at = _DECODER.raw_decode(text, at)
        except ValueError as error:
            raise DecodeError(_NO_JSON) from error
        comma = _COMMA.match(text, at)
        if comma is None:
            raise DecodeError(_NO_FRAME)
        strings.append(string)
        at = comma.end()
    return strings, at


def _payload(text: str) -> object:
    """The first of the JSON values that a text frame ends with."""
    try:
        rest = _DECODER.decode("[" + text)
    except (ValueError, RecursionError) as error:
        raise DecodeError(_NO_JSON) from error
    if not rest:
        raise DecodeError(_NO_FRAME)
    return rest[0]


def _strings(data: bytes, count: int) -> tuple[list[str], bytes]:
    """Splits `count` length-prefixed strings and the payload from a frame, of which the first byte is its kind."""
    at = 1 + count
    lengths = data[1:at]
    if len(data) < at + sum(lengths):
        raise DecodeError("a binary frame ended within its lengths or strings")
    strings = []
    try:
        for length in lengths:
            strings.append(data[at : at + length].decode())
            at += length
    except UnicodeDecodeError as error:
        raise DecodeError("the strings of a binary frame must be UTF-8") from error
    return strings, data[at:]


def _binary(kind: int, strings: tuple[str, ...], payload: bytes) -> bytes:
    encoded = [text.encode() for text in strings]
    if any(len(text) > _MAX_STRING for text in encoded):
        raise ValueError(f"strings in a binary frame must have at most {_MAX_STRING} bytes")
    return b"".join((bytes((kind, *map(len, encoded))), *encoded, payload))
