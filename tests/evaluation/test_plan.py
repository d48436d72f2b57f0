"""The steps of an evaluation."""

from typing import Literal

import pytest

from cavalcade.stack.programs import BACKENDS
from evaluation.comparison import shape_of
from evaluation.plan import QUICK_FAULTS, plan
from testbed.faults.table import faults

ONLY = ("api",)
"""The processes that one backend alone has."""

NAMES: tuple[Literal["quick", "full", "soak"], ...] = ("quick", "full", "soak")


@pytest.mark.parametrize("name", NAMES)
def test_every_step_has_a_name_of_its_own(name: Literal["quick", "full", "soak"]) -> None:
    steps = plan(name).steps
    assert len({step.name for step in steps}) == len(steps)
    assert all("/" not in step.name for step in steps)


@pytest.mark.parametrize("name", NAMES)
def test_the_backends_take_turns(name: Literal["quick", "full", "soak"]) -> None:
    steps = [step for step in plan(name).steps if step.backend in BACKENDS and step.fault.partition(" ")[0] not in ONLY]
    for one, other in zip(steps[::2], steps[1::2], strict=True):
        assert {one.backend, other.backend} == set(BACKENDS)
        assert (shape_of(one), one.round) == (shape_of(other), other.round)


def test_neither_backend_is_always_first() -> None:
    steps = [step for step in plan("full").steps if step.kind == "load" and step.backend in BACKENDS]
    assert {step.backend for step in steps[::2]} == set(BACKENDS)


def test_the_whole_has_every_fault_and_a_first_look_the_quick_ones() -> None:
    for backend in BACKENDS:
        tried = {
            name: [
                step.fault for step in plan(name).steps if step.backend == backend and step.fault and step.nodes == 1
            ]
            for name in NAMES
        }
        assert tried["full"] == [fault.name for fault in faults(backend, 1)]
        assert tried["quick"] == [fault.name for fault in faults(backend, 1) if fault.name in QUICK_FAULTS]
        assert tried["soak"] == []


def test_the_whole_has_all_sizes_rounds_and_more_than_one_node() -> None:
    steps = plan("full").steps
    assert {step.members for step in steps if step.kind == "load"} == {2, 10, 50, 200}
    assert {step.round for step in steps} == {1, 2, 3}
    assert {step.nodes for step in steps if step.kind == "load"} == {1, 2}
    assert {step.nodes for step in steps if step.kind == "fault"} == {1, 2}
    assert {step.pattern for step in steps} == {"spread", "clustered"}


@pytest.mark.parametrize(("name", "minutes"), [("quick", 5), ("full", 40), ("soak", 65)])
def test_a_plan_is_not_longer_than_it_says(name: Literal["quick", "full", "soak"], minutes: float) -> None:
    assert sum(step.estimate_s for step in plan(name).steps) < minutes * 60


def test_a_soak_can_be_shorter() -> None:
    assert [step.seconds for step in plan("soak", soak_s=20.0).steps] == [20.0, 20.0]
