"""What each part of the stack has in its environment: what it needs, and nothing else of what `cavalcade up` was told.

The environment of `cavalcade up` may hold the signing secret, the database's password, and anything else that the shell
of its user knows. A part that has no use for it must not be able to give it away.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from cavalcade.settings import DOOR_SETTINGS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_SYSTEM: Final = (
    *("PATH", "HOME", "USER", "LOGNAME", "TMPDIR", "TZ", "TZDIR", "LANG", "LANGUAGE", "LC_*"),
    *("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SSL_CERT_FILE", "SSL_CERT_DIR"),
)
"""What any program may need to find its files, its language and the authorities it trusts."""

_PROXIES: Final = tuple(
    written for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY") for written in (name, name.lower())
)
"""How the internet is reached; such an address may hold a password."""

_TUNNEL: Final = (*_PROXIES, "SHELL", "SSH_AUTH_SOCK", "XDG_*", "TUNNEL_*", "NGROK_*")
"""What ssh, cloudflared and ngrok read; whatever a command needs besides stands in the command itself."""

_PYTHON: Final = ("PYTHON*", "VIRTUAL_ENV")
_APP: Final = (*_PYTHON, "FLET_*", "CAVALCADE_APP*")
_SERVER: Final = (*_PYTHON, "PG*", "CAVALCADE_*")
"""Beside the settings there is what PostgreSQL's clients read, such as PGPASSFILE and PGSSLROOTCERT."""


def of_every_program() -> dict[str, str]:
    """What every program of the stack has; `Process.start` gives it to each."""
    return _chosen(os.environ, _SYSTEM)


def of_the_tunnel(environment: Mapping[str, str]) -> dict[str, str]:
    """What the tunnel has beside that, from the environment of `cavalcade up`."""
    return _chosen(environment, _TUNNEL)


def of_public_caddy(environment: Mapping[str, str]) -> dict[str, str]:
    """What Caddy has beside that where it fetches certificates from the internet."""
    return _chosen(environment, _PROXIES)


def of_our_clients(environment: Mapping[str, str]) -> dict[str, str]:
    """What the app and the simulator have beside that: they come in by the door, as anybody does."""
    return _chosen(environment, _APP)


def of_our_servers(environment: Mapping[str, str]) -> dict[str, str]:
    """What API servers, gateways and nodes have beside that: the settings, without those of the door and the app."""
    chosen = _chosen(environment, _SERVER)
    return {
        name: value
        for name, value in chosen.items()
        if name not in DOOR_SETTINGS and not name.startswith("CAVALCADE_APP")
    }


def _chosen(environment: Mapping[str, str], patterns: Iterable[str]) -> dict[str, str]:
    """The variables that are called as one of the patterns says; `*` at its end stands for any ending."""
    exact = {pattern for pattern in patterns if not pattern.endswith("*")}
    beginnings = tuple(pattern.removesuffix("*") for pattern in patterns if pattern.endswith("*"))
    return {
        name: value
        for name, value in environment.items()
        if name in exact or (beginnings and name.startswith(beginnings))
    }
