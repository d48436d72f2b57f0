"""The faults, as context managers: entering one inflicts it, leaving it ends it.

The tests and the evaluation go through the same table.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Final

from redis.asyncio import Redis

from cavalcade.stack import valkey
from testbed.faults import breaking
from testbed.installations.installation import Installation
from testbed.installations.proxy import Proxy

LONG_S: Final = 6.0
"""Longer than every deadline of the servers: 2 s for a reply, 3 s for a connection, 5 s for a statement."""
MOMENT_S: Final = 1.0
"""Long enough to be noticed, and shorter than every deadline."""

STORMS: Final = 3
"""How often everybody is dropped in a storm."""

OWN: Final = {"services": ("gateway", "api"), "monolith": ("node",)}
"""The processes that each backend consists of; the first is the one that has the sockets."""


@dataclass(frozen=True, slots=True)
class Scene:
    """What faults are inflicted on.

    Attributes:
        installation: A running one.
        wire: What lies between all people and its door.
        ways: What lies between it and its servers, `postgres` and `valkey`, where these are elsewhere.
    """

    installation: Installation
    wire: Proxy
    ways: Mapping[str, Proxy] = field(default_factory=dict)


Inflicted = Callable[[Scene], AbstractAsyncContextManager[None]]


@dataclass(frozen=True, slots=True)
class Fault:
    """One row.

    Attributes:
        name: What happens, whichever backend it happens to: its process that has the sockets is `sockets`.
        title: The same with the backend's own names.
        inflicted: Inflicts it and ends it.
        lasts_s: For how long it is there by our will; what it takes beyond that is the servers' own.
        is_quick: Whether `make test` tries it too.
        drops: Whether people may lose their connections; where not, all must keep them.
    """

    name: str
    title: str
    inflicted: Inflicted
    lasts_s: float = 0.0
    is_quick: bool = False
    drops: bool = True


def faults(backend: str, nodes: int) -> Iterator[Fault]:
    """All that can happen to a backend with so many processes that have sockets."""
    sockets, *others = OWN[backend]
    number = "" if nodes == 1 else "-1"
    own = [sockets + number, *(other + number for other in others)]
    for part in (*own, "postgres", "valkey", "caddy"):
        holds_sockets = part in {own[0], "caddy"}
        is_alone = part == "caddy" or (nodes == 1 and part in own)
        name = "sockets" if part == own[0] else part
        kill = killed(part, is_alone=is_alone)
        yield Fault(f"{name} killed", f"{part} killed", kill, is_quick=part == own[0], drops=holds_sockets)
        yield Fault(f"{name} frozen", f"{part} frozen", frozen(part), LONG_S, drops=holds_sockets)
        again = restarted(part)
        yield Fault(f"{name} restarted", f"{part} restarted", again, is_quick=part == "valkey", drops=holds_sockets)
    yield _common("valkey emptied", emptied, drops=False)
    emptied_too = emptied_and_killed(own[0])
    yield Fault("valkey emptied and sockets killed", f"valkey emptied and {own[0]} killed", emptied_too)
    yield _common("connections cut", cut(MOMENT_S), MOMENT_S, is_quick=True)
    yield _common("connections frozen", frozen_connections(), LONG_S)
    yield _common("connections half open", half_open, LONG_S)
    yield _common("connections delayed", slow(delay_s=0.5), LONG_S, drops=False)
    yield _common("connections throttled", slow(bytes_per_s=4_000), LONG_S, drops=False)
    yield _common("reconnect storm", storm, STORMS * MOMENT_S / 2, is_quick=True)


def faults_on_the_way() -> Iterator[Fault]:
    """All that can happen between an installation and servers that are elsewhere."""
    for server in ("postgres", "valkey"):
        yield _common(f"way to {server} cut", _on_the_way(server, cut(LONG_S)), LONG_S, drops=False)
        yield _common(f"way to {server} frozen", _on_the_way(server, frozen_connections()), LONG_S, drops=False)
        yield _common(f"way to {server} half open", _on_the_way(server, half_open), LONG_S, drops=False)
        yield _common(f"way to {server} delayed", _on_the_way(server, slow(delay_s=0.2)), LONG_S, drops=False)
        yield _common(f"way to {server} throttled", _on_the_way(server, slow(bytes_per_s=40_000)), LONG_S, drops=False)


def _on_the_way(server: str, inflicted: Inflicted) -> Inflicted:
    """What happens to the people's connections, to those to a server instead."""
    return lambda scene: inflicted(replace(scene, wire=scene.ways[server]))


