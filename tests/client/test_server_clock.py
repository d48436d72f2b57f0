"""The server's clock, by the same vectors as the page, and the times of fixes that follow from it."""

import json
from pathlib import Path
from typing import Any

import pytest

from cavalcade.client.server_clock import ServerClock
from cavalcade.client.stamps import Stamps
from cavalcade.domain.fix import Fix

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "server_clock.json").read_text())
NOW, HOUR = 1_790_000_000_000, 3_600_000
HERE = Fix(60.17, 24.94)


@pytest.mark.parametrize("vector", [pytest.param(one, id=one["name"]) for one in VECTORS])
def test_the_servers_clock(vector: dict[str, Any]) -> None:
    clock = ServerClock(**vector["start"])
    for step in vector["steps"]:
        clock.look(steady=step["steady"], wall=step["wall"])
        if "heard" in step:
            assert clock.hear(step["heard"], step["steady"]) == step["by"]
        assert clock.now(step["steady"]) == step["now"]
        assert clock.is_unsure is step.get("unsure", clock.is_unsure)


def test_a_fix_that_was_taken_before_the_server_was_heard_gets_its_time_then() -> None:
    stamps = Stamps(steady=0, wall=NOW - 2 * HOUR)
    early = stamps.stamp(HERE, steady=1_000, wall=NOW - 2 * HOUR + 1_000)
    stamps.hear(NOW + 5_000, 5_000)
    assert stamps.settled(early).fix_time == NOW + 1_000
    late = stamps.stamp(HERE, steady=6_000, wall=NOW - 2 * HOUR + 6_000)
    assert stamps.settled(late) == late
    assert late.fix_time == NOW + 6_000


def test_a_fix_that_was_taken_after_the_device_slept_gets_its_time_when_the_server_is_heard_again() -> None:
    stamps = Stamps(steady=0, wall=NOW)
    stamps.hear(NOW, 0)
    before = stamps.stamp(HERE, steady=1_000, wall=NOW + 1_000)
    after = stamps.stamp(HERE, steady=2_000, wall=NOW + HOUR)
    stamps.hear(NOW + HOUR + 3_000, 5_000)
    assert stamps.settled(before).fix_time == NOW + 1_000
    assert stamps.settled(after).fix_time == NOW + HOUR


def test_a_clock_that_is_set_moves_no_fix() -> None:
    stamps = Stamps(steady=0, wall=NOW - HOUR)
    stamps.hear(NOW, 0)
    given = stamps.stamp(Fix(60.17, 24.94, NOW - HOUR + 1_000), steady=1_000, wall=NOW - HOUR + 1_000)
    # The network sets the clock right; the receiver's next stamp is on the new one.
    taken = stamps.stamp(Fix(60.17, 24.94, NOW + 2_000), steady=2_000, wall=NOW + 2_000)
    stamps.hear(NOW + 3_000, 3_000)
    assert [stamps.settled(fix).fix_time for fix in (given, taken)] == [NOW + 1_000, NOW + 2_000]


def test_the_fixes_that_are_remembered_are_bounded() -> None:
    stamps = Stamps(steady=0, wall=NOW)
    told = [stamps.stamp(HERE, steady=number, wall=NOW + number) for number in range(2_000)]
    stamps.hear(NOW + HOUR, 2_000)
    corrected = [stamps.settled(fix) != fix for fix in told]
    assert sum(corrected) == 512
    assert all(corrected[-512:])
