"""The whole of `cavalcade up`, from its start to every way of ending it."""

from __future__ import annotations

import asyncio
import os
import secrets
import shlex
import signal
import socket
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg
import httpx
import pytest

from cavalcade.stack import data_directory, flutter_app, postgres

if TYPE_CHECKING:
    from tests.stack.conftest import Up

StartUp = Callable[..., Awaitable["Up"]]
UntilGone = Callable[[set[int]], None]


def watched(up: Up, log: str) -> int:
    """The process whose watchdog writes the log file ``log``."""
    for pid in up.below():
        command = Path(f"/proc/{pid}/cmdline")
        # Whatever `ps` itself was is gone by now.
        words = command.read_bytes().split(b"\0") if command.exists() else []
        if any(word.endswith(f"/logs/{log}".encode()) for word in words):
            (child,) = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
            return int(child)
    raise AssertionError(f"no watchdog writes {log}")


async def test_serves_the_page_and_the_api_and_stops_clean(
    directory: Path, free_port: int, start_up: StartUp, until_gone: UntilGone
) -> None:
    up = await start_up("--port", str(free_port), "--data", directory / "data")
    base = await up.ready()
    assert base == f"http://localhost:{free_port}"
    async with httpx.AsyncClient(base_url=base, trust_env=False) as client:
        assert (await client.get("/readyz")).status_code == 200
        health = (await client.get("/healthz")).json()
        assert (health["status"], health["backend"]) == ("ok", "services")
        assert (await client.get("/j")).status_code == 200
        assert (await client.post("/api/sessions", json={})).status_code == 201
        assert (await client.get("/metrics")).status_code == 404
    processes = up.below()
    assert len(processes) >= 10
    assert await up.end(signal.SIGINT) == 0
    until_gone(processes)
    assert f"Open {base}" in up.said()
    assert up.process.stdout
    assert await up.process.stdout.read() == b""


async def test_sigterm_while_starting(
    directory: Path, free_port: int, start_up: StartUp, until_gone: UntilGone
) -> None:
    up = await start_up("--port", str(free_port), "--data", directory / "data")
    await up.says("Making a new database")
    processes = up.below()
    assert await up.end(signal.SIGTERM) == 0
    until_gone(processes)


async def test_kill_leaves_nothing_behind_and_the_data_is_kept(
    directory: Path, free_port: int, start_up: StartUp, until_gone: UntilGone
) -> None:
    arguments = ("--port", str(free_port), "--data", directory / "data")
    up = await start_up(*arguments)
    await up.ready()
    connection = await asyncpg.connect(postgres.url(directory / "data" / "run" / "postgres"))
    await connection.execute("CREATE TABLE kept (value integer); INSERT INTO kept VALUES (7)")
    await connection.close()
    processes = up.below()
    assert await up.end(signal.SIGKILL) == -signal.SIGKILL

    # At once: it has to wait for the watchdogs of the first to finish.
    again = await start_up(*arguments)
    await again.ready()
    until_gone(processes)
    connection = await asyncpg.connect(postgres.url(directory / "data" / "run" / "postgres"))
    assert await connection.fetchval("SELECT value FROM kept") == 7
    await connection.close()
    assert await again.end(signal.SIGTERM) == 0


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="finds the processes through /proc")
@pytest.mark.parametrize(("backend", "own"), [("services", ["api.log", "gateway.log"]), ("monolith", ["node.log"])])
async def test_every_part_comes_back(
    directory: Path, free_port: int, start_up: StartUp, backend: str, own: list[str]
) -> None:
    up = await start_up("--backend", backend, "--port", str(free_port), "--data", directory / "data")
    base = await up.ready()
    logs = ["postgres.log", "valkey.log", "caddy.log", *own]
    for log in logs:
        os.kill(watched(up, log), signal.SIGKILL)
    await up.says("serves again", times=len(logs))
    async with httpx.AsyncClient(base_url=base, trust_env=False) as client:
        assert (await client.get("/readyz")).status_code == 200
        assert (await client.post("/api/sessions", json={})).status_code == 201
    assert await up.end(signal.SIGTERM) == 0


