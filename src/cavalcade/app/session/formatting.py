"""Times, distances and directions in the reader's words; pure."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from enum import StrEnum
from itertools import takewhile
from typing import Final

from cavalcade.strings import Words

SECOND, MINUTE, HOUR, DAY = 1_000, 60_000, 3_600_000, 86_400_000
FEET_PER_METRE: Final = 3.280_84
METRES_PER_MILE: Final = 1_609.344
MILES_REGIONS: Final = frozenset({"US", "GB", "LR", "MM", "PR", "GU", "VI", "AS", "MP", "IM", "JE", "GG"})
"""Where roads are signed in miles."""

_COMPASS: Final = ("n", "ne", "e", "se", "s", "sw", "w", "nw")


class Units(StrEnum):
    """Kilometres or miles."""

    METRIC = "metric"
    IMPERIAL = "imperial"


def regions(tags: Iterable[str]) -> Iterator[str]:
    """The regions that a list of language tags names, as in `en-GB`, in capitals."""
    for tag in tags:
        parts = tag.replace("_", "-").partition(".")[0].split("-")[1:]
        # A single letter begins extensions, whose own parts may have two letters.
        region = next((part for part in takewhile(lambda part: len(part) > 1, parts) if len(part) == 2), None)
        if region is not None:
            yield region.upper()


def units_of(tags: Iterable[str]) -> Units:
    """The units of the first region that a list of language tags names; metric where none does."""
    return Units.IMPERIAL if next(regions(tags), "") in MILES_REGIONS else Units.METRIC


class Format:
    """How one reader is told numbers.

    Attributes:
        words: In which language.
        units: In kilometres or miles.
        has_local_clock: Whether this program runs where the reader is. Elsewhere times of day are UTC, and say so.
    """

    def __init__(self, words: Words, units: Units, *, has_local_clock: bool = True) -> None:
        self.words = words
        self.units = units
        self.has_local_clock = has_local_clock

    def age(self, milliseconds: int) -> str:
        """How long ago: "just now", "40 s ago", "2 min ago"."""
        if milliseconds < 5 * SECOND:
            return self.words.say("time.justNow")
        return self.words.say("time.ago", length=self._parts(milliseconds)[0])

    def time_of_day(self, at: int, *, seconds: bool = False) -> str:
        """When, from ms since the epoch: "14:02", "14:02:11", "14:02 UTC"."""
        shape = "%H:%M:%S" if seconds else "%H:%M"
        if self.has_local_clock:
            return datetime.fromtimestamp(at / SECOND).astimezone().strftime(shape)
        return datetime.fromtimestamp(at / SECOND, UTC).strftime(f"{shape} UTC")

    def duration(self, milliseconds: int) -> str:
        """A length of time in at most two units: "7 h 42 min", "3 d 4 h", "50 s"."""
        return " ".join(self._parts(max(0, milliseconds)))

    def distance(self, metres: float) -> str:
        """As a person would say it: "40 m", "850 m", "1.2 km", "38 km", "300 ft", "1.2 mi"."""
        if self.units is Units.IMPERIAL:
            return self._far("length.miles", metres / METRES_PER_MILE, "length.feet", metres * FEET_PER_METRE, 0.19)
        return self._far("length.kilometres", metres / 1000, "length.metres", metres, 0.995)

    def speed(self, metres_per_second: float) -> str:
        """In km/h or mph."""
        if self.units is Units.IMPERIAL:
            per_hour = metres_per_second * 3600 / METRES_PER_MILE
            return self.words.say("length.milesPerHour", count=self.words.number(per_hour))
        return self.words.say("length.kilometresPerHour", count=self.words.number(metres_per_second * 3.6))

    def compass(self, degrees: float) -> str:
        """The point of the compass that a bearing is nearest to, of eight."""
        return self.words.say(f"compass.{_COMPASS[round(degrees / 45) % 8]}")

    def _parts(self, milliseconds: int) -> list[str]:
        days, hours = milliseconds // DAY, milliseconds % DAY // HOUR
        minutes, seconds = milliseconds % HOUR // MINUTE, milliseconds % MINUTE // SECOND
        say = self.words.say
        if days:
            return [say("time.days", count=days), *([say("time.hours", count=hours)] if hours else [])]
        if hours:
            return [say("time.hours", count=hours), *([say("time.minutes", count=minutes)] if minutes else [])]
        return [say("time.minutes", count=minutes)] if minutes else [say("time.seconds", count=seconds)]

    def _far(self, large_key: str, large: float, small_key: str, small: float, large_from: float) -> str:
        if large >= large_from:
            return self.words.say(large_key, count=self.words.number(large, 1 if large < 9.95 else 0))
        rounded = round(small) if small < 100 else round(small / 10) * 10
        return self.words.say(small_key, count=self.words.number(rounded))
