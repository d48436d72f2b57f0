"""One running installation of each backend for all of these tests."""

from collections.abc import AsyncIterator

import pytest

from tests.hostile.installation import Installation, installed


@pytest.fixture(scope="session", params=["services", "monolith"])
async def installation(request: pytest.FixtureRequest) -> AsyncIterator[Installation]:
    """A `cavalcade up`, which must have the same processes afterwards, and no error in its logs."""
    async with installed(request.param) as running:
        before = running.pids()
        yield running
        assert running.pids() == before
        assert running.log_lines("error", "critical") == []
