"""Fixes and positions, packed and as JSON; both forms carry the same quantised numbers.

Packed fix, big-endian, 25 bytes: u64 fix_time, then a body of 17: i32 lat x 1e7, i32 lon x 1e7, u16 accuracy in dm,
u16 speed in cm/s, u16 heading in 0.01 degrees, i16 altitude in m, u8 battery in %. Packed positions: u64 server_time,
then 23 bytes for each: u16 participant, u32 age of the fix in ms, and the same body. Unknown is the largest value of an
unsigned field and the smallest of altitude.
"""

from collections.abc import Iterable, Mapping
from struct import Struct
from typing import Final

from cavalcade.domain.fix import MAX_U8, MAX_U16, MIN_I16, Fix, Position, quantised, read_fix
from cavalcade.wire.errors import DecodeError

FIX_SIZE: Final = 25
POSITION_SIZE: Final = 23
HEADER_SIZE: Final = 8
MAX_AGE_MS: Final = 0xFFFFFFFF

_FIX: Final = Struct(">QiiHHHhB")
_POSITION: Final = Struct(">HIiiHHHhB")
_HEADER: Final = Struct(">Q")


def pack_fix(position: Position) -> bytes:
    """Packs a fix of one's own, 25 bytes."""
    return _FIX.pack(position.fix_time, *_body(position))


def unpack_fix(data: bytes | memoryview) -> Position:
    """Reads a packed fix as it is; `domain.fix.clamp` then applies the rules of acceptance.

    Raises:
        DecodeError: Where it has not 25 bytes.
    """
    if len(data) != FIX_SIZE:
        raise DecodeError(f"a packed fix must have {FIX_SIZE} bytes")
    fix_time, lat, lon, accuracy, speed, heading, altitude, battery = _FIX.unpack(data)
    return Position(
        fix_time,
        lat,
        lon,
        None if accuracy == MAX_U16 else accuracy,
        None if speed == MAX_U16 else speed,
        None if heading == MAX_U16 else heading,
        None if altitude == MIN_I16 else altitude,
        None if battery == MAX_U8 else battery,
    )


def pack_positions(server_time: int, positions: Iterable[tuple[int, Position]]) -> bytes:
    """Packs positions for a flush.

    Args:
        server_time: ms since the epoch; the ages of the fixes count back from it.
        positions: (participant, position) pairs.
    """
    pack = _POSITION.pack
    parts = [_HEADER.pack(server_time)]
    for participant, position in positions:
        age = server_time - position.fix_time
        parts.append(pack(participant, 0 if age < 0 else min(age, MAX_AGE_MS), *_body(position)))
    return b"".join(parts)


def unpack_positions(data: bytes | memoryview) -> tuple[int, list[tuple[int, Position]]]:
    """Reads packed positions.

    Returns:
        The server's time, ms since the epoch, and (participant, position) pairs.

    Raises:
        DecodeError: Where the length is not 8 + 23 n.
    """
    if len(data) < HEADER_SIZE or (len(data) - HEADER_SIZE) % POSITION_SIZE:
        raise DecodeError(f"packed positions must have {HEADER_SIZE} + {POSITION_SIZE} n bytes")
    (server_time,) = _HEADER.unpack_from(data)
    positions = [
        (
            participant,
            Position(
                max(0, server_time - age),
                lat,
                lon,
                None if accuracy == MAX_U16 else accuracy,
                None if speed == MAX_U16 else speed,
                None if heading == MAX_U16 else heading,
                None if altitude == MIN_I16 else altitude,
                None if battery == MAX_U8 else battery,
            ),
        )
        for participant, age, lat, lon, accuracy, speed, heading, altitude, battery in _POSITION.iter_unpack(
            data[HEADER_SIZE:]
        )
    ]
    return server_time, positions


def position_to_dict(participant: int, position: Position) -> dict[str, object]:
    """A position as the contract's JSON; unknown fields are absent."""
    return {"participant": participant, **fix_to_dict(position.to_fix())}


def fix_to_dict(fix: Fix) -> dict[str, object]:
    """A fix as the contract's JSON; unknown fields are absent."""
    fields = {
        "lat": fix.lat,
        "lon": fix.lon,
        "accuracy": fix.accuracy,
        "heading": fix.heading,
        "speed": fix.speed,
        "altitude": fix.altitude,
        "battery": fix.battery,
        "fix_time": fix.fix_time,
    }
    return {name: value for name, value in fields.items() if value is not None}


def positions_to_dict(server_time: int, positions: Iterable[tuple[int, Position]]) -> dict[str, object]:
    """The payload of a JSON `positions` broadcast."""
    return {"server_time": server_time, "positions": [position_to_dict(who, where) for who, where in positions]}


def position_from_dict(data: object) -> tuple[int, Position]:
    """Reads one position from JSON.

    Raises:
        DecodeError: Where the participant or the place is missing or wrong.
    """
    participant = data.get("participant") if isinstance(data, Mapping) else None
    reading = read_fix(data)
    if reading is None or reading.fix_time is None or not isinstance(participant, int) or isinstance(participant, bool):
        raise DecodeError("a position must have participant, lat, lon and fix_time")
    position = quantised(reading, reading.fix_time)
    if position is None:
        raise DecodeError("a position must lie on the Earth")
    return participant, position


def positions_from_list(data: object) -> list[tuple[int, Position]]:
    """Reads the JSON list of positions of a reply or broadcast.

    Raises:
        DecodeError: Where it is not such a list.
    """
    if not isinstance(data, list):
        raise DecodeError("positions must be an array")
    return [position_from_dict(item) for item in data]


def _body(position: Position) -> tuple[int, ...]:
    _, lat, lon, accuracy, speed, heading, altitude, battery = position
    return (
        lat,
        lon,
        MAX_U16 if accuracy is None else accuracy,
        MAX_U16 if speed is None else speed,
        MAX_U16 if heading is None else heading,
        MIN_I16 if altitude is None else altitude,
        MAX_U8 if battery is None else battery,
    )