async def test_second_one_on_the_same_data_is_refused(
    directory: Path, free_port: int, start_up: StartUp, shared_servers: dict[str, str]
) -> None:
    up = await start_up("--port", str(free_port), "--data", directory / "data", environment=shared_servers)
    base = await up.ready()
    second = await start_up("--port", str(free_port + 1), "--data", directory / "data")
    assert await second.end() == 1
    assert f"Another `cavalcade up` (process {up.process.pid})" in second.said()
    assert base in second.said()
    assert await up.end(signal.SIGTERM) == 0


async def test_port_in_use_is_told_before_anything_starts(directory: Path, free_port: int, start_up: StartUp) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", free_port))
        taken.listen()
        up = await start_up("--port", str(free_port), "--data", directory / "data")
        assert await up.end() == 1
    assert f"Port {free_port} is in use by another program." in up.said()
    assert "--port" in up.said()
    assert not (directory / "data").exists()


async def test_database_of_a_newer_postgres_is_refused(directory: Path, free_port: int, start_up: StartUp) -> None:
    (directory / "data" / "postgres").mkdir(parents=True)
    (directory / "data" / "lock").touch()
    (directory / "data" / "postgres" / "PG_VERSION").write_text("19\n")
    up = await start_up("--port", str(free_port), "--data", directory / "data")
    assert await up.end() == 1
    assert "was written by PostgreSQL 19" in up.said()


async def test_servers_that_already_run_are_used(
    directory: Path, free_port: int, start_up: StartUp, database_url: str, redis_url: str
) -> None:
    environment = {"CAVALCADE_DATABASE_URL": database_url, "CAVALCADE_REDIS_URL": redis_url}
    arguments = ("--port", str(free_port), "--data", directory / "data")
    without_secret = await start_up(*arguments, environment=environment)
    assert await without_secret.end() == 1
    assert "CAVALCADE_SECRET must be set too" in without_secret.said()

    up = await start_up(*arguments, environment=environment | {"CAVALCADE_SECRET": secrets.token_urlsafe(32)})
    base = await up.ready()
    async with httpx.AsyncClient(base_url=base, trust_env=False) as client:
        assert (await client.post("/api/sessions", json={})).status_code == 201
    assert await up.end(signal.SIGTERM) == 0
    assert not (directory / "data" / "postgres").exists()
    assert not (directory / "data" / "secret").exists()
    assert "PostgreSQL" not in up.said()


async def test_wrong_setting_is_told_before_the_processes_die_of_it(
    directory: Path, free_port: int, start_up: StartUp
) -> None:
    arguments = ("--port", str(free_port), "--data", directory / "data")
    up = await start_up(*arguments, environment={"CAVALCADE_WINDOW_MS": "5"})
    assert await up.end() == 1
    assert "CAVALCADE_WINDOW_MS must be a whole number of milliseconds from 20 to 1000" in up.said()


PUBLIC = "https://convoy.example.org"


@pytest.mark.parametrize(
    ("options", "settings"), [(("--public-url", PUBLIC), {}), ((), {"CAVALCADE_PUBLIC_URL": PUBLIC})]
)
async def test_public_address_behind_a_proxy(
    directory: Path,
    free_port: int,
    start_up: StartUp,
    shared_servers: dict[str, str],
    *,
    options: tuple[str, ...],
    settings: dict[str, str],
) -> None:
    arguments = ("--port", str(free_port), *options, "--data", directory / "data")
    up = await start_up(*arguments, environment=shared_servers | settings)
    assert await up.ready() == PUBLIC
    async with httpx.AsyncClient(base_url=f"http://localhost:{free_port}", trust_env=False) as client:
        made = (await client.post("/api/sessions", json={})).json()
        assert made["link"].startswith(f"{PUBLIC}/j#")
        assert made["socket"] == "wss://convoy.example.org/socket"
    assert await up.end(signal.SIGTERM) == 0


