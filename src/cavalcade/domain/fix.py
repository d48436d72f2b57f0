"""Readings of a receiver, and the positions they become when they are accepted.

Positions are quantised once, on acceptance, so that every client sees the same numbers in either encoding. The units
are those of the packed form (see docs/contract.md).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, NamedTuple

from cavalcade.domain.fields import Number, Whole

MAX_FIX_TIME = 2**53 - 1
"""The greatest time that JSON numbers carry exactly in every client, ms since the epoch."""

MAX_U8, MAX_U16, MAX_I16, MIN_I16 = 0xFF, 0xFFFF, 0x7FFF, -0x8000
DEGREE = 10_000_000


@dataclass(frozen=True, slots=True)
class Fix:
    """A raw reading, as a client sends it; None where unknown.

    Attributes:
        lat: Degrees north, -90 to 90.
        lon: Degrees east, -180 to 180.
        fix_time: When it was taken, ms since the epoch; None means now.
        accuracy: Radius of 68 % confidence, metres; more than 0.
        heading: Degrees clockwise from true north.
        speed: m/s over ground.
        altitude: Metres.
        battery: Whole percent.
    """

    lat: Annotated[float, Number(-90, 90)]
    lon: Annotated[float, Number(-180, 180)]
    fix_time: Annotated[int | None, Whole(0, MAX_FIX_TIME, example=1_800_000_000_000)] = None
    accuracy: Annotated[float | None, Number(0, math.inf)] = None
    heading: Annotated[float | None, Number(0, 360)] = None
    speed: Annotated[float | None, Number(0, math.inf)] = None
    altitude: float | None = None
    battery: Annotated[int | None, Whole(0, 100)] = None


class Position(NamedTuple):
    """An accepted fix, quantised; None where unknown.

    Attributes:
        fix_time: ms since the epoch.
        lat: Degrees north x 1e7.
        lon: Degrees east x 1e7.
        accuracy: Decimetres, 1 to 65534.
        speed: cm/s, 0 to 65534.
        heading: Hundredths of a degree, 0 to 35999.
        altitude: Metres, -32767 to 32767.
        battery: Percent, 0 to 100.
    """

    fix_time: int
    lat: int
    lon: int
    accuracy: int | None = None
    speed: int | None = None
    heading: int | None = None
    altitude: int | None = None
    battery: int | None = None

    def to_fix(self) -> Fix:
        """The position in the contract's units."""
        return Fix(
            lat=self.lat / DEGREE,
            lon=self.lon / DEGREE,
            fix_time=self.fix_time,
            accuracy=None if self.accuracy is None else self.accuracy / 10,
            heading=None if self.heading is None else self.heading / 100,
            speed=None if self.speed is None else self.speed / 100,
            altitude=self.altitude,
            battery=self.battery,
        )


def read_fix(data: object) -> Fix | None:
    """Reads one fix leniently: a bad optional field is unknown, unknown fields are ignored.

    Returns:
        The fix, or None where latitude and longitude are not both finite numbers in range.
    """
    if not isinstance(data, dict):
        return None
    lat, lon = _finite(data, "lat"), _finite(data, "lon")
    if lat is None or lon is None or not (-90 <= lat <= 90 and -180 <= lon <= 180):
        return None
    fix_time, battery = _finite(data, "fix_time"), _finite(data, "battery")
    return Fix(
        lat=lat,
        lon=lon,
        fix_time=None if fix_time is None or not 0 <= fix_time <= MAX_FIX_TIME else int(fix_time),
        accuracy=_finite(data, "accuracy"),
        heading=_finite(data, "heading"),
        speed=_finite(data, "speed"),
        altitude=_finite(data, "altitude"),
        battery=None if battery is None or not 0 <= battery <= 100 else round(battery),
    )


def read_valid_fix(data: object) -> Fix | None:
    """As `read_fix`; None also for a place of 0, 0, which `accept` refuses."""
    fix = read_fix(data)
    return None if fix is None or accept(fix, 0) is None else fix


def readable(fix: Fix) -> Fix | None:
    """What a receiver's reading says: fields that mean "unknown", such as a heading of -1, are None.

    Returns:
        The fix, or None where it says no place: out of range, or 0, 0, which receivers say before they know one.
    """
    if accept(fix, 0) is None:
        return None
    return replace(
        fix,
        accuracy=fix.accuracy if _is_within(fix.accuracy, 0, math.inf) and fix.accuracy != 0 else None,
        heading=fix.heading if _is_within(fix.heading, 0, 360) else None,
        speed=fix.speed if _is_within(fix.speed, 0, math.inf) else None,
        altitude=fix.altitude if _is_within(fix.altitude, -math.inf, math.inf) else None,
        battery=fix.battery if _is_within(fix.battery, 0, 100) else None,
    )


