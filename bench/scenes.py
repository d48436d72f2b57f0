"""What is measured: each scene puts the same load on some of the servers, in turns."""

from dataclasses import dataclass
from typing import Final, Literal

SceneKind = Literal["cost", "growth", "crowd", "gateways", "half"]

PEERS: Final = ("node-ws-flush", "node-ws-naive", "starlette-flush", "starlette-naive")
OURS: Final = ("gateway", "node")
NAMES: Final = ("floor", *OURS, *PEERS)

WINDOW_MS: Final = 500
"""What the bars are about."""

DEFAULT_WINDOW_MS: Final = 100
CROWD: Final = 5000
"""Connections at once, for what each of them takes."""

MOST_SESSIONS: Final = 4000
"""How many sessions of two a node must hold."""


@dataclass(frozen=True, slots=True)
class Scene:
    """One load.

    Attributes:
        kind: What it is there for.
        members: Of each session.
        connections: About how many at once.
        window_ms: How long positions are gathered.
        names: The servers.
        fixes_per_s: How often everybody sends.
    """

    kind: SceneKind
    members: int
    connections: int
    window_ms: int
    names: tuple[str, ...]
    fixes_per_s: float = 1.0

    @property
    def title(self) -> str:
        """For people."""
        sessions = max(1, self.connections // self.members)
        return f"{self.kind}: {sessions} sessions of {self.members}, {self.window_ms} ms"


def costs(sizes: tuple[int, ...], connections: int) -> list[Scene]:
    """What a delivered position costs: all servers with the bars' window, the floor and ours with others as well."""
    scenes = [Scene("cost", size, connections, WINDOW_MS, NAMES) for size in sizes]
    for window_ms in (1000, DEFAULT_WINDOW_MS):
        scenes += [Scene("cost", size, connections, window_ms, ("floor", *OURS)) for size in sizes]
    return scenes


def growth() -> list[Scene]:
    """From a hundred sessions of two to four thousand."""
    return [Scene("growth", 2, 2 * sessions, WINDOW_MS, ("floor", *OURS)) for sessions in (100, 1000, MOST_SESSIONS)]


def crowd() -> list[Scene]:
    """Many connections that say little: what each takes, and how fast they come in."""
    return [Scene("crowd", 10, CROWD, WINDOW_MS, (*OURS, "node-ws-flush", "starlette-flush"), fixes_per_s=0.1)]


def gateways(connections: int) -> list[Scene]:
    """Each session on two gateways, beside one that has it alone."""
    return [Scene("gateways", size, connections, DEFAULT_WINDOW_MS, ("gateway", "gateways-2")) for size in (10, 50)]


def half_saturation(held: dict[str, int], members: int) -> list[Scene]:
    """Half the connections that a server held: how late positions are."""
    return [Scene("half", members, count // 2, DEFAULT_WINDOW_MS, (name,)) for name, count in held.items()]
