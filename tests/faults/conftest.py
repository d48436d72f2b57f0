"""Installations for the faults, and a table of what each was like at the end of the run."""

from collections.abc import AsyncIterator, Callable

import pytest

from cavalcade.evaluation.installation import Installation, installation
from cavalcade.evaluation.recovery import Recovery

_recoveries: dict[str, Recovery] = {}


@pytest.fixture(scope="session")
async def running(request: pytest.FixtureRequest) -> AsyncIterator[Installation]:
    """A `cavalcade up` with a backend and a number of processes, for all faults of these."""
    async with installation(*request.param) as started:
        yield started


@pytest.fixture
def note(request: pytest.FixtureRequest) -> Callable[[Recovery], None]:
    """Keeps what a fault was like, for the table."""
    name = request.node.callspec.id

    def keep(recovery: Recovery) -> None:
        _recoveries[name] = recovery

    return keep


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Shows the table."""
    if _recoveries:
        terminalreporter.section("faults")
        terminalreporter.write_line(f"{'':50} dropped   joined    fresh  repeated")
    for name, recovery in _recoveries.items():
        dropped = f"{recovery.dropped}/{recovery.members}"
        terminalreporter.write_line(
            f"{name:50} {dropped:>7} {recovery.joined_ms:5} ms {recovery.fresh_ms:5} ms {recovery.repeated:9}"
        )
