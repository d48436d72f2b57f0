"""Failures that no call of ours provokes, and how little is told of them."""

import httpx
import pytest
from litestar import Litestar, get
from litestar.exceptions import HTTPException
from structlog.testing import capture_logs

from cavalcade.domain.errors import ErrorCode, Rejected
from cavalcade.server.http.access_log import observed
from cavalcade.server.http.problems import EXCEPTION_HANDLERS, KINDS
from cavalcade.storage.errors import Unavailable


def client(error: Exception) -> httpx.AsyncClient:
    """An application whose only call fails in this way."""

    @get("/")
    async def fail() -> None:
        raise error

    app = observed(Litestar([fail], exception_handlers=EXCEPTION_HANDLERS, openapi_config=None, logging_config=None))
    transport = httpx.ASGITransport(app)  # type: ignore[arg-type]  # Litestar has types of its own for ASGI
    return httpx.AsyncClient(transport=transport, base_url="http://api")


@pytest.mark.parametrize("error", [ValueError("a secret"), HTTPException("a secret", status_code=418)])
async def test_a_failure_of_ours_tells_nothing(error: Exception) -> None:
    with capture_logs() as lines:
        async with client(error) as http:
            answer = await http.get("/")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert answer.headers["content-type"] == "application/problem+json"
    assert "a secret" not in answer.text
    assert [line["event"] for line in lines] == ["request_failed", "request"]


@pytest.mark.parametrize("code", list(ErrorCode))
async def test_every_rejection_has_its_status(code: ErrorCode) -> None:
    async with client(Rejected(code, retry_after_s=7)) as http:
        answer = await http.get("/")
    body = answer.json()
    assert answer.status_code == body["status"] == KINDS[code].status
    assert (body["code"], body["type"]) == (code, f"/api/docs#{code}")
    assert body["detail"]
    assert answer.headers.get("retry-after") == ("7" if code.retry else None)
    assert answer.headers.get("www-authenticate") == ("Bearer" if code is ErrorCode.UNAUTHORIZED else None)


async def test_a_database_that_is_away_is_no_failure_of_ours() -> None:
    async with client(Unavailable("the driver's words")) as http:
        answer = await http.get("/")
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert "driver" not in answer.text
    assert answer.headers["retry-after"] == "1"


async def test_each_request_leaves_one_line_without_its_path() -> None:
    with capture_logs() as lines:
        async with client(Rejected(ErrorCode.FORBIDDEN)) as http:
            await http.get("/?token=hush")
            await http.get("/hush", headers={"Authorization": "Bearer hush"})
    assert [(line["event"], line["route"], line["status"]) for line in lines] == [
        ("request", "/", 403),
        ("request", "unmatched", 404),
    ]
    assert "hush" not in str(lines)
