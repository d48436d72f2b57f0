"""What a client judges of motion, by the same vectors as the page."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cavalcade.client.motion.judging import Memory, judge
from cavalcade.client.motion.riding import Riding, follow, is_passenger, is_riding, say_passenger
from cavalcade.client.motion.scene import Person, Scene
from cavalcade.domain.fix import Fix
from cavalcade.domain.geo import destination
from tests.client.rides import AT, START, happens, named, seconds, spans


def looks(ride: dict[str, Any]) -> Iterator[tuple[Riding, int]]:
    """What is known of somebody's riding each second."""
    riding = Riding()
    for second, (fix, _) in enumerate(seconds(ride)):
        riding = riding if fix is None else follow(riding, fix)
        if second == ride.get("said"):
            riding = say_passenger(riding, AT + second * 1000)
        yield riding, AT + second * 1000


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


@pytest.mark.parametrize("riders", [1, 8])
def test_a_recorded_city_ride_proposes_nothing_at_a_light(riders: int) -> None:
    rows = json.loads((Path(__file__).parents[1] / "vectors" / "city_ride.json").read_text())["fixes"]
    there = {second: destination(*destination(*START, 0, north / 10), 90, east / 10) for second, north, east in rows}
    newest: dict[int, Fix] = {}
    memory, found, rode, stood = Memory(), list[object](), 0, 0
    for second in range(rows[-1][0] + 1):
        now = AT + second * 1000
        for who in range(1, riders + 1):
            # Four seconds behind one another; the one who looks is in their middle.
            if (place := there.get(second - 4 * who)) is not None:
                newest[who] = Fix(*place, now)
        me = (riders + 1) // 2
        memory, findings = judge(memory, Scene(now, me, [Person(who, fix=fix) for who, fix in newest.items()]))
        found += [*findings.alerts, *(["asked"] if memory.is_asking else [])]
        rode += is_riding(memory.riding, now)
        stood += memory.stopping.stop is not None
    assert found == []
    assert rode > 600
    assert stood > 60