async def test_follows_its_parent(
    directory: Path,
    free_port: int,
    until_gone: UntilGone,
    descendants: Callable[[int], set[int]],
    shared_servers: dict[str, str],
) -> None:
    """`make run` may be killed without a word to what it started."""
    up = f"{sys.executable} -m cavalcade up --with-parent --port {free_port} --data {directory / 'data'}"
    shell = await asyncio.create_subprocess_shell(
        f"{up} 2>/dev/null; :", stdout=asyncio.subprocess.PIPE, env=os.environ | shared_servers
    )
    assert shell.stdout
    assert (await shell.stdout.readline()).startswith(b"ready")
    processes = descendants(shell.pid)
    shell.kill()
    await shell.wait()
    until_gone(processes)


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="looks into the processes through /proc")
@pytest.mark.parametrize("backend", ["services", "monolith"])
async def test_only_our_servers_know_the_secret_and_the_database(
    directory: Path, free_port: int, start_up: StartUp, backend: str
) -> None:
    secret, password, foreign = (secrets.token_urlsafe(32) for _ in range(3))
    tunnel = "import time; print('https://ride.example.org', flush=True); time.sleep(600)"
    up = await start_up(
        *("--backend", backend, "--port", str(free_port), "--data", directory / "data", "--demo"),
        *("--tunnel", shlex.join([sys.executable, "-c", tunnel])),
        environment={
            "CAVALCADE_SECRET": secret,
            "PGPASSWORD": password,
            "SOMEBODY_ELSES_TOKEN": foreign,
            "TUNNEL_TOKEN": "for the tunnel",
            "CAVALCADE_APP": "on" if flutter_app.is_installed() else "off",
        },
    )
    await up.ready()
    if flutter_app.is_installed():
        await up.says("A preview of the Flutter app:")
    know, parts = [], set()
    for pid in up.below():
        words = [word.decode() for word in _read(pid, "cmdline").split(b"\0")]
        is_watchdog = any(word.endswith("watchdog.py") for word in words)
        command = words[3] if words[1:3] == ["-m", "cavalcade"] else ""
        # PostgreSQL and Valkey add to their names what they do.
        parts.add("watchdog" if is_watchdog else command or Path(words[0].split(":")[0].split(" ")[0]).name)
        environment = _read(pid, "environ")
        assert foreign.encode() not in environment, words
        if not is_watchdog and tunnel in words:
            assert b"TUNNEL_TOKEN=for the tunnel" in environment
        elif command in {"api", "gateway", "node"}:
            know.append(command)
            assert secret.encode() in environment
            continue
        for unwanted in (secret.encode(), password.encode(), b"CAVALCADE_SECRET", b"DATABASE_URL", b"REDIS_URL"):
            assert unwanted not in environment, words
    assert sorted(know) == (["node"] if backend == "monolith" else ["api", "gateway"])
    assert parts >= {"watchdog", "postgres", "valkey-server", "caddy", *know}
    assert await up.end(signal.SIGTERM) == 0


def _read(pid: int, what: str) -> bytes:
    """What /proc says of a process; nothing where it has ended."""
    try:
        return Path(f"/proc/{pid}/{what}").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""


@pytest.mark.parametrize("log", ["caddy.log", "gateway.log"])
async def test_a_log_that_is_a_link_stops_the_start(
    directory: Path, free_port: int, start_up: StartUp, shared_servers: dict[str, str], log: str
) -> None:
    with data_directory.opened(directory / "data") as data:
        elsewhere = directory / "elsewhere"
        elsewhere.write_text("kept")
        (data.path / "logs" / log).symlink_to(elsewhere)
    up = await start_up("--port", str(free_port), "--data", directory / "data", environment=shared_servers)
    assert await up.end() == 1
    assert f"logs/{log} is a symbolic link" in up.said()
    assert "Traceback" not in up.said()
    assert elsewhere.read_text() == "kept"
