"""What a client judges of places, on the vectors that hold the page to the same rules."""

from typing import Any

import pytest

from cavalcade.client.place_rules.presence import Presence, follow
from cavalcade.client.place_rules.where_one_was import keep, where_one_was
from cavalcade.domain.fix import Fix
from cavalcade.domain.geo import destination, distance_m
from tests.client.gatherings import VECTORS, Gathering, place_at
from tests.client.rides import AT, START, seconds, spans


def named(kind: str) -> list[Any]:
    """The vectors of a kind, as parameters."""
    return [pytest.param(one, id=one["name"]) for one in VECTORS[kind]]


@pytest.mark.parametrize("case", named("where"))
def test_where_one_was(case: dict[str, Any]) -> None:
    fixes: tuple[Fix, ...] = ()
    for second, north, *accuracy in case["fixes"]:
        lat, lon = destination(*START, 0, north)
        fixes = keep(fixes, Fix(lat, lon, AT + second * 1000, *accuracy))
    there = where_one_was(fixes, AT + int(case["now"] * 1000))
    assert (there is None) is (case["north"] is None)
    if there is not None:
        assert distance_m(*there, *destination(*START, 0, case["north"])) < 0.1


@pytest.mark.parametrize("case", named("presence"))
def test_who_is_there(case: dict[str, Any]) -> None:
    place = place_at({"place": 5, "kind": "meet", "at": 0, "radius": case.get("radius")}, 0)
    presence, here = Presence(), []
    for fix, _ in seconds(case):
        presence = presence if fix is None else follow(presence, fix, place)
        here.append(presence.is_here)
    assert spans(here) == case["here"]


@pytest.mark.parametrize("case", named("judged"))
def test_what_a_client_finds(case: dict[str, Any]) -> None:
    found, boards = Gathering(case).happens()
    assert found == case["then"]
    assert boards == case.get("boards", [])
