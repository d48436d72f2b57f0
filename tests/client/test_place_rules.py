"""What a client judges of places, on the vectors that hold the page to the same rules."""

import json
from pathlib import Path
from typing import Any, Final

import pytest

from cavalcade.client.place_rules.where_one_was import keep, where_one_was
from cavalcade.domain.fix import Fix
from cavalcade.domain.geo import destination, distance_m

VECTORS: Final = json.loads((Path(__file__).parents[1] / "vectors" / "place_rules.json").read_text())
START: Final = (60.17, 24.94)
AT: Final = 1_790_000_000_000


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