def accept(fix: Fix, now: int) -> Position | None:
    """Turns a reading into a position.

    Args:
        fix: The reading.
        now: The server's time, ms since the epoch; a fix from the future counts as now.

    Returns:
        The quantised position, its bad optional fields unknown; None where the place itself is not finite and in range,
        or is 0, 0, which receivers say before they know where they are.
    """
    position = quantised(fix, now)
    return None if position is None or position.lat == position.lon == 0 else position


def quantised(fix: Fix, now: int) -> Position | None:
    """As `accept`, for a fix that a server has accepted already: any place on the Earth."""
    if not (_is_number(fix.lat) and _is_number(fix.lon) and -90 <= fix.lat <= 90 and -180 <= fix.lon <= 180):
        return None
    fix_time = fix.fix_time
    if fix_time is None or not isinstance(fix_time, int) or not 0 <= fix_time <= now:
        fix_time = now
    heading = _scaled(fix.heading, 100, 0, 36_000)
    return Position(
        fix_time=fix_time,
        lat=round(fix.lat * DEGREE),
        lon=round(fix.lon * DEGREE),
        accuracy=_accuracy(fix.accuracy),
        speed=_scaled(fix.speed, 100, 0, MAX_U16 - 1, saturate=True),
        heading=None if heading is None else heading % 36_000,
        altitude=_scaled(fix.altitude, 1, MIN_I16 + 1, MAX_I16, saturate=True),
        battery=_scaled(fix.battery, 1, 0, 100),
    )


def exact_place(lat: float, lon: float) -> tuple[float, float] | None:
    """A place in degrees, as exact as positions are; None where it is none, or 0, 0, which `accept` refuses."""
    position = accept(Fix(lat, lon), 0)
    return None if position is None else (position.lat / DEGREE, position.lon / DEGREE)


def clamp(position: Position, now: int) -> Position | None:
    """Checks a position that arrived already quantised (a packed fix), by the rules of `accept`.

    Returns:
        The position with bad optional fields unknown and its time at most `now`; None where the place is out of range,
        or is 0, 0.
    """
    fix_time, lat, lon, accuracy, speed, heading, altitude, battery = position
    if not (-90 * DEGREE <= lat <= 90 * DEGREE and -180 * DEGREE <= lon <= 180 * DEGREE) or lat == lon == 0:
        return None
    if (
        fix_time <= now
        and accuracy != 0
        and (heading is None or heading < 36_000)
        and (battery is None or battery <= 100)
    ):
        return position
    if heading is not None and heading >= 36_000:
        heading = 0 if heading == 36_000 else None
    if battery is not None and battery > 100:
        battery = None
    return Position(min(fix_time, now), lat, lon, accuracy or None, speed, heading, altitude, battery)


def is_newer(position: Position, newest: Position | None) -> bool:
    """Whether a position may replace the newest one: an older fix is refused, an equal time is accepted."""
    return newest is None or position.fix_time >= newest.fix_time


def no_later(position: Position, now: int) -> Position:
    """A position whose time is at most `now` (ms since the epoch): what was accepted by a clock that was ahead."""
    return position if position.fix_time <= now else position._replace(fix_time=now)


def _is_number(value: object) -> bool:
    if isinstance(value, bool):
        return False
    # An integer is finite; asking math.isfinite fails for those that no float can hold.
    return isinstance(value, int) or (isinstance(value, float) and math.isfinite(value))


def _is_within(value: float | None, low: float, high: float) -> bool:
    return value is not None and _is_number(value) and low <= value <= high


def _accuracy(metres: float | None) -> int | None:
    """No receiver is exact: 0, as less than 0, says that it does not know. The finest that is told is a decimetre."""
    if not _is_within(metres, 0, math.inf) or metres == 0:
        return None
    return max(1, _scaled(metres, 10, 0, MAX_U16 - 1, saturate=True) or 0)


def _scaled(value: float | None, scale: int, low: int, high: int, *, saturate: bool = False) -> int | None:
    """Quantises an optional field; a value of the wrong kind or out of range is unknown unless it may saturate."""
    if value is None or not _is_number(value):
        return None
    # Bounded before it is scaled: a finite number times the scale may be infinite, which no integer can hold.
    scaled = round(max(low / scale - 1, min(high / scale + 1, value)) * scale)
    if saturate:
        return None if scaled < low and low == 0 else max(low, min(high, scaled))
    return scaled if low <= scaled <= high else None


def _finite(data: Mapping[str, object], name: str) -> float | None:
    value = data.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if isinstance(value, int) and abs(value) > MAX_FIX_TIME:
        return None
    return value if math.isfinite(value) else None
