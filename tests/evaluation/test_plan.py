"""The steps of an evaluation."""

from typing import Literal

import pytest

from cavalcade.evaluation.comparison import shape_of
from cavalcade.evaluation.plan import BACKENDS, plan

NAMES: tuple[Literal["quick", "full", "soak"], ...] = ("quick", "full", "soak")


@pytest.mark.parametrize("name", NAMES)
def test_every_step_has_a_name_of_its_own(name: Literal["quick", "full", "soak"]) -> None:
    steps = plan(name).steps
    assert len({step.name for step in steps}) == len(steps)
    assert all("/" not in step.name for step in steps)


@pytest.mark.parametrize("name", NAMES)
def test_the_backends_take_turns(name: Literal["quick", "full", "soak"]) -> None:
    steps = plan(name).steps
    for one, other in zip(steps[::2], steps[1::2], strict=True):
        assert {one.backend, other.backend} == set(BACKENDS)
        assert (shape_of(one), one.round) == (shape_of(other), other.round)


def test_neither_backend_is_always_first() -> None:
    assert {step.backend for step in plan("full").steps[::2]} == set(BACKENDS)


def test_the_whole_has_all_sizes_rounds_and_more_than_one_node() -> None:
    steps = plan("full").steps
    assert {step.members for step in steps if step.kind == "load"} == {2, 10, 50, 200}
    assert {step.round for step in steps} == {1, 2, 3}
    assert {step.nodes for step in steps} == {1, 2}
    assert {step.pattern for step in steps} == {"spread", "clustered"}
