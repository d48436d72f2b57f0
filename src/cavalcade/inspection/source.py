"""Asks running processes what they say about themselves, over their internal listeners."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import httpx
import msgspec

from cavalcade.monolith.reports import TreeReport
from cavalcade.stack import data_directory, programs

if TYPE_CHECKING:
    from pathlib import Path

_TIMEOUT_S = 3.0


class NothingRuns(Exception):
    """No process answers where it was looked for; the text says so to people."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where to ask.

    Attributes:
        listeners: Internal listeners, as `unix:/path` or `HOST:PORT`; those that do not answer are left out.
        place: What to call all of them in an error.
    """

    listeners: tuple[str, ...]
    place: str

    @classmethod
    def at(cls, internal: str) -> Origin:
        """One process, by its internal listener."""
        return cls((internal,), internal)

    @classmethod
    def of_data(cls, data: Path) -> Origin:
        """Whatever `cavalcade up` runs on a data directory."""
        run = data_directory.sockets_folder(data)
        return cls(tuple(f"unix:{listener}" for listener in programs.internal_listeners(run)), str(data))


@dataclass(frozen=True, slots=True)
class Health:
    """What one process says of its health.

    Attributes:
        listener: Its internal listener.
        backend: The backend that it is part of.
        version: Cavalcade's.
        missing: The part that keeps it from serving; None where it can serve.
    """

    listener: str
    backend: str
    version: str
    missing: str | None


@dataclass(frozen=True, slots=True)
class Report:
    """What was found.

    Attributes:
        processes: Every process that answered.
        trees: The process tree inside each node; none where there is no node.
    """

    processes: tuple[Health, ...]
    trees: tuple[TreeReport, ...]

    def as_json(self) -> str:
        """The report for programs."""
        return msgspec.json.format(msgspec.json.encode(asdict(self)), indent=2).decode()


def look(origin: Origin) -> Report:
    """Asks once.

    Raises:
        NothingRuns: Where nobody answers.
    """
    processes, trees = [], []
    for listener in origin.listeners:
        with _client(listener) as client:
            try:
                health = client.get("/healthz").json()
                missing = client.get("/readyz").json().get("missing")
                processes.append(Health(listener, str(health["backend"]), str(health["version"]), missing))
                if health["backend"] == "monolith":
                    trees.append(msgspec.json.decode(client.get("/processes.json").content, type=TreeReport))
            except httpx.TransportError:
                continue
            except (ValueError, LookupError, TypeError, AttributeError):
                raise NothingRuns(f"What answers at {listener} is not Cavalcade's internal listener.") from None
    if not processes:
        raise NothingRuns(f"Nothing of Cavalcade runs at {origin.place}: start it, or say where with --data.")
    return Report(tuple(processes), tuple(trees))


def _client(listener: str) -> httpx.Client:
    if listener.startswith("unix:"):
        transport = httpx.HTTPTransport(uds=listener.removeprefix("unix:"))
        return httpx.Client(transport=transport, base_url="http://localhost", timeout=_TIMEOUT_S, trust_env=False)
    return httpx.Client(base_url=f"http://{listener}", timeout=_TIMEOUT_S, trust_env=False)
