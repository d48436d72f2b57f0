"""What one message costs a session of 200: CPU of each kind of process, and bytes, beside a change of a profile.

`python -m bench.chat_fanout` starts each backend, lets everybody in, and has messages and changes of names sent in
turns.
"""

import asyncio
import itertools
import json
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Final

import click
from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as open_websocket
from websockets.typing import Subprotocol

from cavalcade.client import Membership, create_session, join_session
from cavalcade.wire.channel import TOPIC_PREFIX
from cavalcade.wire.frame import Message, encode_text
from testbed.installations.installation import Installation, installation
from testbed.installations.process_usage import group_cpu_s, spent_s

TEXT: Final = "Fuel in 20 km, then lunch by the lake at the usual place."
AT_ONCE: Final = 16
"""So many join at once."""


Push = Callable[[int], tuple[str, dict[str, object]]]
"""The name and the payload of the nth operation of a burst."""


@dataclass
class Reader:
    """One member's connection, whose frames are counted."""

    websocket: ClientConnection
    topic: str
    refs: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    frames: list[int] = field(default_factory=list)
    heard: asyncio.Event = field(default_factory=asyncio.Event)
    wanted: str = ""

    async def read(self) -> None:
        """Reads until it is closed."""
        async for frame in self.websocket:
            text = frame if isinstance(frame, str) else ""
            if self.wanted and self.wanted in text:
                self.frames.append(len(text.encode()))
                self.heard.set()

    async def push(self, event: str, payload: Mapping[str, object]) -> None:
        """Sends a push on the channel, whose first one joined it."""
        message = Message("1", str(next(self.refs)), self.topic, event, dict(payload))
        await self.websocket.send(encode_text(message).decode())

    def expect(self, words: str) -> None:
        """Waits for a frame with these words from now on."""
        self.wanted = words
        self.heard.clear()


@dataclass
class Cost:
    """What one operation took, together with its answer.

    Attributes:
        cpu_ms: CPU time of each kind of process, ms.
        frame_bytes: What one reader got.
    """

    cpu_ms: dict[str, float]
    frame_bytes: int


async def _join(stack: AsyncExitStack, membership: Membership) -> Reader:
    protocols = [Subprotocol(name) for name in membership.subprotocols]
    websocket = await stack.enter_async_context(
        open_websocket(membership.socket_url, subprotocols=protocols, compression=None, ping_interval=None)
    )
    reader = Reader(websocket, TOPIC_PREFIX + membership.session_id)
    reader.expect("phx_reply")
    task = asyncio.create_task(reader.read())
    stack.callback(task.cancel)
    await reader.push("phx_join", {"mode": "binary"})
    await reader.heard.wait()
    return reader


def _cpu(running: Installation) -> dict[str, dict[int, float]]:
    return {name: group_cpu_s(pids) for name, pids in running.processes().items()}


def _spent(before: Mapping[str, Mapping[int, float]], after: Mapping[str, Mapping[int, float]]) -> dict[str, float]:
    return {name: spent_s(before[name], after.get(name, {})) * 1000 for name in before}


def _messages(turn: int) -> Push:
    return lambda number: ("chat:send", {"op_id": f"m{turn}-{number}", "text": TEXT})


def _names(turn: int) -> Push:
    return lambda number: ("profile:set", {"op_id": f"p{turn}-{number}", "name": f"R {turn} {number}"})


async def _burst(running: Installation, readers: Sequence[Reader], count: int, push: Push) -> Cost:
    """Has several members say something one after another, each when all have heard what came before."""
    before, sizes = _cpu(running), []
    for number in range(count):
        event, payload = push(number)
        mark = f'"{payload["op_id"]}"'
        for reader in readers:
            reader.expect(mark)
        await readers[number % len(readers)].push(event, payload)
        await asyncio.gather(*(reader.heard.wait() for reader in readers))
        sizes.append(readers[(number + 1) % len(readers)].frames[-1])
    spent = _spent(before, _cpu(running))
    return Cost({name: ms / count for name, ms in spent.items()}, round(statistics.median(sizes)))


async def measure(backend: str, members: int, count: int, rounds: int) -> dict[str, list[Cost]]:
    """Measures one backend: idle seconds, messages and changes of names, in turns."""
    found: dict[str, list[Cost]] = {"idle": [], "message": [], "profile": []}
    turns = itertools.count()
    async with installation(backend, 1) as running, AsyncExitStack() as stack:
        made = await create_session(running.public_url, name="Ride", host_name="Host")
        assert made.link
        door = asyncio.Semaphore(AT_ONCE)

        async def member(number: int) -> Reader:
            async with door:
                return await _join(stack, await join_session(made.link or "", name=f"Rider {number}"))

        readers = await asyncio.gather(*(member(number) for number in range(members - 1)))
        for _ in range(rounds):
            begun, clock = _cpu(running), asyncio.get_running_loop().time
            at = clock()
            await asyncio.sleep(2)
            lasted = clock() - at
            found["idle"].append(Cost({name: ms / lasted for name, ms in _spent(begun, _cpu(running)).items()}, 0))
            turn = next(turns)
            found["message"].append(await _burst(running, readers, count, _messages(turn)))
            found["profile"].append(await _burst(running, readers, count, _names(turn)))
    return found


@click.command()
@click.option("--members", default=200, show_default=True)
@click.option("--count", default=30, show_default=True, help="Messages in a round; a session takes 60 at once.")
@click.option("--rounds", default=3, show_default=True)
def main(members: int, count: int, rounds: int) -> None:
    """Measure what one message to everybody costs, on each backend."""
    for backend in ("services", "monolith"):
        found = asyncio.run(measure(backend, members, count, rounds))
        for what, costs in found.items():
            names = sorted({name for cost in costs for name in cost.cpu_ms})
            each = {name: [round(cost.cpu_ms.get(name, 0), 2) for cost in costs] for name in names}
            said = {"backend": backend, "what": what, "cpu_ms": each, "frame_bytes": costs[-1].frame_bytes}
            click.echo(json.dumps(said))


if __name__ == "__main__":
    main()
