"""Which readings count."""

import pytest

from testbed.load.run import flaw_of
from tests.testbed.load.readings import reading


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, None),
        ({"late": 2}, "load generator was saturated"),
        ({"positions": 800}, "80% of the positions"),
        ({"positions": 0}, "nothing"),
    ],
)
def test_runs_that_say_nothing_of_the_server_do_not_count(changes: dict[str, float], said: str | None) -> None:
    flaw = flaw_of(reading(**changes), receivers=10)
    assert flaw is None if said is None else said in (flaw or "")
