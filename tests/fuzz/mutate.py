"""Changes recorded traffic at every level it has: bytes, JSON, frames and their heads, requests, and timing.

Everything follows from one `random.Random`, so that a seed gives the same bytes again.
"""

import json
import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from cavalcade.domain.session import OPERATIONS
from tests.fuzz.corpus import Entry
from tests.hostile.frames import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, client_frame

Frames = list[tuple[int, bytes]]

PIECES: Final = (
    *(b"\x00", b"\xff", b"\r\n", b"\n", b"\r\n\r\n", b"\xc3\x28", b"\xed\xa0\x80", b"\\ud800", b"\\u0000"),
    *(b"%00", b"%ff", b"%2e%2e/", b"/..", b"?", b"#", b"&vsn=2.0.0", b"&session=zzzzzzzzzz", b"&token=x", b";", b'"'),
    *(b"NaN", b"1e999", b"-0", b"9" * 400, b"null", b"true", b"[" * 2000, b'{"a":' * 500, b"[]", b"{}"),
    *(b"phx_join", b"phx_leave", b"phx_close", b"phx_error", b"heartbeat", b"position"),
    *(name.encode() for name in OPERATIONS),
    *(b"phoenix", b"session:{session}", b"session:zzzzzzzzzz", b"session:*", b"{token}", b"{host_token}", b"{code}"),
    *(b"Content-Length: 0\r\n", b"Content-Length: 99999999999999999999\r\n", b"Transfer-Encoding: chunked\r\n"),
    *(b"Content-Encoding: gzip\r\n", b"Content-Type: text/plain\r\n", b"Expect: 100-continue\r\n", b"Host: evil\r\n"),
    *(b"X-Forwarded-For: 1.2.3.4, ,::ffff:1.2.3.4,[::1%eth0]:9\r\n", b"Forwarded: for=unknown\r\n", b"Cookie: a=b\r\n"),
    *(b"Authorization: Bearer {host_token}\r\n", b"Authorization: Bearer \xff\r\n", b"Idempotency-Key: \xff\r\n"),
    *(
        b"Sec-WebSocket-Extensions: permessage-deflate\r\n",
        b"Upgrade: h2c\r\n",
        b"Range: bytes=0-\r\n",
        b"A: b\r\n" * 200,
    ),
    *(b"Origin: http://evil.example\r\n", b"Connection: close\r\n", b"X: " + b"y" * 9000 + b"\r\n"),
)
VALUES: Final[tuple[Any, ...]] = (
    *(None, True, False, 0, -1, 1, 2**31, 2**53, 2**63, -(2**63), 10**30, 1.5, 1e308, -1e-308, 91, 181, 1e-9),
    *("", " ", "x", "\x00", "\u202e", "e" + "\u0301" * 40, "x" * 49, "x" * 5000, "\ud800", "1", "#123456", "host"),
    *([], {}, [[]], [None] * 501, {"": None}, {"lat": 91, "lon": 0}, {"op_id": "1"}, [[[[[[[[]]]]]]]]),
)
OPCODES: Final = (CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG, 3, 7, 11, 15)


@dataclass(frozen=True, slots=True)
class Case:
    """What is sent on one connection.

    Attributes:
        writes: One write each.
        hangs_up: Whether the connection is cut without waiting for answers.
    """

    writes: tuple[bytes, ...]
    hangs_up: bool


def requests(entry: Entry, others: Sequence[Entry], rng: random.Random) -> Case:
    """HTTP requests like recorded ones."""
    sent = bytearray()
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        data = rng.choice((entry, rng.choice(others))).parts[0][1]
        head, separator, body = data.partition(b"\r\n\r\n")
        if rng.random() < 0.4:
            body = _json(body, rng)
        if rng.random() < 0.7:  # else the length is a lie
            head = re.sub(rb"Content-Length: \d+", b"Content-Length: %d" % len(body), head)
        if rng.random() < 0.5:
            lines = head.split(b"\r\n")
            at = rng.randrange(1, len(lines) + 1)
            lines[at:at] = [rng.choice((rng.choice(lines), rng.choice(PIECES).rstrip(b"\r\n")))]
            head = b"\r\n".join(lines)
        data = head + separator + body
        sent += _bytes(data, rng) if rng.random() < 0.4 else data
    return _written(bytes(sent), rng)


def socket(handshake: bytes, entry: Entry, others: Sequence[Entry], rng: random.Random) -> Case:
    """A handshake and frames like recorded ones."""
    frames: Frames = list(entry.parts)
    for _ in range(rng.choice((0, 0, 1, 2, 4))):
        rng.choice(_OF_SEQUENCES)(frames, others, rng)
    sent = bytearray(_bytes(handshake, rng) if rng.random() < 0.1 else handshake)
    for opcode, payload in frames:
        sent += _frame(opcode, _payload(opcode, payload, rng), rng)
    if rng.random() < 0.1:
        sent += rng.randbytes(rng.randrange(40))
    return _written(bytes(sent), rng)