def fault(backend: str, nodes: int, name: str) -> Fault:
    """The one of a name.

    Raises:
        LookupError: There is none.
    """
    found = next((each for each in faults(backend, nodes) if each.name == name), None)
    if found is None:
        raise LookupError(f"{backend} has no fault {name!r}")
    return found


def _common(
    name: str, inflicted: Inflicted, lasts_s: float = 0.0, *, is_quick: bool = False, drops: bool = True
) -> Fault:
    """A fault of what both backends have."""
    return Fault(name, name, inflicted, lasts_s, is_quick, drops)


def killed(part: str, *, is_alone: bool) -> Inflicted:
    """As `kill -9` does. Where nobody else can do its work, the fault ends when `cavalcade up` has it serve again."""

    @asynccontextmanager
    async def inflicted(scene: Scene) -> AsyncIterator[None]:
        breaking.kill(scene.installation, part)
        if is_alone:
            await breaking.until_it_serves(scene.installation, part)
        yield

    return inflicted


def frozen(part: str) -> Inflicted:
    """As SIGSTOP does, with all processes of its own."""

    @asynccontextmanager
    async def inflicted(scene: Scene) -> AsyncIterator[None]:
        pids = breaking.freeze(scene.installation, part)
        try:
            await asyncio.sleep(LONG_S)
        finally:
            breaking.thaw(pids)
        yield

    return inflicted


def restarted(part: str) -> Inflicted:
    """Ended in good order, and started again by `cavalcade up`."""

    @asynccontextmanager
    async def inflicted(scene: Scene) -> AsyncIterator[None]:
        breaking.stop(scene.installation, part)
        yield

    return inflicted


@asynccontextmanager
async def emptied(scene: Scene) -> AsyncIterator[None]:
    """Everything in Valkey is gone, while it goes on."""
    await _empty(scene)
    yield


def emptied_and_killed(part: str) -> Inflicted:
    """Nobody but the people themselves knows where they are."""

    @asynccontextmanager
    async def inflicted(scene: Scene) -> AsyncIterator[None]:
        breaking.kill(scene.installation, part)
        await _empty(scene)
        await breaking.until_it_serves(scene.installation, part)
        yield

    return inflicted


async def _empty(scene: Scene) -> None:
    client = Redis.from_url(valkey.url(scene.installation.data / "run" / "valkey.sock"))
    await client.flushall()
    await client.script_flush()
    await client.aclose()


def _for_a_while(worsen: Callable[[Proxy], None], lasts_s: float) -> Inflicted:
    """What is done to the connections, until they are mended."""

    @asynccontextmanager
    async def inflicted(scene: Scene) -> AsyncIterator[None]:
        worsen(scene.wire)
        await asyncio.sleep(lasts_s)
        scene.wire.mend()
        yield

    return inflicted


def cut(lasts_s: float) -> Inflicted:
    """All connections break, and for a while there are no new ones."""
    return _for_a_while(Proxy.cut, lasts_s)


def frozen_connections() -> Inflicted:
    """Everything is late, as in a tunnel that phones come out of with their connections alive."""
    return _for_a_while(Proxy.freeze, LONG_S)


def slow(*, delay_s: float = 0.0, bytes_per_s: float | None = None) -> Inflicted:
    """Connections over which everything takes longer, or not much goes at once."""
    return _for_a_while(lambda wire: wire.slow(delay_s=delay_s, bytes_per_s=bytes_per_s), LONG_S)


@asynccontextmanager
async def half_open(scene: Scene) -> AsyncIterator[None]:
    """Connections that are dead without a word; the fault ends for people when they notice."""
    scene.wire.silence()
    await asyncio.sleep(LONG_S)
    yield


@asynccontextmanager
async def storm(scene: Scene) -> AsyncIterator[None]:
    """All lose their connections at the same moment, and again as soon as they are back."""
    for _ in range(STORMS):
        scene.wire.drop()
        await asyncio.sleep(MOMENT_S / 2)
    yield
