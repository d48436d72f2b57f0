"""The processes of our own that each backend consists of, and the sockets that they serve on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

BACKENDS = ("services", "monolith")


@dataclass(frozen=True, slots=True)
class Program:
    """One process: a command of ``cavalcade`` with a Unix socket for each of its listeners."""

    command: str
    """As in ``cavalcade node``; its log is called so too."""

    name: str
    """What people call it."""

    internal: Path
    """Where it shows its health and metrics."""

    public: dict[str, Path]
    """Where it serves what comes through the door, by the option that says so."""

    @property
    def sockets(self) -> tuple[Path, ...]:
        """All that it listens on."""
        return (*self.public.values(), self.internal)

    @property
    def arguments(self) -> tuple[str, ...]:
        """The command line behind ``cavalcade``."""
        listeners = {**self.public, "--internal": self.internal}
        return (self.command, *(part for option, path in listeners.items() for part in (option, f"unix:{path}")))


@dataclass(frozen=True, slots=True)
class Backend:
    """A backend as the load balancer sees it."""

    programs: tuple[Program, ...]
    http: Path
    """Who answers HTTP calls."""
    sockets: Path
    """Who takes WebSockets."""


def backend(name: str, run: Path) -> Backend:
    """What the backend ``name`` consists of when its sockets are in the folder ``run``."""
    if name == "monolith":
        http, sockets = run / "node.sock", run / "node-sockets.sock"
        public = {"--listen": http, "--sockets": sockets}
        return Backend((Program("node", "node", run / "node-internal.sock", public),), http, sockets)
    http, sockets = run / "api.sock", run / "gateway.sock"
    return Backend(
        (
            Program("api", "API server", run / "api-internal.sock", {"--listen": http}),
            Program("gateway", "gateway", run / "gateway-internal.sock", {"--listen": sockets}),
        ),
        http,
        sockets,
    )
