"""One running installation for all scenarios, started as a user would; the backend and its size are parameters."""

from collections.abc import AsyncIterator

import pytest

from testbed.installations.installation import installation
from testbed.installations.proxy import Proxy

INSTALLATIONS = {
    "services": ("services", 1),
    "services-2": ("services", 2),
    "monolith": ("monolith", 1),
    "monolith-2": ("monolith", 2),
}

SETTINGS = {
    "CAVALCADE_MIN_LIFETIME_S": "1",
    "CAVALCADE_HOST_AWAY_S": "1",
    "CAVALCADE_PURGE_AFTER_S": "1",
    "CAVALCADE_SOS_AGAIN_S": "1",
}


@pytest.fixture(scope="session", params=list(INSTALLATIONS.values()), ids=list(INSTALLATIONS))
async def server(request: pytest.FixtureRequest) -> AsyncIterator[str]:
    """The base address of a `cavalcade up` with short times, on a port and a folder of its own."""
    async with installation(*request.param, settings=SETTINGS) as running:
        yield running.public_url


@pytest.fixture
async def wire(server: str) -> AsyncIterator[Proxy]:
    """A way to the server that can be cut."""
    async with Proxy(int(server.rpartition(":")[2])) as opened:
        yield opened
