"""The load generator: a process that reads a `Load` as JSON from standard input and prints a `Reading`.

    python -m testbed.load.generator

It is open-loop: each fix has its time, whether or not the server keeps up, and what was sent late is counted. Frames
are counted by their lengths alone; one member of each session reads its positions, for the latency.
"""

import dataclasses
import json
import os
import selectors
import socket
import struct
import sys
import time
from dataclasses import dataclass, field
from typing import Final

from testbed.installations.process_usage import group_bytes, group_cpu_s, spent_s
from testbed.load.traffic import (
    BODY_SIZE,
    FIX_SIZE,
    HEADER_SIZE,
    POSITION_SIZE,
    Load,
    Target,
    masked_frame,
    packed_fix,
    phases,
    split_frames,
)

JOIN_TIMEOUT_S: Final = 30.0
MOST_JOINING: Final = 200
"""How many joins wait for their answers at once: a crowd that comes in, not one that all come back in one moment."""

LATE_S: Final = 0.05
"""A fix that is sent later than this counts as late."""

_TEXT, _BINARY = 1, 2
_POSITION: Final = struct.Struct(">HI17x")


class LoadError(Exception):
    """The load could not be put on: why, in plain words."""


@dataclass(slots=True)
class Reading:
    """What one run measured, all of it within the measured time.

    Attributes:
        connections: How many there were.
        wall_s: How long was measured.
        sent: Fixes sent.
        late: Fixes sent more than 50 ms after their time.
        frames: Binary frames received.
        positions: Positions in them.
        server_cpu_s: CPU of the server.
        sent_bytes: What all members sent, WebSocket frames and all.
        received_bytes: What they were sent.
        helpers_cpu_s: CPU of others, by name.
        server_bytes: Memory of the server at the end.
        helpers_bytes: Memory of others at the end, by name.
        generator_cpu_s: CPU of the generator itself.
        connection_bytes: Memory of the server for each connection.
        connection_cpu_s: CPU of the server for each connection that was made.
        connect_s: How long it took until all were connected and in, one after another.
        latencies_ms: From the moment that a fix was due to its receipt, for one member of each session, sorted. A fix
            that was sent late counts from when it should have been.
    """

    connections: int
    wall_s: float = 0.0
    sent: int = 0
    late: int = 0
    frames: int = 0
    positions: int = 0
    sent_bytes: int = 0
    received_bytes: int = 0
    server_bytes: int = 0
    helpers_bytes: dict[str, int] = field(default_factory=dict)
    server_cpu_s: float = 0.0
    helpers_cpu_s: dict[str, float] = field(default_factory=dict)
    generator_cpu_s: float = 0.0
    connection_bytes: float = 0.0
    connection_cpu_s: float = 0.0
    connect_s: float = 0.0
    latencies_ms: list[float] = field(default_factory=list)


