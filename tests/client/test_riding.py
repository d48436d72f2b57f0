"""Who rides, by the same vectors as the page."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from cavalcade.client.motion.riding import Riding, follow, is_passenger, is_riding, say_passenger
from cavalcade.domain.fix import Fix
from cavalcade.domain.geo import destination

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "motion.json").read_text())
START = (60.17, 24.94)
AT = 1_790_000_000_000


def named(kind: str) -> list[Any]:
    return [pytest.param(one, id=one["name"]) for one in VECTORS[kind]]


def looks(ride: dict[str, Any]) -> Iterator[tuple[Riding, int]]:
    """What is known each second of a ride straight north."""
    riding, metres, second = Riding(), 0.0, 0
    for seconds, speed in ride["legs"]:
        for _ in range(seconds):
            now = AT + second * 1000
            if speed is not None:
                lat, lon = destination(*START, 0, metres)
                told = None if ride.get("without_speed") else speed
                riding = follow(riding, Fix(lat, lon, now, accuracy=ride.get("accuracy"), speed=told))
            if second == ride.get("said"):
                riding = say_passenger(riding, now)
            yield riding, now
            metres += speed or 0
            second += 1


def spans(holds: Sequence[bool]) -> list[list[int]]:
    """From when to when something holds, in seconds."""
    ends = [*holds, False]
    begins = [at for at, one in enumerate(holds) if one and (at == 0 or not ends[at - 1])]
    return [[begin, ends.index(False, begin)] for begin in begins]


@pytest.mark.parametrize("vector", named("riding"))
def test_who_rides(vector: dict[str, Any]) -> None:
    assert spans([is_riding(riding, now) for riding, now in looks(vector)]) == vector["rides"]


@pytest.mark.parametrize("vector", named("passengers"))
def test_who_is_a_passenger(vector: dict[str, Any]) -> None:
    assert spans([is_passenger(riding, now) for riding, now in looks(vector)]) == vector["holds"]


def test_a_fix_that_is_no_newer_changes_nothing() -> None:
    riding = follow(Riding(), Fix(*START, AT, speed=10.0))
    assert follow(riding, Fix(*START, AT, speed=0.0)) is riding
    assert follow(riding, Fix(*START, AT - 1, speed=0.0)) is riding
    assert follow(riding, Fix(*START, None, speed=0.0)) is riding
