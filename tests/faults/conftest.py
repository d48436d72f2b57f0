"""Installations for the faults."""

from collections.abc import AsyncIterator, Callable
from dataclasses import asdict

import pytest

from cavalcade.evaluation.installation import Installation, installation
from cavalcade.evaluation.recovery import Recovery
from tests.summary import RECOVERY


@pytest.fixture(scope="session")
async def running(request: pytest.FixtureRequest) -> AsyncIterator[Installation]:
    """A `cavalcade up` with a backend and a number of processes, for all faults of these."""
    async with installation(*request.param) as started:
        yield started


@pytest.fixture
def note(record_property: Callable[[str, object], None]) -> Callable[[Recovery], None]:
    """Keeps what a fault was like, for the table at the end of the run."""
    return lambda recovery: record_property(RECOVERY, asdict(recovery))
