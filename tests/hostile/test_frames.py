"""WebSocket frames that no library would send, through Caddy and at the process itself."""

import asyncio
import json
import zlib

import pytest

from tests.hostile.frames import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    Answer,
    client_frame,
    handshake,
    read_answer,
)
from tests.hostile.installation import Installation, exchange, opened, resident_bytes

DOORS = ("caddy", "process")
PATIENCE_S = 5.0
MEGABYTE = 1024 * 1024


def heartbeat(ref: str = "h") -> bytes:
    return json.dumps([None, ref, "phoenix", "heartbeat", {}]).encode()


def deflated(data: bytes) -> bytes:
    """As permessage-deflate would send it."""
    compressor = zlib.compressobj(9, wbits=-15)
    return compressor.compress(data) + compressor.flush(zlib.Z_SYNC_FLUSH)[:-4]


CASES: dict[str, tuple[list[bytes], set[int | None]]] = {
    "unmasked": ([client_frame(TEXT, heartbeat(), masked=False)], {1002}),
    "unknown opcode": ([client_frame(3, b"x")], {1002}),
    "unknown control": ([client_frame(11, b"x")], {1002}),
    "fragmented ping": ([client_frame(PING, b"x", fin=False)], {1002}),
    "long ping": ([client_frame(PING, b"x" * 126)], {1002}),
    "close of one byte": ([client_frame(CLOSE, b"\x03")], {1002}),
    "close with a bad code": ([client_frame(CLOSE, (1005).to_bytes(2, "big"))], {1002}),
    "close with bad text": ([client_frame(CLOSE, b"\x03\xe8\xff")], {1007}),
    "close without a code": ([client_frame(CLOSE)], {1000}),
    "bad UTF-8": ([client_frame(TEXT, b'[null,"1","phoenix","\xff",{}]')], {1011}),
    "UTF-8 cut in two": ([client_frame(TEXT, b'["\xc3', fin=False), client_frame(CONTINUATION, b'"]')], {1011}),
    "continuation of nothing": ([client_frame(CONTINUATION, b"x")], {1011}),
    "text within text": ([client_frame(TEXT, b"[", fin=False), client_frame(TEXT, b"[")], {1011}),
    "65,537 bytes": ([client_frame(TEXT, b" " * 65_537)], {1009}),
    "announced 2 GB": ([client_frame(TEXT, b"x" * 1000, announced=2**31)], {1009}),
    "announced all there is": ([client_frame(BINARY, b"", announced=2**63 - 1)], {1009}),
    "negative length": ([client_frame(BINARY, b"", announced=2**63)], {1002}),
    "length spelled too long": ([b"\x81\xfe\x00\x05\x00\x00\x00\x00hello"], {1002}),
    "deflated": ([client_frame(TEXT, deflated(heartbeat()), reserved=4)], {1011}),
    "a bomb": ([client_frame(TEXT, deflated(b" " * 64 * MEGABYTE)[:65_000], reserved=4)], {1011}),
    "deep JSON": ([client_frame(TEXT, b"[" * 65_000)], {1011}),
    "a number of 60,000 digits": ([client_frame(TEXT, b"[" + b"9" * 60_000 + b"]")], {1011}),
    "many keys": ([client_frame(TEXT, b"{" + b",".join(b'"%d":0' % n for n in range(6_000)) + b"}")], {1011}),
}


async def session(running: Installation) -> bytes:
    """The handshake of somebody who is in a new session."""
    host = await running.create()
    return handshake(host.session_id, host.token)


async def answer(running: Installation, door: str, *frames: bytes) -> Answer:
    """What comes back for frames after a handshake, and a close like any client's, until the server closes."""
    sent = [await session(running), *frames]
    if frames[-1][0] & 0xF != CLOSE:  # what follows a close is answered or cut off, as it happens to arrive
        sent.append(client_frame(CLOSE, (1000).to_bytes(2, "big")))
    received = await exchange(running.doors("socket")[door], sent, PATIENCE_S)
    return read_answer(received)


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("case", CASES)
async def test_frames_against_the_rules_close_the_connection(installation: Installation, door: str, case: str) -> None:
    frames, codes = CASES[case]
    assert (await answer(installation, door, *frames)).close_code in codes


@pytest.mark.parametrize("door", DOORS)
async def test_what_the_rules_allow_is_understood(installation: Installation, door: str) -> None:
    text = heartbeat("pieces")
    frames = [
        client_frame(TEXT, b"", fin=False),
        client_frame(PING, b"between"),
        *[client_frame(CONTINUATION, text[at : at + 1], fin=False) for at in range(len(text))],
        client_frame(PONG, b"unasked"),
        client_frame(CONTINUATION, b""),
    ]
    answered = await answer(installation, door, *frames)
    kinds = [opcode for opcode, _ in answered.frames]
    assert kinds == [PONG, TEXT, CLOSE]
    assert json.loads(answered.frames[1][1])[1:4:2] == ["pieces", "phx_reply"]


@pytest.mark.parametrize("door", DOORS)
async def test_compression_is_not_agreed_to(installation: Installation, door: str) -> None:
    host = await installation.create()
    offer = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits, x-webkit-deflate-frame"
    hello = handshake(host.session_id, host.token, offer)
    answered = read_answer(await exchange(installation.doors("socket")[door], [hello, client_frame(CLOSE)], PATIENCE_S))
    assert answered.statuses == (101,)
    assert b"extensions" not in answered.head.lower()


@pytest.mark.parametrize("piece", [b"", b"x" * 60_000], ids=["empty", "large"])
@pytest.mark.parametrize("door", DOORS)
async def test_fragments_without_an_end_are_bounded(installation: Installation, door: str, piece: bytes) -> None:
    """Large ones close the connection; empty ones cost frames, of which there are a hundred a second."""
    reader, writer = await opened(installation.doors("socket")[door])
    writer.write(await session(installation))
    await reader.readuntil(b"\r\n\r\n")
    writer.write(client_frame(TEXT, piece, fin=False))
    if piece:
        writer.write(client_frame(CONTINUATION, piece, fin=False))
        head = await asyncio.wait_for(reader.readexactly(4), PATIENCE_S)
        assert head[0] & 0x0F == CLOSE
        assert int.from_bytes(head[2:4], "big") == 1009
    else:
        for _ in range(50):
            writer.write(client_frame(CONTINUATION, piece, fin=False))
        writer.write(client_frame(CONTINUATION, heartbeat("end")))
        assert b'"end"' in await asyncio.wait_for(reader.read(1000), PATIENCE_S)
    writer.transport.abort()


@pytest.mark.parametrize("door", DOORS)
async def test_after_a_close_for_a_rule_nothing_more_is_taken_in(installation: Installation, door: str) -> None:
    """Somebody who announces a huge frame and sends it must not have it kept."""
    command = "node" if installation.backend == "monolith" else "gateway"
    pid = installation.pids()[command]
    before = resident_bytes(pid)
    flood = [client_frame(TEXT, b"", announced=2**40), *[bytes(MEGABYTE)] * 64]
    await asyncio.gather(*(answer(installation, door, *flood) for _ in range(4)))
    assert resident_bytes(pid) - before < 32 * MEGABYTE
