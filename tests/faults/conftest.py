"""Installations for the faults."""

import secrets
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest

from cavalcade.settings import DATABASE_URL, REDIS_URL, SECRET, SOS_AGAIN_S
from cavalcade.stack import postgres, valkey
from cavalcade.stack.process import Process
from testbed.faults.recovery import Recovery
from testbed.installations.installation import Installation, installation
from testbed.installations.proxy import Proxy
from tests.summary import RECOVERY


@pytest.fixture(scope="session")
async def running(request: pytest.FixtureRequest) -> AsyncIterator[Installation]:
    """A `cavalcade up` with a backend and a number of processes, for all faults of these."""
    async with installation(*request.param, settings={SOS_AGAIN_S: "3"}) as started:
        yield started


@dataclass(frozen=True)
class Apart:
    """An installation whose servers are elsewhere."""

    installation: Installation
    database_url: str
    """Past all ways."""
    ways: dict[str, Proxy]


@pytest.fixture(scope="session")
async def apart(request: pytest.FixtureRequest) -> AsyncIterator[Apart]:
    """An installation with a backend and a number of processes, which reaches its servers over TCP."""
    with tempfile.TemporaryDirectory(prefix="cavalcade-faults-") as name:
        folder = Path(name)
        (folder / "valkey").mkdir()
        postgres.create(folder / "postgres")
        services = [
            postgres.service(folder / "postgres", folder, folder / "postgres.log"),
            valkey.service(folder / "valkey", folder / "valkey.sock", folder / "valkey.log"),
        ]
        async with AsyncExitStack() as stack:
            for service in services:
                process = await Process.start(service)
                stack.push_async_callback(process.stop)
                await process.until_ready()
            to_postgres = await stack.enter_async_context(Proxy(folder / postgres.SOCKET_NAME))
            to_valkey = await stack.enter_async_context(Proxy(folder / "valkey.sock"))
            settings = {
                DATABASE_URL: f"postgresql://{postgres.USER}@127.0.0.1:{to_postgres.port}/{postgres.DATABASE}",
                REDIS_URL: f"redis://127.0.0.1:{to_valkey.port}",
                SECRET: secrets.token_urlsafe(32),
            }
            running = await stack.enter_async_context(installation(*request.param, settings=settings))
            yield Apart(running, postgres.url(folder), {"postgres": to_postgres, "valkey": to_valkey})


@pytest.fixture
def note(record_property: Callable[[str, object], None]) -> Callable[[Recovery], None]:
    """Keeps what a fault was like, for the table at the end of the run."""
    return lambda recovery: record_property(RECOVERY, asdict(recovery))
