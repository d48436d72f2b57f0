"""Faults while people ride, stand still, come and go: afterwards the checker must be content with what all saw."""

from collections.abc import Callable, Iterable
from itertools import product

import pytest

from cavalcade.stack.programs import BACKENDS
from testbed.faults.recovery import Recovery
from testbed.faults.robustness import Outcome, endure
from testbed.faults.table import Fault, faults, faults_on_the_way
from testbed.installations.installation import Installation
from tests.faults.conftest import Apart

MOST_SHOWN = 20
NODES = (1, 2)


SHAPES = tuple(product(BACKENDS, NODES))
Note = Callable[[Recovery], None]


def cases(fixture: str, table: Callable[[str, int], Iterable[Fault]]) -> pytest.MarkDecorator:
    """All faults of a table; those of one shape are beside each other, so that they share an installation."""
    parameters = []
    for shape in SHAPES:
        for fault in table(*shape):
            marks = [] if fault.is_quick and shape[1] == 1 else [pytest.mark.long]
            name = f"{shape[0]} x{shape[1]}: {fault.title}".replace(" ", "_")
            parameters.append(pytest.param(shape, fault, marks=marks, id=name))
    return pytest.mark.parametrize((fixture, "fault"), parameters, indirect=[fixture], scope="session")


@cases("running", faults)
async def test_nothing_is_lost(running: Installation, fault: Fault, note: Note) -> None:
    judge(await endure(running, fault), fault, note)


@cases("apart", lambda *_: faults_on_the_way())
async def test_nothing_is_lost_on_a_bad_way_to_the_servers(apart: Apart, fault: Fault, note: Note) -> None:
    outcome = await endure(apart.installation, fault, database_url=apart.database_url, ways=apart.ways)
    judge(outcome, fault, note)


def judge(outcome: Outcome, fault: Fault, note: Note) -> None:
    """Keeps what a fault was like, and fails where anything was wrong at the end."""
    note(outcome.recovery)
    if outcome.findings:
        findings = [str(each) for each in outcome.findings[:MOST_SHOWN]]
        pytest.fail("\n".join([f"{len(outcome.findings)} findings, such as", *findings]), pytrace=False)
    assert fault.drops or outcome.recovery.dropped == 0