def _payload(opcode: int, payload: bytes, rng: random.Random) -> bytes:
    if rng.random() < 0.6:
        # An op_id of its own, so that the operation is not a repetition.
        return re.sub(rb'"op_id":"\w+"', b'"op_id":"%032x"' % rng.getrandbits(128), payload)
    return _json(payload, rng) if opcode == TEXT and rng.random() < 0.6 else _bytes(payload, rng)


def _frame(opcode: int, payload: bytes, rng: random.Random) -> bytes:
    kind = rng.random()
    if kind < 0.85:
        return client_frame(opcode, payload)
    if kind < 0.9:  # in fragments, with what may or may not come in between
        pieces, sent = _split(payload, rng), bytearray()
        for number, piece in enumerate(pieces):
            fin = number == len(pieces) - 1 and rng.random() < 0.9
            sent += client_frame(CONTINUATION if number else opcode, piece, fin=fin)
            if rng.random() < 0.3:
                sent += client_frame(rng.choice(OPCODES), b"between")
        return bytes(sent)
    changes: list[Callable[[], bytes]] = [
        lambda: client_frame(rng.choice(OPCODES), payload),
        lambda: client_frame(opcode, payload, fin=False),
        lambda: client_frame(opcode, payload, reserved=rng.randrange(1, 8)),
        lambda: client_frame(opcode, payload, masked=False),
        lambda: client_frame(opcode, payload, announced=rng.choice((0, 125, 126, 65535, 65536, 65537, 2**31, 2**63))),
        lambda: client_frame(opcode, payload * 300),
        lambda: client_frame(PING, b"p" * rng.randrange(200)) * rng.choice((1, 50)),
        lambda: client_frame(opcode, payload) * 120,
    ]
    return rng.choice(changes)()


def _drop(frames: Frames, _others: Sequence[Entry], rng: random.Random) -> None:
    if frames:
        del frames[rng.randrange(len(frames))]


def _swap(frames: Frames, _others: Sequence[Entry], rng: random.Random) -> None:
    rng.shuffle(frames)


def _repeat(frames: Frames, _others: Sequence[Entry], rng: random.Random) -> None:
    if frames:
        at = rng.randrange(len(frames))
        frames[at:at] = [frames[at]] * rng.choice((1, 2, 20))


def _splice(frames: Frames, others: Sequence[Entry], rng: random.Random) -> None:
    at = rng.randrange(len(frames) + 1)
    frames[at:at] = rng.choice(others).parts


_OF_SEQUENCES: Final = (_drop, _swap, _repeat, _splice)


def _bytes(data: bytes, rng: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 5))):
        at = rng.randrange(len(changed) + 1)
        end = min(len(changed), at + rng.choice((1, 1, 4, 30)))
        match rng.randrange(5):
            case 0 if at < len(changed):
                changed[at] ^= 1 << rng.randrange(8)
            case 1:
                del changed[at:end]
            case 2:
                changed[at:at] = changed[at:end] * rng.choice((1, 3, 200))
            case 3:
                changed[at:at] = rng.choice(PIECES)
            case _:
                changed[at:end] = rng.randbytes(rng.randrange(8))
    return bytes(changed)


def _json(data: bytes, rng: random.Random) -> bytes:
    try:
        value = json.loads(data)
    except ValueError:
        return _bytes(data, rng)
    for _ in range(rng.choice((1, 1, 3))):
        value = _changed(value, rng)
    return json.dumps(value, separators=(",", ":")).encode()


def _changed(value: Any, rng: random.Random) -> Any:
    inside = isinstance(value, (dict, list)) and value and rng.random() < 0.9
    if not inside:
        return rng.choice(VALUES)
    if isinstance(value, list):
        at = rng.randrange(len(value))
        changed = [*value[:at], _changed(value[at], rng), *value[at + 1 :]]
        return changed if rng.random() < 0.9 else changed[:at] + changed[at + 1 :]
    name = rng.choice(list(value))
    if rng.random() < 0.1:
        return {key: kept for key, kept in value.items() if key != name}
    if rng.random() < 0.1:
        return {**value, rng.choice(("x", "", "op_id", "mode", "offset")): rng.choice(VALUES)}
    return {**value, name: _changed(value[name], rng)}


def _split(data: bytes, rng: random.Random) -> list[bytes]:
    cuts = sorted(rng.randrange(len(data) + 1) for _ in range(rng.randrange(6)))
    return [data[start:end] for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True)]


def _written(data: bytes, rng: random.Random) -> Case:
    writes = _split(data, rng) if rng.random() < 0.2 else [data]
    return Case(tuple(write for write in writes if write), rng.random() < 0.05)
