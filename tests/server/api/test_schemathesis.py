"""schemathesis: whatever it makes of the OpenAPI document, no answer is a 5xx or other than documented."""

import asyncio
import contextlib
import dataclasses
from collections.abc import AsyncIterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from prometheus_client import CollectorRegistry
from schemathesis import GenerationMode, checks
from schemathesis.core.result import Ok
from schemathesis.specs.openapi import checks as conformance

from cavalcade.server.access.rate_limits import Quota, RateLimits
from cavalcade.server.api.application import create_app
from cavalcade.server.api.handlers import HANDLERS
from cavalcade.server.api.openapi import document
from cavalcade.server.http.serving import serve_http
from testbed.installations.installation import free_port
from tests.quotas import AMPLE
from tests.server.conftest import PUBLIC_URL, SECRET, Running, bearer

SCHEMA = schemathesis.openapi.from_dict(document(HANDLERS, PUBLIC_URL))
OPERATIONS = {found.ok().label: found.ok() for found in SCHEMA.get_all_operations() if isinstance(found, Ok)}
CHECKS = [
    checks.not_a_server_error,
    conformance.status_code_conformance,
    conformance.content_type_conformance,
    conformance.response_headers_conformance,
    conformance.response_schema_conformance,
]


class Unlimited(RateLimits):
    """No quota is ever used up."""

    async def take(self, quota: Quota, subject: str, *, once: str | None = None) -> None:
        """Takes nothing."""


@pytest.fixture(scope="module")
async def address(server: Running) -> AsyncIterator[str]:
    """The same API on TCP, where nothing is limited, so that all of them get to the end."""
    app = create_app(dataclasses.replace(server.api, limits=Unlimited(None, SECRET, AMPLE)), CollectorRegistry())
    port = free_port()
    serving = asyncio.create_task(serve_http(app, f"127.0.0.1:{port}"))
    async with asyncio.timeout(5):
        while True:
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                break
    yield f"http://127.0.0.1:{port}"
    serving.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await serving


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
@pytest.mark.parametrize("inside", [False, True], ids=["outside", "inside"])
@pytest.mark.parametrize("label", OPERATIONS)
async def test_answers_as_documented(
    server: Running, address: str, label: str, mode: GenerationMode, *, inside: bool
) -> None:
    created = await server.create()
    operation = OPERATIONS[label]

    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(
        max_examples=15,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def run(case: Any) -> None:
        headers = {}
        if inside:  # past the door: a session that there is, with its token and code
            case.path_parameters = {**case.path_parameters, "session_id": created["session"]["id"]}
            headers = bearer(created)
            if isinstance(case.body, dict) and "code" in case.body:
                case.body["code"] = created["code"]
        case.call_and_validate(base_url=address, headers=headers, checks=CHECKS)

    await asyncio.to_thread(run)
