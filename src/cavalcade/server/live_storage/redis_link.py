"""A connection to Redis of our own for the paths that run for every flush and every event.

Pipelining through redis-py costs 14-35 us of CPU for each command, hiredis alone 2-4. Everything that is not on such a
path uses redis-py.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Final, cast
from urllib.parse import parse_qs, unquote, urlsplit

import hiredis
import structlog

from cavalcade.server.live_storage.refusals import STATES, Refusals
from cavalcade.server.processes.clock import moment

Command = tuple[str | bytes | int | float, ...]

CONNECT_TIMEOUT_S: Final = 2.0
LONGEST_PAUSE_S: Final = 1.0
MAX_BUFFERED: Final = 4 * 1024 * 1024

BEAT_S: Final = 1.0
"""How often Redis is asked for a sign of life, seconds."""

MOST_SILENT: Final = 2
"""Beats without a byte after which a connection is given up; more than one, since this process may stand still too."""

FIRST_TRY_S: Final = 1.0
LONGEST_TRY_S: Final = 30.0
"""After how long it is tried whether a Redis that refused takes writes again; twice as long after each refusal."""

HELLO: Final[Command] = ("EXISTS", "cavalcade:gateways")
"""Refused where Redis still loads its data or asks for a password; not, as a PING is, where it only refuses writes."""

_TRY: Final[Command] = ("SET", "cavalcade:try", 1, "PX", 1000)
"""Executed out where Redis takes writes."""

_log = structlog.get_logger(__name__)


class RedisUnavailable(Exception):
    """Redis is away, or went away before it answered."""


class RedisRefused(RedisUnavailable):
    """Redis is there, and answered with an error."""


class RedisLink:
    """Keeps one connection to Redis open, and says when it is there again.

    Commands are answered in order. While Redis is away `call` fails at once and `tell` drops what it is given: users
    of the link write again in `connected`. That is called as well when Redis takes writes again after it refused some.
    """

    def __init__(
        self,
        url: str,
        *,
        connected: Callable[[], None] = lambda: None,
        lost: Callable[[], None] = lambda: None,
        pushed: Callable[[list[object]], None] | None = None,
        refusals: Refusals | None = None,
    ) -> None:
        """Prepares a link; `run` opens it.

        Args:
            url: `redis://[user:password@]host:port/db` or `unix:///path?db=n`.
            connected: Called each time the connection stands, and each time Redis takes writes again.
            lost: Called each time it is gone.
            pushed: Called with each message of a subscription; then the link serves nothing but subscriptions.
            refusals: Told of every error reply.
        """
        self.refusals = refusals or Refusals()
        self._refused_at: float | None = None
        """Since when, by `clock.moment`, Redis refuses commands from all clients; None while it does not."""
        self._try_at, self._pause = 0.0, FIRST_TRY_S
        self._url = url
        self._connected, self._lost, self._pushed = connected, lost, pushed
        self._protocol: _Protocol | None = None

    @property
    def is_up(self) -> bool:
        """Whether the connection stands."""
        return self._protocol is not None

    @property
    def is_refused(self) -> bool:
        """Whether Redis is there and refuses writes."""
        return self._refused_at is not None

    async def run(self) -> None:
        """Connects, and connects again whenever the connection is lost, until cancelled."""
        pause = 0.02
        while True:
            try:
                async with asyncio.timeout(CONNECT_TIMEOUT_S):
                    protocol = await self._connect()
            except (OSError, TimeoutError, RedisUnavailable, hiredis.HiredisError):
                await asyncio.sleep(pause)
                pause = min(LONGEST_PAUSE_S, pause * 2)
                continue
            pause = 0.02
            self._protocol, self._refused_at = protocol, None
            self._connected()
            try:
                await self._until_lost(protocol)
            finally:
                self._protocol = None
                protocol.finish()
            _log.warning("redis_lost")
            self._lost()
            if self._pushed is not None and self.is_refused:
                await asyncio.sleep(LONGEST_PAUSE_S)

    async def call(self, *command: str | bytes | float) -> object:
        """Sends one command and awaits its answer.

        Raises:
            RedisUnavailable: Where Redis is away, or goes away before it answers.
            RedisRefused: Where it refuses the command.
        """
        (answer,) = await self.ask([command])
        return answer

    async def ask(self, commands: Sequence[Command]) -> list[object]:
        """Sends commands in one write and awaits all their answers.

        Raises:
            RedisUnavailable: Where Redis is away, or goes away before it answers.
            RedisRefused: Where it refuses one of them; others may have been carried out.
        """
        if self._protocol is None:
            raise RedisUnavailable
        answers: list[object] = list(await asyncio.gather(*self._protocol.ask(commands)))
        if any(isinstance(answer, hiredis.ReplyError) for answer in answers):
            raise RedisRefused
        return answers

    def tell(self, commands: Sequence[Command]) -> bool:
        """Sends commands in one write without waiting. One that is refused is said again by `connected` alone.

        Returns:
            False where Redis is away or does not read: then nothing was sent.
        """
        if self._protocol is None or self._protocol.is_full:
            return False
        self._protocol.tell(commands)
        return True

    def send(self, commands: Sequence[Command]) -> asyncio.Future[Collection[int]] | None:
        """Like `tell`, and says what became of the commands, of which there must be some.

        Returns:
            The places of those that Redis refused; failed with `RedisUnavailable` where it went away before it had
            answered all; None where `tell` would return False.
        """
        if self._protocol is None or self._protocol.is_full:
            return None
        return self._protocol.send(commands)

    async def _until_lost(self, protocol: "_Protocol") -> None:
        """Waits until a connection is gone, or as good as gone: a way that is dead without a word answers nothing."""
        silent = 0
        while silent < MOST_SILENT:
            heard = protocol.heard
            protocol.tell([("PING",)])
            if self._refused_at is not None and moment() >= self._try_at:
                self._try_again(protocol)
            await asyncio.wait((protocol.closed,), timeout=BEAT_S)
            if protocol.closed.done():
                return
            silent = silent + 1 if protocol.heard == heard else 0
        protocol.close()
        await protocol.closed

    def _note_refusal(self, error: hiredis.ReplyError) -> None:
        kind, now = self.refusals.note(error), moment()
        if self._pushed is not None:
            # A subscription was refused; or a PING, by a Redis that cannot write but takes subscriptions.
            if kind != "MISCONF" and self._protocol is not None:
                self._refused_at = now
                self._protocol.close()
            return
        if kind not in STATES:
            return
        if self._refused_at is None:
            self._refused_at = now
            recent = now < self._try_at + 2 * self._pause
            self._pause = min(LONGEST_TRY_S, 2 * self._pause) if recent else FIRST_TRY_S
            self._try_at = now + self._pause
        elif kind == "READONLY" and now >= self._try_at and self._protocol is not None:
            self._protocol.close()  # the address may lead to another server by now

    def _try_again(self, protocol: "_Protocol") -> None:
        """Tries whether Redis takes writes again; then `connected` writes again what was refused."""
        (tried,) = protocol.ask([_TRY])

        def answered(tried: "asyncio.Future[object]") -> None:
            if tried.exception() is not None or self._protocol is not protocol or self._refused_at is None:
                return
            if isinstance(tried.result(), hiredis.ReplyError):
                self._try_at = moment() + FIRST_TRY_S
                return
            self._refused_at = None
            self._connected()

        tried.add_done_callback(answered)

    async def _connect(self) -> "_Protocol":
        loop = asyncio.get_running_loop()
        parts = urlsplit(self._url)
        database = parts.path.lstrip("/") or "0"

        def factory() -> _Protocol:
            return _Protocol(self._pushed, self._note_refusal)

        if parts.scheme == "unix":
            database = parse_qs(parts.query).get("db", ["0"])[0]
            _, protocol = await loop.create_unix_connection(factory, unquote(parts.path))
        else:
            tls = True if parts.scheme == "rediss" else None
            _, protocol = await loop.create_connection(
                factory, parts.hostname or "localhost", parts.port or 6379, ssl=tls
            )
        hello: list[Command] = [HELLO]
        if parts.password:
            who = (unquote(parts.username),) if parts.username else ()
            hello.insert(0, ("AUTH", *who, unquote(parts.password)))
        if database != "0":
            hello.append(("SELECT", database))
        try:
            answers = await asyncio.gather(*protocol.ask(hello))
        except BaseException:
            protocol.close()
            raise
        refusal = next((answer for answer in answers if isinstance(answer, hiredis.ReplyError)), None)
        if refusal is not None:
            protocol.close()
            raise RedisRefused
        return protocol


@dataclass(slots=True)
class _Sent:
    """Commands that were sent together; one of these stands for each of them among those that wait for answers."""

    left: int
    done: asyncio.Future[Collection[int]]
    refused: list[int] = field(default_factory=list)
    count: int = 0

    def settle(self, answer: object) -> None:
        if isinstance(answer, hiredis.ReplyError):
            self.refused.append(self.count)
        self.count += 1
        self.left -= 1
        if not self.left and not self.done.done():
            self.done.set_result(self.refused)


class _Protocol(asyncio.Protocol):
    """Commands out, answers back in order; or, once subscribed, messages."""

    def __init__(
        self, pushed: Callable[[list[object]], None] | None, refused: Callable[[hiredis.ReplyError], None]
    ) -> None:
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._reader = hiredis.Reader()
        self._waiting: deque[asyncio.Future[object] | _Sent | None] = deque()
        self.heard = 0
        """How often something has come."""
        self._pushed, self._refused = pushed, refused
        self._transport: asyncio.Transport | None = None

    @property
    def is_full(self) -> bool:
        """Whether Redis reads so slowly that more would only pile up here."""
        return self._transport is None or self._transport.get_write_buffer_size() > MAX_BUFFERED

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's does not inherit from it

    def data_received(self, data: bytes) -> None:
        self.heard += 1
        self._reader.feed(data)
        while True:
            try:
                answer = self._reader.gets()
            except hiredis.ProtocolError:
                self.close()
                return
            if answer is False:
                return
            if self._pushed is not None and isinstance(answer, list) and len(answer) >= 3:
                self._pushed(answer)
                continue
            if isinstance(answer, hiredis.ReplyError):
                self._refused(answer)
            if self._waiting:
                self._settle(self._waiting.popleft(), answer)

    def connection_lost(self, _error: Exception | None) -> None:
        while self._waiting:
            waiting = self._waiting.popleft()
            future = waiting.done if isinstance(waiting, _Sent) else waiting
            if future is not None and not future.done():
                future.set_exception(RedisUnavailable())
        if not self.closed.done():
            self.closed.set_result(None)

    def ask(self, commands: Sequence[Command]) -> list[asyncio.Future[object]]:
        """Sends commands and returns the futures of their answers."""
        loop = asyncio.get_running_loop()
        futures: list[asyncio.Future[object]] = [loop.create_future() for _ in commands]
        self._waiting.extend(futures)
        self._write(commands)
        return futures

    def send(self, commands: Sequence[Command]) -> asyncio.Future[Collection[int]]:
        """Sends commands and returns the places of those that are refused, once all are answered."""
        sent = _Sent(len(commands), asyncio.get_running_loop().create_future())
        self._waiting.extend([sent] * len(commands))
        self._write(commands)
        return sent.done

    def tell(self, commands: Sequence[Command]) -> None:
        """Sends commands whose answers nobody waits for."""
        if self._pushed is None:
            self._waiting.extend([None] * len(commands))
        self._write(commands)

    def finish(self) -> None:
        """Closes the connection once what was told is sent."""
        if self._transport is not None:
            self._transport.close()

    def close(self) -> None:
        """Drops the connection."""
        if self._transport is not None:
            self._transport.abort()

    def _write(self, commands: Sequence[Command]) -> None:
        assert self._transport is not None
        self._transport.write(b"".join([hiredis.pack_command(cast("tuple[bytes]", command)) for command in commands]))

    @staticmethod
    def _settle(waiting: asyncio.Future[object] | _Sent | None, answer: object) -> None:
        if isinstance(waiting, _Sent):
            waiting.settle(answer)
        elif waiting is not None:
            with contextlib.suppress(asyncio.InvalidStateError):
                waiting.set_result(answer)