class Member:
    """One connection: what it sends, and what it was sent."""

    __slots__ = ("_envelope", "_mask", "_number", "joined", "reads", "rest", "session", "socket")

    def __init__(self, number: int, target: Target, port: int, *, reads: bool) -> None:
        """Connects and shakes hands.

        Args:
            number: Counted from 0 over all members.
            target: Where to.
            port: On 127.0.0.1.
            reads: Whether it takes latencies.

        Raises:
            LoadError: The server refused.
        """
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=JOIN_TIMEOUT_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.joined = not target.join
        self.reads = reads
        self.session = target.session
        self._number = number
        self._envelope = target.envelope.encode("latin-1")
        self._mask = os.urandom(4)
        self.rest = self._shake_hands(target)
        if target.join:
            self.socket.sendall(masked_frame(_TEXT, target.join.encode(), self._mask))
        self.socket.setblocking(False)

    def send(self, late_s: float) -> int:
        """Sends the fix that was due so many seconds ago, and returns how many bytes it took.

        Raises:
            LoadError: The server has closed the connection.
        """
        fix = packed_fix(self._number, time.time_ns() // 1_000_000 - int(late_s * 1000))
        try:
            return self.socket.send(masked_frame(_BINARY, self._envelope + fix, self._mask))
        except BlockingIOError:
            return 0  # it does not read: the fix is lost, and what arrives is fewer than what was due
        except OSError as error:
            raise LoadError("the server closed a connection") from error

    def _shake_hands(self, target: Target) -> bytes:
        request = (
            f"GET {target.path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        self.socket.sendall(request.encode("ascii"))
        answer = b""
        while b"\r\n\r\n" not in answer:
            received = self.socket.recv(65_536)
            if not received:
                raise LoadError("the server closed a connection instead of answering")
            answer += received
        head, _, rest = answer.partition(b"\r\n\r\n")
        status = head.split(b"\r\n", 1)[0].decode("latin-1")
        if " 101 " not in status:
            raise LoadError(f"the server answered {status!r} instead of opening a WebSocket")
        return rest


class Generator:
    """Puts one load on one server."""

    def __init__(self, load: Load) -> None:
        """Prepares; `run` does it."""
        self._load = load
        self._members: list[Member] = []
        self._selector = selectors.DefaultSelector()
        self._reading = Reading(len(load.targets))
        self._envelope_size = load.envelope_size
        self._measuring = False
        self._joining = 0

    def run(self) -> Reading:
        """Connects everybody, warms up and measures.

        Raises:
            LoadError: The server refused, closed a connection, or did not answer in time.
        """
        load, reading = self._load, self._reading
        memory, cpu = group_bytes(load.server_pids), group_cpu_s(load.server_pids)
        begun = time.monotonic()
        self._connect()
        reading.connect_s = time.monotonic() - begun
        reading.connection_bytes = (group_bytes(load.server_pids) - memory) / reading.connections
        reading.connection_cpu_s = spent_s(cpu, group_cpu_s(load.server_pids)) / reading.connections
        begin = time.monotonic() + 0.1
        measured_from = begin + load.warm_up_s
        moments = phases(load.targets, load.pattern, load.period_s)
        schedule = sorted(zip(moments, self._members, strict=True), key=lambda pair: pair[0])
        due = [(begin + phase, member) for phase, member in schedule]
        due = self._drive(due, measured_from)
        before = self._cpu()
        self._measuring = True
        started = time.monotonic()
        self._drive(due, measured_from + load.measured_s)
        reading.wall_s = time.monotonic() - started
        self._measuring = False
        after = self._cpu()
        reading.server_cpu_s = spent_s(before["server"], after["server"])
        reading.generator_cpu_s = spent_s(before["generator"], after["generator"])
        reading.helpers_cpu_s = {name: spent_s(before[name], after[name]) for name in load.helper_pids}
        reading.server_bytes = group_bytes(load.server_pids)
        reading.helpers_bytes = {name: group_bytes(pids) for name, pids in load.helper_pids.items()}
        reading.latencies_ms.sort()
        return reading

    def _cpu(self) -> dict[str, dict[int, float]]:
        pids = {"server": self._load.server_pids, "generator": [os.getpid()], **self._load.helper_pids}
        return {name: group_cpu_s(of) for name, of in pids.items()}

    def _connect(self) -> None:
        seen: set[int] = set()
        for number, target in enumerate(self._load.targets):
            member = Member(number, target, target.port or self._load.port, reads=target.session not in seen)
            seen.add(target.session)
            self._members.append(member)
            self._selector.register(member.socket, selectors.EVENT_READ, member)
            self._joining += not member.joined
            self._receive(0)
            self._await_joins(MOST_JOINING)
        self._await_joins(0)

    def _await_joins(self, most: int) -> None:
        """Waits until at most so many joins have no answer."""
        deadline = time.monotonic() + JOIN_TIMEOUT_S
        while self._joining > most:
            if time.monotonic() > deadline:
                raise LoadError("the server did not answer all joins in time")
            self._receive(0.1)

    def _drive(self, due: list[tuple[float, Member]], until: float) -> list[tuple[float, Member]]:
        """Sends each fix in its time and takes what comes, until a moment; returns what is due next, in order."""
        reading = self._reading
        at, count = 0, len(due)
        while (now := time.monotonic()) < until:
            moment, member = due[at]
            if moment > now:
                self._receive(min(moment, until) - now)
                continue
            size = member.send(now - moment)
            if self._measuring:
                reading.sent += 1
                reading.sent_bytes += size
                reading.late += now - moment > LATE_S
            due[at] = (moment + self._load.period_s, member)
            at = (at + 1) % count
        return due[at:] + due[:at]

    def _receive(self, timeout_s: float) -> None:
        reading = self._reading
        for key, _ in self._selector.select(timeout_s):
            member: Member = key.data
            try:
                data = member.socket.recv(262_144)
            except BlockingIOError:
                continue
            except OSError as error:
                raise LoadError("the server closed a connection") from error
            if not data:
                raise LoadError("the server closed a connection")
            if self._measuring:
                reading.received_bytes += len(data)
            if member.rest:
                data = member.rest + data
            frames, taken = split_frames(data)
            member.rest = data[taken:]
            if self._measuring:
                self._count(member, data, frames)
            elif not member.joined:
                self._look_for_reply(member, data, frames)

    def _count(self, member: Member, data: bytes, frames: list[tuple[int, int, int]]) -> None:
        reading, offset = self._reading, self._envelope_size + HEADER_SIZE
        for opcode, begin, end in frames:
            if opcode != _BINARY:
                continue
            reading.frames += 1
            if self._load.relays:
                reading.positions += 1
                if member.reads:
                    fix_time = int.from_bytes(data[end - FIX_SIZE : end - BODY_SIZE], "big")
                    reading.latencies_ms.append(time.time() * 1000 - fix_time)
                continue
            reading.positions += (end - begin - offset) // POSITION_SIZE
            if member.reads:
                received = time.time() * 1000
                body = begin + offset
                server_time = int.from_bytes(data[body - HEADER_SIZE : body], "big")
                ages = _POSITION.iter_unpack(data[body:end])
                reading.latencies_ms.extend(received - server_time + age for _, age in ages)

    def _look_for_reply(self, member: Member, data: bytes, frames: list[tuple[int, int, int]]) -> None:
        for opcode, begin, end in frames:
            if opcode == _TEXT and (welcome := is_welcome(data[begin:end])) is not None:
                if not welcome:
                    raise LoadError("the server refused a join")
                member.joined = True
                self._joining -= 1
                return


def is_welcome(frame: bytes) -> bool | None:
    """Whether a text frame lets somebody in, or refuses it; None where it is no answer to a join."""
    if b'"phx_reply"' not in frame:
        return None
    _, _, _, _, payload = json.loads(frame)
    return payload["status"] == "ok"  # type: ignore[no-any-return]  # a comparison of texts


def main() -> int:
    """Reads the load, puts it on and prints what was measured; 1 and a sentence where that was not possible."""
    fields = json.load(sys.stdin)
    load = Load(**{**fields, "targets": [Target(**target) for target in fields["targets"]]})
    try:
        reading = Generator(load).run()
    except (LoadError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    json.dump(dataclasses.asdict(reading), sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
