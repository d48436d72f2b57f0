"""The processes of our own that each backend consists of, and the sockets that they serve on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

BACKENDS = ("services", "monolith")

_INTERNAL = "-internal.sock"
_LISTEN = {"--listen": ".sock"}


@dataclass(frozen=True, slots=True)
class Program:
    """One process: a command of ``cavalcade`` with a Unix socket for each of its listeners."""

    command: str
    """As in ``cavalcade node``."""

    name: str
    """What people call it."""

    log: str
    """What its log is called: the command, with the number of the process where there are several."""

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
        addresses = (part for option, path in listeners.items() for part in (option, f"unix:{path}"))
        name = ("--name", self.log) if self.command == "node" else ()
        return (self.command, *addresses, *name)


@dataclass(frozen=True, slots=True)
class Backend:
    """A backend as the load balancer sees it. Where there are several processes, they are in the order of numbers."""

    name: str

    programs: tuple[Program, ...]

    http: tuple[Path, ...]
    """Who answers HTTP calls."""

    sockets: tuple[Path, ...]
    """Who takes WebSockets."""


def backend(name: str, run: Path, nodes: int = 1) -> Backend:
    """What a backend consists of.

    Args:
        name: ``services``: API servers and gateways; ``monolith``: nodes.
        run: The folder of the sockets.
        nodes: How many processes of each kind there are.
    """
    numbers = [""] if nodes == 1 else [f"-{number}" for number in range(1, nodes + 1)]
    if name == "monolith":
        # Caddy hashes a socket's path together with the session: for both kinds of requests to lead to the same node,
        # one path must begin with the other. See `balancing.lines`.
        both = {"--listen": ".sock", "--sockets": ".sockets"}
        programs = tuple(_program("node", "node", run, number, both) for number in numbers)
        return Backend(name, programs, _listening(programs, "--listen"), _listening(programs, "--sockets"))
    servers = tuple(_program("api", "API server", run, number) for number in numbers)
    gateways = tuple(_program("gateway", "gateway", run, number) for number in numbers)
    return Backend(name, (*servers, *gateways), _listening(servers, "--listen"), _listening(gateways, "--listen"))


def internal_listeners(run: Path) -> tuple[Path, ...]:
    """The internal listeners of whatever runs, or ran, with its sockets in the folder ``run``."""
    return tuple(sorted(run.glob(f"*{_INTERNAL}")))


def _listening(programs: tuple[Program, ...], option: str) -> tuple[Path, ...]:
    return tuple(program.public[option] for program in programs)


def _program(command: str, called: str, run: Path, number: str, endings: Mapping[str, str] = _LISTEN) -> Program:
    return Program(
        command,
        called + number.replace("-", " "),
        command + number,
        run / f"{command}{number}{_INTERNAL}",
        {option: run / f"{command}{number}{ending}" for option, ending in endings.items()},
    )
