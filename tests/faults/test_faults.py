"""Faults while people ride, stand still, come and go: afterwards the checker must be content with what all saw."""

from collections.abc import Callable, Iterator
from itertools import product

import pytest

from cavalcade.evaluation.faults import Fault, faults
from cavalcade.evaluation.installation import Installation
from cavalcade.evaluation.plan import BACKENDS
from cavalcade.evaluation.recovery import Recovery
from cavalcade.evaluation.robustness import endure

MOST_SHOWN = 20
NODES = (1, 2)


def cases() -> Iterator[object]:
    for shape in product(BACKENDS, NODES):
        for fault in faults(*shape):
            marks = [] if fault.is_quick and shape[1] == 1 else [pytest.mark.long]
            name = f"{shape[0]} x{shape[1]}: {fault.title}".replace(" ", "_")
            yield pytest.param(shape, fault, marks=marks, id=name)  # the same shape each time: the same installation


@pytest.mark.parametrize(("running", "fault"), [*cases()], indirect=["running"], scope="session")
async def test_nothing_is_lost(running: Installation, fault: Fault, note: Callable[[Recovery], None]) -> None:
    outcome = await endure(running, fault)
    note(outcome.recovery)
    if outcome.findings:
        findings = [str(each) for each in outcome.findings[:MOST_SHOWN]]
        pytest.fail("\n".join([f"{len(outcome.findings)} findings, such as", *findings]), pytrace=False)
    assert fault.drops or outcome.recovery.dropped == 0
