"""Health and metrics, for those who run a process."""

import asyncio
import contextlib
import dataclasses

import httpx
import pytest
from prometheus_client import CollectorRegistry, generate_latest

from cavalcade import __version__
from cavalcade.server.api import health
from cavalcade.server.api.internal import create_internal_app
from cavalcade.server.processes import deadline
from cavalcade.settings import Settings
from tests.server.conftest import Running, bearer, running


class Parts:
    """The one question that health asks of a backend, answered as a test wants."""

    name = "services"

    def __init__(self, missing: str | None = None, *, answers: bool = True) -> None:
        self._missing, self._answers = missing, answers

    async def missing(self) -> str | None:
        if not self._answers:
            await asyncio.Event().wait()
        return self._missing


def client(parts: object, registry: CollectorRegistry | None = None) -> httpx.AsyncClient:
    app = create_internal_app(parts, registry or CollectorRegistry())  # type: ignore[arg-type]  # see Parts
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://internal")  # type: ignore[arg-type]  # Litestar's names for the same types


async def test_health_and_metrics_of_a_real_backend(server: Running) -> None:
    async with client(server.api.backend, server.registry) as internal:
        expected = {"status": "ok", "backend": "services", "version": __version__}
        assert (await internal.get("/healthz")).json() == expected
        ready = await internal.get("/readyz")
        assert (ready.status_code, ready.json()) == (200, {"status": "ok"})
        metrics = await internal.get("/metrics")
        assert metrics.headers["content-type"].startswith("text/plain")
        assert "cavalcade_http_requests_total" in metrics.text


@pytest.mark.parametrize("part", ["database", "redis"])
async def test_says_which_part_is_missing(part: str) -> None:
    async with client(Parts(part)) as internal:
        ready = await internal.get("/readyz")
        assert (ready.status_code, ready.json()) == (503, {"status": "unavailable", "missing": part})
        assert ready.headers["retry-after"] == "1"
        assert (await internal.get("/healthz")).status_code == 200


async def test_answers_in_time_when_nothing_else_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "REPLY_DEADLINE_S", 0.01)
    async with client(Parts(answers=False)) as internal:
        ready = await internal.get("/readyz")
        assert (ready.status_code, ready.json()["status"]) == (503, "unavailable")
    for task in list(deadline._unfinished):
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def test_metrics_name_templates_and_never_sessions(server: Running) -> None:
    created = await server.create()
    session_id = created["session"]["id"]
    await server.http.get(f"/api/sessions/{session_id}")
    await server.http.get(f"/nothing/{session_id}")
    shown = generate_latest(server.registry).decode()
    assert 'route="/api/sessions/{session_id}",status="401"' in shown
    assert 'route="unmatched",status="404"' in shown
    assert session_id not in shown


async def test_says_so_while_the_database_is_away(settings: Settings) -> None:
    away = dataclasses.replace(settings, database_url="postgresql://nobody@/nothing?host=/nowhere")
    async with running(away) as alone:
        ready = await alone.http.get("/readyz")
        assert (ready.status_code, ready.json()) == (503, {"status": "unavailable", "missing": "database"})
        token = alone.api.signer.issue("abcdefghij", 1, alone.api.clock() + 60_000)
        code = "abcdefghij.AAAAAAAAAAAAAAAAAAAAAA"
        for method, path, body in (
            ("POST", "", {}),
            ("POST", "/abcdefghij/preview", {"code": code}),
            ("POST", "/abcdefghij/join", {"code": code}),
            ("GET", "/abcdefghij", None),
            ("GET", "/abcdefghij/nearby?radius_m=5", None),
            ("PATCH", "/abcdefghij", {"name": "x"}),
            ("DELETE", "/abcdefghij/participants/me", None),
            ("DELETE", "/abcdefghij", None),
        ):
            headers = {"Authorization": f"Bearer {token}"}
            answer = await alone.http.request(method, f"/api/sessions{path}", json=body, headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (503, "unavailable"), (method, path)
            assert int(answer.headers["retry-after"]) >= 1


async def test_people_come_in_while_redis_is_away(settings: Settings) -> None:
    away = dataclasses.replace(settings, redis_url="unix:///nowhere/valkey.sock")
    async with running(away, wait_for_redis=False) as alone:
        ready = await alone.http.get("/readyz")
        assert (ready.status_code, ready.json()) == (503, {"status": "unavailable", "missing": "redis"})
        created = await alone.create()
        member = await alone.join(created["code"])
        path = f"/api/sessions/{created['session']['id']}"
        view = await alone.http.get(path, headers=bearer(member))
        assert (view.status_code, view.json()["code"]) == (503, "unavailable")
        assert (await alone.http.delete(path, headers=bearer(created))).status_code == 204
