"""What processes tell each other about a session over its Redis channel, packed.

The first byte says which of the four it is: `E` events as JSON, `P` positions, `R` a roll, `B` broadcasts as JSON. A
gateway is named by the 8 bytes that it drew at its start; an API server is named by zeros. All numbers are big-endian;
a position is a u16 participant and a packed fix, so that its time crosses exactly.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from struct import Struct
from typing import Final

from cavalcade.domain.events import Event
from cavalcade.domain.fix import Position, clamp
from cavalcade.server.live.broadcasts import Broadcast
from cavalcade.wire.errors import DecodeError
from cavalcade.wire.messages import event_to_dict, events_from_list
from cavalcade.wire.positions import FIX_SIZE, pack_fix, unpack_fix

GATEWAY_SIZE: Final = 8
MAX_REF: Final = 64

_EVENTS: Final = ord("E")
_POSITIONS: Final = ord("P")
_ROLL: Final = ord("R")
_BROADCASTS: Final = ord("B")

NO_GATEWAY: Final = bytes(GATEWAY_SIZE).hex()
"""The name of a process that has no connections."""

_PARTICIPANT: Final = Struct(">H")
_ROLL_HEAD: Final = Struct(">QB")
_CONNECTION: Final = Struct(">HQB")
_ASKS: Final = 1
_LEAVES: Final = 2


@dataclass(frozen=True, slots=True)
class Happened:
    """Durable changes that are stored."""

    events: Sequence[Event]


@dataclass(frozen=True, slots=True)
class Moved:
    """Positions that a gateway accepted from its own members."""

    gateway: str
    positions: Sequence[tuple[int, Position]]


@dataclass(frozen=True, slots=True)
class Told:
    """Broadcasts that were made in a process, or that a gateway knows."""

    gateway: str
    broadcasts: Sequence[Broadcast]


@dataclass(frozen=True, slots=True)
class Connected:
    """One connection.

    Attributes:
        participant: Whose it is.
        since: When it joined, ms since the epoch.
        ref: What tells it from the participant's others.
    """

    participant: int
    since: int
    ref: str


@dataclass(frozen=True, slots=True)
class Roll:
    """All connections that a session has on one gateway.

    Attributes:
        gateway: Which gateway.
        version: A later roll of the same gateway has a greater one.
        connections: Everybody who is connected there.
        asks: The gateway has just begun to host the session, or has missed something: the others tell it all they know.
        leaves: The gateway does not host the session any more.
    """

    gateway: str
    version: int
    connections: Sequence[Connected] = ()
    asks: bool = False
    leaves: bool = False


Message = Happened | Moved | Told | Roll


def encode(message: Message) -> bytes:
    """Packs a message."""
    match message:
        case Happened(events):
            return b"E" + json.dumps([event_to_dict(event) for event in events]).encode()
        case Moved(gateway, positions):
            parts = [b"P", bytes.fromhex(gateway)]
            for participant, position in positions:
                parts += (_PARTICIPANT.pack(participant), pack_fix(position))
            return b"".join(parts)
        case Told(gateway, broadcasts):
            told = [[one.event, one.key, one.audience, one.at, one.payload] for one in broadcasts]
            return b"B" + bytes.fromhex(gateway) + json.dumps(told).encode()
        case Roll(gateway, version, connections, asks, leaves):
            flags = (_ASKS if asks else 0) | (_LEAVES if leaves else 0)
            parts = [b"R", bytes.fromhex(gateway), _ROLL_HEAD.pack(version, flags)]
            for connection in connections:
                ref = connection.ref.encode("ascii")
                parts += (_CONNECTION.pack(connection.participant, connection.since, len(ref)), ref)
            return b"".join(parts)


def decode(data: bytes) -> Message:
    """Reads a message.

    Raises:
        DecodeError: Where it is none, whatever its bytes are.
    """
    kind = data[0] if data else None
    if kind == _EVENTS:
        return Happened(_events(data[1:]))
    if kind not in {_POSITIONS, _ROLL, _BROADCASTS}:
        raise DecodeError("a message must begin with E, P, R or B")
    gateway, rest = data[1 : 1 + GATEWAY_SIZE], memoryview(data)[1 + GATEWAY_SIZE :]
    if len(gateway) != GATEWAY_SIZE:
        raise DecodeError(f"a message must name its gateway with {GATEWAY_SIZE} bytes")
    if kind == _POSITIONS:
        return Moved(gateway.hex(), _positions(rest))
    if kind == _ROLL:
        return _roll(gateway.hex(), rest)
    return Told(gateway.hex(), _broadcasts(bytes(rest)))


def is_from(gateway: bytes, data: bytes) -> bool:
    """Whether a gateway, named by its 8 bytes, has packed this itself; events are nobody's own."""
    return data[1 : 1 + GATEWAY_SIZE] == gateway and data[0] != _EVENTS


