"""Makes the corpus again: `python -m tests.fuzz.record`. A real client does everything once, through a tap."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

from cavalcade.client import (
    Fix,
    LiveSession,
    Membership,
    Rejected,
    change_session,
    connect,
    create_session,
    end_session,
    fetch_session,
    find_nearby,
    join_session,
    leave_session,
    preview_session,
    read_messages,
)
from cavalcade.client.clock import epoch_ms
from cavalcade.wire.messages import Mode
from tests.fuzz.corpus import Entry
from tests.hostile.installation import installed

SOON = 10.0


@dataclass
class Tap:
    """Passes connections on to a port, and keeps what clients sent on each."""

    target: int
    port: int = 0
    sent: list[bytearray] = field(default_factory=list)

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        kept = bytearray()
        self.sent.append(kept)
        there, onward = await asyncio.open_connection("127.0.0.1", self.target)

        async def forth() -> None:
            while data := await reader.read(65_536):
                kept.extend(data)
                onward.write(data)
            onward.close()

        async def back() -> None:
            while data := await there.read(65_536):
                writer.write(data)
            writer.close()

        with contextlib.suppress(OSError):
            await asyncio.gather(forth(), back())


@asynccontextmanager
async def tapped(port: int) -> AsyncIterator[Tap]:
    """A tap in front of a port."""
    tap = Tap(port)
    server = await asyncio.start_server(tap.carry, "127.0.0.1", 0)
    tap.port = server.sockets[0].getsockname()[1]
    yield tap
    server.close()


async def record() -> None:
    """Writes the corpus."""
    async with installed("services", {}) as running, tapped(int(running.base.rpartition(":")[2])) as tap:
        here = f"http://localhost:{tap.port}"
        blanks: dict[str, str] = {}
        host = await create_session(here, name="Trip", host_name="Anna", lifetime_s=3600)
        assert host.code is not None
        link = f"{here}/j#{host.code}"
        blanks |= {"session": host.session_id, "code": host.code, "host_token": host.token}
        member = await join_session(link, name="Ben", color="#336699")
        blanks["token"] = member.token
        await preview_session(link)
        await fetch_session(member)
        await find_nearby(member, 5000)
        await read_messages(member, before=100, limit=5)
        await change_session(host, name="Tour", extend_s=7200)
        _flush(tap, "http", blanks)
        modes: tuple[Mode, Mode] = ("binary", "json")
        for mode in modes:
            await _ride(_through(tap, host), _through(tap, member), mode)
            _flush(tap, f"socket_{mode}", blanks)
        await leave_session(member)
        await end_session(host)
        _flush(tap, "http_end", blanks)
        host = await create_session(here, name="Trip")
        blanks = {"session": host.session_id, "host_token": host.token}
        async with connect(_through(tap, host)) as alone:
            await alone.end()
        _flush(tap, "socket_end", blanks)


def _through(tap: Tap, membership: Membership) -> Membership:
    return replace(membership, socket=f"ws://localhost:{tap.port}/socket")


async def _ride(host: Membership, member: Membership, mode: Mode) -> None:
    async with connect(host, mode=mode) as anna, connect(member, mode=mode) as ben:
        await _both(anna, ben)
        for step in range(3):
            anna.report(
                Fix(47.66 + step / 1000, 9.18, accuracy=5.0, heading=90.0, speed=12.5, altitude=400, battery=80)
            )
            await ben.wait_for(lambda s: 1 in s.positions, SOON)
            ben.report(Fix(47.66, 9.18 + step / 1000))
            await anna.wait_for(lambda s: 2 in s.positions, SOON)
        await ben.set_profile(name="Benny", color="#abcdef")
        await ben.set_sharing(on=False)
        await ben.set_sharing(on=True)
        await ben.send_fixes([Fix(47.6, 9.1, fix_time=epoch_ms() - 1000 * ago) for ago in range(3)])
        await anna.rename("Tour 2")
        await anna.extend(3600)
        with contextlib.suppress(Rejected):  # the host is here
            await ben.claim_host()


async def _both(*people: LiveSession) -> None:
    for person in people:
        await person.wait_for(lambda s: s.present == {1, 2}, SOON)


def _flush(tap: Tap, name: str, blanks: dict[str, str]) -> None:
    """Writes what was sent since the last time."""
    for number, sent in enumerate(tap.sent, 1):
        data = bytes(sent)
        if b"Upgrade: websocket" in data:
            entry = Entry(f"{name}_{number}", "socket", tuple(_frames(data.partition(b"\r\n\r\n")[2])))
        else:
            entry = Entry(f"{name}_{number}", "http", ((0, data),))
        entry.blanked({**blanks, "port": str(tap.port)}).write()
    tap.sent = []


def _frames(data: bytes) -> list[tuple[int, bytes]]:
    """The frames of a client, unmasked."""
    frames = []
    while len(data) >= 6:
        opcode, size, at = data[0] & 0x0F, data[1] & 0x7F, 2
        if size >= 126:
            at += 2 if size == 126 else 8
            size = int.from_bytes(data[2:at], "big")
        mask, at = data[at : at + 4], at + 4
        frames.append((opcode, bytes(byte ^ mask[i % 4] for i, byte in enumerate(data[at : at + size]))))
        data = data[at + size :]
    return frames


if __name__ == "__main__":
    asyncio.run(record())
