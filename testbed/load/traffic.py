"""The traffic that every server gets: who is where, when each fix is due, and how its bytes look."""

import math
import random
import struct
from dataclasses import dataclass
from typing import Final, Literal

Pattern = Literal["spread", "clustered"]

CLUSTER_S: Final = 0.08
"""Within how much of the second fixes fall that are clustered: receivers compute theirs at its top."""

BODY_SIZE: Final = 17
FIX_SIZE: Final = 25
HEADER_SIZE: Final = 8
POSITION_SIZE: Final = 23

_FIX: Final = struct.Struct(">QiiHHHhB")
_UNKNOWN_HEADING: Final = 0xFFFF


@dataclass(frozen=True, slots=True)
class Target:
    """One member's way into a server.

    Attributes:
        path: The target of the HTTP request.
        session: Which session, counted from 0.
        join: A text frame to send once the socket is open, to be answered with a `phx_reply`; empty for none.
        envelope: What stands before the fix in each binary frame that the member sends.
        port: Where the member connects, where that is not where all do.
    """

    path: str
    session: int
    join: str = ""
    envelope: str = ""
    port: int | None = None


@dataclass(frozen=True, slots=True)
class Load:
    """A run of the load generator.

    Attributes:
        port: Where the server listens on 127.0.0.1.
        targets: All members, session by session.
        envelope_size: Bytes before the server's time in each binary frame that the server sends.
        pattern: How fixes fall within the second.
        warm_up_s: Traffic before the measurement.
        measured_s: How long is measured.
        server_pids: Whose CPU and memory are taken, together.
        helper_pids: Whose CPU and memory are taken as well, by name.
        fixes_per_s: How often everybody sends.
        relays: Whether the server passes each fix on as it is, to the others alone; else it sends packed positions.
    """

    port: int
    targets: list[Target]
    envelope_size: int
    pattern: Pattern
    warm_up_s: float
    measured_s: float
    server_pids: list[int]
    helper_pids: dict[str, list[int]]
    fixes_per_s: float = 1.0
    relays: bool = False

    @property
    def period_s(self) -> float:
        """Everybody sends one fix in this time, seconds."""
        return 1.0 / self.fixes_per_s


def phases(targets: list[Target], pattern: Pattern, period_s: float = 1.0) -> list[float]:
    """When within the period each member sends, seconds.

    Spread phases are even within each session and over all of them, so that the load has no peaks.
    """
    if pattern == "clustered":
        chance = random.Random(7)  # noqa: S311 - every run gets the same traffic
        return [chance.random() * min(CLUSTER_S, period_s) for _ in targets]
    sessions = max(target.session for target in targets) + 1
    size = math.ceil(len(targets) / sessions)
    return [
        period_s * ((number % size) / size + target.session / (sessions * size))
        for number, target in enumerate(targets)
    ]


def packed_fix(number: int, fix_time: int) -> bytes:
    """The fix of a member at a time (ms since the epoch): everybody rides in a circle of their own."""
    angle = fix_time / 60_000 + number
    lat = int((47 + 0.1 * math.sin(angle)) * 1e7)
    lon = int((8 + 0.1 * math.cos(angle)) * 1e7)
    return _FIX.pack(fix_time, lat, lon, 50, 1500, _UNKNOWN_HEADING, 430, 80)


def masked_frame(opcode: int, payload: bytes, mask: bytes) -> bytes:
    """A client's frame with a payload of at most 65,535 bytes, masked as RFC 6455 demands."""
    size = len(payload)
    length = bytes((0x80 | size,)) if size < 126 else b"\xfe" + size.to_bytes(2, "big")
    key = (mask * (size // 4 + 1))[:size]
    masked = (int.from_bytes(payload, "big") ^ int.from_bytes(key, "big")).to_bytes(size, "big")
    return bytes((0x80 | opcode,)) + length + mask + masked


def split_frames(data: bytes) -> tuple[list[tuple[int, int, int]], int]:
    """Finds the whole frames in what a server sent.

    Returns:
        (opcode, begin of the payload, its end) of each, and how many bytes they take together.
    """
    frames = []
    at, size = 0, len(data)
    while at + 2 <= size:
        length, begin = data[at + 1], at + 2
        if length >= 126:
            begin += 2 if length == 126 else 8
            length = int.from_bytes(data[at + 2 : begin], "big")
        if begin + length > size:
            break
        frames.append((data[at] & 0xF, begin, begin + length))
        at = begin + length
    return frames, at
