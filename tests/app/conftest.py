"""Somebody in a session, without a network."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cavalcade.app.screens.base import ScreenContext
from tests.app import drawn


@pytest.fixture
async def closed_afterwards() -> AsyncIterator[None]:
    """Ends what `offline` began: the tests after this one look at what is still at work."""
    yield
    await drawn.close_all()


@pytest.fixture
def device() -> drawn.Speaking:
    """The device that `around` is on."""
    return drawn.Speaking()


@pytest.fixture
async def around(tmp_path: Path, device: drawn.Speaking) -> AsyncIterator[ScreenContext]:
    """What screens are made with."""
    yield drawn.offline(tmp_path, device=device)
    await drawn.close_all()
