"""Both doors that are made from one template, each in a real Caddy: `cavalcade up`'s, and the one in `deploy/`."""

from __future__ import annotations

import socket
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from cavalcade.stack import caddy, probe
from cavalcade.stack.process import Process

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

KINDS = ("embedded", "deployed")
DEPLOYED = Path(__file__).parent.parent.parent / "deploy" / "Caddyfile"


@asynccontextmanager
async def running(
    text: str, folder: Path, port: int, environment: dict[str, str] | None = None, *, ready: str = "/j"
) -> AsyncIterator[None]:
    """A Caddy with this configuration, from the first 200 at the path `ready`; its log is `caddy.log` in the folder."""
    (folder / "caddy").mkdir()
    caddyfile = folder / "caddy" / "Caddyfile"
    caddyfile.write_text(text)

    async def is_ready() -> bool:
        return (await probe.get(ready, port=port)).status == 200

    process = await Process.start(caddy.service(caddyfile, is_ready, folder / "caddy.log", environment))
    await process.until_ready()
    try:
        yield
    finally:
        await process.stop()


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on."""
    with ExitStack() as stack:
        taken = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in taken:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in taken]


def on_this_machine(text: str) -> str:
    """The deployed door's configuration, for loopback alone and beside others of its kind."""
    first = "{\n\tgrace_period"
    assert first in text
    return text.replace(first, "{\n\tadmin off\n\tdefault_bind 127.0.0.1 ::1\n\tgrace_period", 1)


def deployed_environment(
    port: int, page: Path, http: list[str], sockets: list[str], backend: str = "services"
) -> dict[str, str]:
    """What the deployed door is told: plain HTTP on a port, and where everything is."""
    return {
        "CAVALCADE_DOMAIN": f"http://localhost:{port}",
        "CAVALCADE_API": " ".join(http),
        "CAVALCADE_GATEWAY": " ".join(sockets),
        "CAVALCADE_BACKEND": backend,
        "CAVALCADE_PAGE": str(page),
    }
