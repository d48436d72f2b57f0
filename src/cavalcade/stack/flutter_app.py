"""The Flutter app in browsers, at `/app/`: a process of its own behind the door, where the operator asks for it."""

from __future__ import annotations

import asyncio
import functools
import importlib.util
import sys
from typing import TYPE_CHECKING

from cavalcade.stack import probe
from cavalcade.stack.errors import StackError
from cavalcade.stack.process import Service

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

SETTING = "CAVALCADE_APP"
"""`on` is what `--app` sets."""

BASE_PATH = "/app/"
_PACKAGES = ("flet", "flet_geolocator", "flet_map", "flet_web")
_READY_WITHIN_S = 60.0


def is_installed() -> bool:
    """Whether the extra `[app]` is."""
    return all(map(importlib.util.find_spec, _PACKAGES))


def is_wanted(environment: Mapping[str, str]) -> bool:
    """Whether the operator asked for the app.

    Raises:
        StackError: It is not installed.
    """
    if environment.get(SETTING) != "on":
        return False
    if not is_installed():
        raise StackError("The app is not installed.", 'Install it with: pip install "cavalcade[app]"')
    return True


def socket(run: Path) -> Path:
    """Where it serves, in the folder of the sockets."""
    return run / "app.sock"


def caddy_lines(upstream: str | None) -> str:
    """How Caddy passes on what is for the app, to an upstream in its notation; nothing where it is not served."""
    if upstream is None:
        return ""
    return f"""handle /app {{
		redir {BASE_PATH} 308
	}}
	handle {BASE_PATH}* {{
		encode zstd gzip
		reverse_proxy {upstream} {{
			header_up X-Forwarded-For {{client_ip}}
			header_up -X-Real-IP
			header_up -Forwarded
			lb_try_duration 3s
			lb_try_interval 100ms
		}}
	}}"""


def service(socket: Path, base_url: str, environment: Mapping[str, str], log: Path) -> Service:
    """The process.

    Args:
        socket: Where it serves.
        base_url: The address that people use, which the app uses too.
        environment: What it is told beside what every program is.
        log: Its log.
    """
    return Service(
        name="Flutter app",
        command=(
            *(sys.executable, "-m", "cavalcade", "app", "--web", "--server", base_url),
            *("--listen", f"unix:{socket}", "--base-url", BASE_PATH),
        ),
        ready=functools.partial(_answers, socket),
        log=log,
        environment=environment,
        before_start=functools.partial(socket.unlink, missing_ok=True),
        ready_within_s=_READY_WITHIN_S,
    )


async def _answers(socket: Path) -> bool:
    if (await probe.get(BASE_PATH, socket=socket)).status != 200:
        return False
    await asyncio.to_thread(socket.chmod, 0o600)
    return True
