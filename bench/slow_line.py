"""A slow line that carries everything, sockets and handshakes too, which Chromium's own throttling leaves out.

The telephone is a network namespace of its own. Between it and this machine lie two TUN devices and a process that
hands packets from one to the other, at the pace of a mobile network; TCP, TLS and HTTP/2 at both ends are the real
ones. It needs Linux, root and the program ``ip`` (iproute2), and reaches nobody but this machine.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import select
import struct
import subprocess
import sys
import time
from collections import deque
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

SERVER = "198.18.0.1"
"""This machine as the telephone sees it: a network for measurements (RFC 2544)."""
_TELEPHONE = "198.18.0.2"
DOWN_BITS_S = 1_600_000
UP_BITS_S = 750_000
DELAY_S = 0.075
QUEUE_BYTES = 96_000
"""What waits before the line at most; what comes then is lost. Half a second's worth, as mobile networks keep."""

_DEVICE = "cavalcade"
_SET_DEVICE = 0x400454CA  # TUNSETIFF of linux/if_tun.h, with IFF_TUN | IFF_NO_PI
_BARE_PACKETS = 0x0001 | 0x1000
_LONGEST_PACKET = 2_048


class OneWay:
    """One direction of the line, without I/O: what is sent waits its turn, takes its time, and is then on its way.

    Args:
        bytes_s: How much it carries a second.
        delay_s: How long each packet is on its way, once it was sent.
        queue_bytes: How much may wait for its turn.
    """

    def __init__(self, bytes_s: float, delay_s: float, queue_bytes: int) -> None:
        self._bytes_s, self._delay_s, self._queue_bytes = bytes_s, delay_s, queue_bytes
        self._free_at = 0.0
        self._under_way: deque[tuple[float, bytes]] = deque()

    def send(self, packet: bytes, now: float) -> bool:
        """Take a packet; False where it is lost, since too much waits."""
        begins = max(now, self._free_at)
        if (begins - now) * self._bytes_s + len(packet) > self._queue_bytes:
            return False
        self._free_at = begins + len(packet) / self._bytes_s
        self._under_way.append((self._free_at + self._delay_s, packet))
        return True

    def arrived(self, now: float) -> list[bytes]:
        """The packets that are there by now and were not before."""
        there = []
        while self._under_way and self._under_way[0][0] <= now:
            there.append(self._under_way.popleft()[1])
        return there

    @property
    def next_at(self) -> float | None:
        """When the next packet is there; None where none is under way."""
        return self._under_way[0][0] if self._under_way else None


@asynccontextmanager
async def slow_line() -> AsyncIterator[list[str]]:
    """The line, while the context lasts.

    Yields:
        What to put in front of a command to have it run on the telephone, from where this machine is `SERVER`.

    Raises:
        SystemExit: This is not Linux, or not root, or there is no ``ip``.
    """
    if sys.platform != "linux" or os.geteuid() != 0:
        raise SystemExit("The slow line needs Linux and root")
    telephone = f"{_DEVICE}-{os.getpid()}"
    try:
        _run("ip", "netns", "add", telephone)
    except FileNotFoundError:
        raise SystemExit("The slow line needs the program ip: install iproute2") from None
    try:
        on_it = ["ip", "netns", "exec", telephone]
        device = _open_device()
        _bring_up([], SERVER)
        process = await asyncio.create_subprocess_exec(
            *on_it, sys.executable, "-m", "bench.slow_line", str(device),
            pass_fds=[device], stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        os.close(device)
        try:
            assert process.stdout
            if not await process.stdout.readline():
                raise SystemExit("The slow line did not come up")
            _bring_up(on_it, _TELEPHONE)
            yield on_it
        finally:
            process.terminate()
            await process.wait()
    finally:
        _run("ip", "netns", "delete", telephone)


def _bring_up(prefix: list[str], address: str) -> None:
    _run(*prefix, "ip", "address", "add", f"{address}/30", "dev", _DEVICE)
    _run(*prefix, "ip", "link", "set", _DEVICE, "up")


def _run(*command: str) -> None:
    subprocess.run(command, check=True)  # noqa: S603 - our own


def _open_device() -> int:
    """A TUN device in the namespace that this process is in; it goes when its descriptor is closed."""
    device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(device, _SET_DEVICE, struct.pack("16sH22x", _DEVICE.encode(), _BARE_PACKETS))
    return device


def _carry(server: int, telephone: int) -> None:
    """Hand packets on between two devices, for ever."""
    ways = {
        server: (OneWay(DOWN_BITS_S / 8, DELAY_S, QUEUE_BYTES), telephone),
        telephone: (OneWay(UP_BITS_S / 8, DELAY_S, QUEUE_BYTES), server),
    }
    while True:
        due = [way.next_at for way, _ in ways.values() if way.next_at is not None]
        wait = max(0.0, min(due) - time.monotonic()) if due else None
        for source in select.select(list(ways), [], [], wait)[0]:
            ways[source][0].send(os.read(source, _LONGEST_PACKET), time.monotonic())
        for way, target in ways.values():
            for packet in way.arrived(time.monotonic()):
                with contextlib.suppress(OSError):  # nobody is there yet
                    os.write(target, packet)


if __name__ == "__main__":
    own = _open_device()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    _carry(int(sys.argv[1]), own)
