"""Steps on real installations, as short as they can be."""

import dataclasses
import math

import pytest

from evaluation.measuring import Cores, measure, values_of
from evaluation.plan import Step, plan
from tests.testbed.load.readings import reading


@pytest.mark.long
@pytest.mark.parametrize("backend", ["services", "monolith"])
async def test_a_load_is_put_on_through_the_front_door(backend: str) -> None:
    sample = await measure(Step("load", backend, 1, members=3, sessions=2, seconds=1.0), Cores.of_this_machine())
    assert sample.raw["connections"] == 6
    assert sample.values["positions_per_s"] > 0
    assert {"Caddy_memory_mb", "PostgreSQL_memory_mb", "Valkey_memory_mb", "own_memory_mb"} <= sample.values.keys()
    assert sample.values["cpu_per_position_us"] > 0
    assert not math.isnan(sample.values["latency_p99_ms"])


@pytest.mark.parametrize("backend", [pytest.param("services", marks=pytest.mark.long), "monolith"])
async def test_everybody_is_back_after_a_storm(backend: str) -> None:
    sample = await measure(Step("storm", backend, 1, members=5, sessions=2), Cores.of_this_machine())
    assert sample.values["never_back"] == 0
    assert len(sample.raw["again_s"]) == 10  # type: ignore[arg-type]  # it is a list
    assert 0 < sample.values["back_p50_ms"] <= sample.values["back_all_ms"]


@pytest.mark.long
async def test_a_fault_is_measured_by_what_it_does_to_people() -> None:
    step = Step("fault", "monolith", 1, members=4, sessions=2, nodes=2, fault="sockets killed")
    sample = await measure(step, Cores.of_this_machine())
    assert (sample.flaw, sample.raw["findings"]) == (None, [])
    assert sample.values["broken_promises"] == 0
    assert sample.values["members"] >= 8
    # Each session is on one node: those of the other one keep their connections.
    assert sample.values["dropped"] + sample.values["untouched"] <= sample.values["members"]
    assert sample.values["healed_ms"] >= 250


def test_costs_are_for_each_position_and_member() -> None:
    step = Step("load", "services", 1, members=10, sessions=1)
    values = values_of(reading(server_cpu_s=0.01, received_bytes=100_000), step)
    assert values["cpu_per_position_us"] == pytest.approx(10)
    assert values["received_mb_per_member_hour"] == pytest.approx(3.6)
    assert values["delivered_share"] == 1.0


@pytest.mark.long
async def test_a_soak_looks_at_memory_again_and_again() -> None:
    [step] = [each for each in plan("soak", soak_s=3.0).steps if each.backend == "monolith"]
    sample = await measure(dataclasses.replace(step, sessions=2, members=3), Cores.of_this_machine())
    looks = sample.raw["memory_mb"]
    assert isinstance(looks, list)
    assert len(looks) > 10
    assert all(taken > 1 for _, taken in looks)
    assert not math.isnan(sample.values["own_memory_mb_per_hour"])
