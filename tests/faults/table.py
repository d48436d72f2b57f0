"""The faults: how each is inflicted, and how it ends. Whoever enters one inflicts it, whoever leaves it ends it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

from redis.asyncio import Redis

from cavalcade.evaluation import breaking
from cavalcade.evaluation.installation import Installation
from cavalcade.evaluation.proxy import Proxy
from cavalcade.stack import valkey

LONG_S = 6.0
"""Longer than every deadline of the servers: 2 s for a reply, 3 s for a connection, 5 s for a statement."""
MOMENT_S = 1.0

OWN = {"services": ("gateway", "api"), "monolith": ("node",)}
"""The processes that each backend consists of; the first is the one that has the sockets."""


@dataclass(frozen=True)
class Scene:
    """What faults are inflicted on."""

    installation: Installation
    wire: Proxy
    """What lies between all people and the door."""


Inflicted = Callable[[Scene], AbstractAsyncContextManager[None]]


@dataclass(frozen=True)
class Fault:
    """One row.

    Attributes:
        name: What happens, as part of the test's name.
        inflicted: Inflicts it and ends it.
        is_quick: Whether `make test` tries it too.
        drops: Whether people may lose their connections; where not, all must keep them.
    """

    name: str
    inflicted: Inflicted
    is_quick: bool = False
    drops: bool = True


def faults(backend: str, nodes: int) -> Iterator[Fault]:
    """All that can happen to a backend."""
    sockets, *others = OWN[backend]
    number = "" if nodes == 1 else "-1"
    own = [sockets + number, *(other + number for other in others)]
    for part in (*own, "postgres", "valkey", "caddy"):
        holds_sockets = part in {own[0], "caddy"}
        is_alone = part == "caddy" or (nodes == 1 and part in own)
        yield Fault(f"{part} killed", killed(part, is_alone=is_alone), is_quick=part == own[0], drops=holds_sockets)
        yield Fault(f"{part} frozen", frozen(part), drops=holds_sockets)
    yield Fault("postgres restarted", restarted("postgres"), drops=False)
    yield Fault("valkey restarted", restarted("valkey"), is_quick=True, drops=False)
    yield Fault("valkey emptied", emptied, drops=False)
    yield Fault(f"valkey emptied and {own[0]} killed", emptied_and_killed(own[0]))
    yield Fault("connections cut", cut, is_quick=True)
    yield Fault("connections frozen", frozen_connections)
    yield Fault("connections half open", half_open)
    yield Fault("connections delayed", slow(delay_s=0.5), drops=False)
    yield Fault("connections throttled", slow(bytes_per_s=4_000), drops=False)
    yield Fault("reconnect storm", storm, is_quick=True)


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


@asynccontextmanager
async def cut(scene: Scene) -> AsyncIterator[None]:
    scene.wire.cut()
    await asyncio.sleep(MOMENT_S)
    scene.wire.mend()
    yield


@asynccontextmanager
async def frozen_connections(scene: Scene) -> AsyncIterator[None]:
    """Everything is late, as in a tunnel that phones come out of with their connections alive."""
    scene.wire.freeze()
    await asyncio.sleep(LONG_S)
    scene.wire.mend()
    yield


@asynccontextmanager
async def half_open(scene: Scene) -> AsyncIterator[None]:
    """Connections that are dead without a word; the fault ends for people when they notice."""
    scene.wire.silence()
    await asyncio.sleep(LONG_S)
    yield


def slow(*, delay_s: float = 0.0, bytes_per_s: float | None = None) -> Inflicted:
    @asynccontextmanager
    async def inflicted(scene: Scene) -> AsyncIterator[None]:
        scene.wire.slow(delay_s=delay_s, bytes_per_s=bytes_per_s)
        await asyncio.sleep(LONG_S)
        scene.wire.mend()
        yield

    return inflicted


@asynccontextmanager
async def storm(scene: Scene) -> AsyncIterator[None]:
    """All lose their connections at the same moment, and again as soon as they are back."""
    for _ in range(3):
        scene.wire.drop()
        await asyncio.sleep(MOMENT_S / 2)
    yield
