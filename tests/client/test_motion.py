"""What a client judges of motion, by the same vectors as the page."""

from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from cavalcade.client.motion.riding import Riding, follow, is_passenger, is_riding, say_passenger
from cavalcade.domain.fix import Fix
from tests.client.rides import AT, START, happens, named, seconds


def looks(ride: dict[str, Any]) -> Iterator[tuple[Riding, int]]:
    """What is known of somebody's riding each second."""
    riding = Riding()
    for second, (fix, _) in enumerate(seconds(ride)):
        riding = riding if fix is None else follow(riding, fix)
        if second == ride.get("said"):
            riding = say_passenger(riding, AT + second * 1000)
        yield riding, AT + second * 1000


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


@pytest.mark.parametrize("vector", named("judged"))
def test_what_a_client_finds(vector: dict[str, Any]) -> None:
    assert happens(vector) == vector["then"]
