"""`--tunnel`, with imitations of what tunnels print: no test reaches the internet."""

from __future__ import annotations

import os
import shlex
import signal
import sys
from typing import TYPE_CHECKING

import httpx
import pytest

from cavalcade.stack.errors import StackError
from cavalcade.stack.tunnel import Tunnel

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from tests.stack.conftest import Up

    StartUp = Callable[..., Awaitable[Up]]

CLOUDFLARED = """\
2026-11-24T10:00:00Z INF Thank you for trying Cloudflare Tunnel. Please read https://www.cloudflare.com/website-terms/
2026-11-24T10:00:00Z INF Requesting new quick Tunnel on trycloudflare.com...
2026-11-24T10:00:02Z INF |  Your quick Tunnel has been created! Visit it at (it may take some time to be reachable):  |
2026-11-24T10:00:02Z INF |  https://merry-red-caravan.trycloudflare.com                                             |
"""
LOCALHOST_RUN = """\
Welcome to localhost.run! Read https://localhost.run/docs/ and visit https://admin.localhost.run/ to sign up.
abc123def456.lhr.life tunneled with tls termination, https://abc123def456.lhr.life
"""


def printing(text: str, then: str = "time.sleep(600)") -> str:
    """A command that prints, as a tunnel would, and goes on."""
    program = f"import os, sys, time; sys.stderr.write({text!r}); sys.stderr.flush(); {then}"
    return shlex.join([sys.executable, "-c", program, "{port}"])


@pytest.mark.parametrize(
    ("choice", "text", "address"),
    [
        ("cloudflared", CLOUDFLARED, "https://merry-red-caravan.trycloudflare.com"),
        ("ssh", LOCALHOST_RUN, "https://abc123def456.lhr.life"),
        (
            "own",
            "Docs: https://example.org/docs\nForwarding https://Ride.Example.org -> here",
            "https://ride.example.org",
        ),
        ("own", "listening on https://ride.example.org:8443/", "https://ride.example.org:8443"),
        ("cloudflared", 'failed: Post "https://api.trycloudflare.com/tunnel": timeout', None),
        ("own", "http://ride.example.org", None),
        ("own", "", None),
    ],
)
def test_finds_the_address_among_the_others(
    choice: str, text: str, address: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The programs need not be there to have what they print read.
    for name in ("cloudflared", "ssh", "own"):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    log = tmp_path / "tunnel.log"
    log.write_text("https://yesterday.trycloudflare.com https://yesterday.lhr.life https://yesterday.example.org\n")
    tunnel = Tunnel(choice, 8080, log, {})
    with log.open("a") as file:
        file.write(text)
    assert tunnel.address == address


def test_the_command_gets_the_port(tmp_path: Path) -> None:
    tunnel = Tunnel(f"{sys.executable} -c 'pass' --to localhost:{{port}}", 8123, tmp_path / "tunnel.log", {})
    assert list(tunnel.service.command) == [sys.executable, "-c", "pass", "--to", "localhost:8123"]


@pytest.mark.parametrize("choice", ["no-such-tunnel --fast", "", "open 'quote"])
def test_a_command_that_there_is_not_is_said_in_plain_words(choice: str, tmp_path: Path) -> None:
    with pytest.raises(StackError, match=r"was not found|cannot be read"):
        Tunnel(choice, 8080, tmp_path / "tunnel.log", {})


async def test_links_begin_with_the_tunnels_address(
    directory: Path, free_port: int, start_up: StartUp, shared_servers: dict[str, str]
) -> None:
    command = printing("Your address: https://ride.example.org\n")
    arguments = ("--port", str(free_port), "--data", directory / "data", "--tunnel", command)
    up = await start_up(*arguments, environment=shared_servers)
    assert await up.ready() == "https://ride.example.org"
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{free_port}", trust_env=False) as client:
        made = await client.post("/api/sessions", json={}, headers={"Host": "ride.example.org"})
        assert made.status_code == 201
        assert made.json()["link"].startswith("https://ride.example.org/j#")
        assert made.json()["socket"] == "wss://ride.example.org/socket"
        assert (await client.get("/j", headers={"Host": "ride.example.org"})).status_code == 200
    assert await up.end(signal.SIGINT) == 0


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (printing("Cannot connect to the internet\n", "sys.exit(3)"), "The tunnel ended while starting (exit code 3)."),
        ("no-such-tunnel", "The tunnel's program no-such-tunnel was not found."),
    ],
)
async def test_a_tunnel_that_fails_is_said_in_plain_words(
    command: str, said: str, directory: Path, free_port: int, start_up: StartUp
) -> None:
    up = await start_up("--port", str(free_port), "--data", directory / "data", "--tunnel", command)
    assert await up.end() == 1
    assert said in up.said()
    assert "Traceback" not in up.said()


async def test_the_end_of_the_tunnel_is_the_end_of_all(
    directory: Path, free_port: int, start_up: StartUp, shared_servers: dict[str, str]
) -> None:
    # It ends once a file is there.
    end = directory / "end"
    until = f"[time.sleep(0.05) for _ in iter(lambda: os.path.exists({str(end)!r}), True)]"
    up = await start_up(
        *("--port", str(free_port), "--data", directory / "data"),
        *("--tunnel", printing("https://ride.example.org\n", until)),
        environment=shared_servers,
    )
    await up.ready()
    end.touch()
    assert await up.end() == 1
    assert "The tunnel has ended (exit code 0), so the links lead nowhere any more." in up.said()