def _events(data: bytes) -> Sequence[Event]:
    try:
        return events_from_list(json.loads(data))
    except (ValueError, RecursionError) as error:  # not UTF-8, not JSON, or too deep
        raise DecodeError("events must be JSON") from error


def _broadcasts(data: bytes) -> Sequence[Broadcast]:
    try:
        return [_broadcast(*told) for told in json.loads(data)]
    except (TypeError, ValueError, RecursionError) as error:  # not UTF-8, not JSON, too deep, or no broadcasts
        raise DecodeError("broadcasts must be JSON, each within its bounds") from error


def _broadcast(event: object, key: object, audience: object, at: object, payload: object) -> Broadcast:
    if not (isinstance(event, str) and isinstance(key, str) and type(at) is int):
        raise TypeError
    if not (isinstance(audience, str | None) and isinstance(payload, dict | None)):
        raise TypeError
    return Broadcast(event, key, audience, at, payload)


def _positions(data: memoryview) -> list[tuple[int, Position]]:
    size = _PARTICIPANT.size + FIX_SIZE
    if len(data) % size:
        raise DecodeError(f"positions must have {size} bytes each")
    moved = [_position(data[at : at + size]) for at in range(0, len(data), size)]
    return [(participant, position) for participant, position in moved if position is not None]


def _position(data: memoryview) -> tuple[int, Position | None]:
    (participant,) = _PARTICIPANT.unpack_from(data)
    position = unpack_fix(data[_PARTICIPANT.size :])
    # While versions change, a gateway of the one before may still have taken these for a place and for an accuracy.
    if position.lat == position.lon == 0:
        return participant, None
    if position.accuracy == 0:
        position = position._replace(accuracy=None)
    # It was clamped when it was accepted: what is not as it should be comes from nobody of ours.
    if clamp(position, position.fix_time) is not position:
        raise DecodeError("a position must be within the bounds of accepted ones")
    return participant, position


def _roll(gateway: str, data: memoryview) -> Roll:
    if len(data) < _ROLL_HEAD.size:
        raise DecodeError("a roll must have a version and flags")
    version, flags = _ROLL_HEAD.unpack_from(data)
    if flags & ~(_ASKS | _LEAVES):
        raise DecodeError("a roll has no such flag")
    return Roll(
        gateway, version, tuple(_connections(data[_ROLL_HEAD.size :])), bool(flags & _ASKS), bool(flags & _LEAVES)
    )


def _connections(data: memoryview) -> Iterable[Connected]:
    while data:
        if len(data) < _CONNECTION.size:
            raise DecodeError("a connection of a roll is cut off")
        participant, since, length = _CONNECTION.unpack_from(data)
        ref = bytes(data[_CONNECTION.size : _CONNECTION.size + length])
        if not 0 < length <= MAX_REF or len(ref) != length or not all(0x21 <= byte <= 0x7E for byte in ref):
            raise DecodeError(f"a connection's ref must be 1 to {MAX_REF} visible ASCII characters")
        yield Connected(participant, since, ref.decode("ascii"))
        data = data[_CONNECTION.size + length :]
