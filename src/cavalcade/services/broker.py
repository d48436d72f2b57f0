"""Messages between processes: Redis Pub/Sub, one channel for each session that has connections here."""

import asyncio
from collections.abc import Callable
from typing import Final

import structlog

from cavalcade.server.live_storage.live_state import key
from cavalcade.server.live_storage.redis_link import Command, RedisLink, RedisUnavailable
from cavalcade.server.live_storage.refusals import Refusals
from cavalcade.services.messages import Message, decode, encode, is_from
from cavalcade.wire.errors import DecodeError

CONFIRM_S: Final = 2.0

_log = structlog.get_logger(__name__)


class Broker:
    """The subscriptions of one process. What is published while Redis is away is lost here: offsets tell."""

    def __init__(
        self,
        redis_url: str,
        gateway: str,
        received: Callable[[str, Message], None],
        restored: Callable[[], None],
        *,
        refusals: Refusals | None = None,
    ) -> None:
        """Prepares the broker; `run` connects it.

        Args:
            redis_url: Where Redis is.
            gateway: This one, whose own positions and rolls come back and are dropped.
            received: Called with a session's id and what a process has told.
            restored: Called when all subscriptions stand again after Redis was away: something may have been missed.
            refusals: Told of every error reply.
        """
        self._gateway = bytes.fromhex(gateway)
        self._received, self._restored = received, restored
        self._sessions: dict[str, str] = {}
        self._confirmations: dict[str, asyncio.Future[None]] = {}
        self._last: str | None = None
        """The last of the channels that are subscribed to again; its confirmation says that all are."""
        self._link = RedisLink(
            redis_url, connected=self._resubscribe, lost=self._fail, pushed=self._push, refusals=refusals
        )

    async def run(self) -> None:
        """Keeps the subscriptions until cancelled."""
        await self._link.run()

    async def subscribe(self, session_id: str) -> None:
        """Subscribes and awaits the confirmation: whatever is published from then on arrives.

        Raises:
            RedisUnavailable: Where Redis is away or does not confirm in time.
        """
        channel = channel_of(session_id)
        confirmation = self._confirmations.get(channel)
        if confirmation is None:
            confirmation = asyncio.get_running_loop().create_future()
            self._confirmations[channel] = confirmation
            self._sessions[channel] = session_id
            if not self._link.tell([("SUBSCRIBE", channel)]):
                self._settle(channel, RedisUnavailable())
        try:
            async with asyncio.timeout(CONFIRM_S):
                await asyncio.shield(confirmation)
        except TimeoutError:
            self._settle(channel, RedisUnavailable())  # or the next one would wait for an answer to a question of old
            raise RedisUnavailable from None

    def unsubscribe(self, session_id: str) -> None:
        """Ends a subscription."""
        channel = channel_of(session_id)
        if self._sessions.pop(channel, None) is not None:
            self._link.tell([("UNSUBSCRIBE", channel)])

    def _resubscribe(self) -> None:
        if self._sessions:
            *_, self._last = self._sessions
            self._link.tell([("SUBSCRIBE", *self._sessions)])

    def _fail(self) -> None:
        for channel in tuple(self._confirmations):
            self._settle(channel, RedisUnavailable())

    def _push(self, message: list[object]) -> None:
        kind, channel = message[0], message[1]
        if not isinstance(channel, bytes):
            return
        name = channel.decode()
        if kind == b"subscribe":
            self._settle(name, None)
            if name == self._last:
                self._last = None
                self._restored()
        elif kind == b"message" and isinstance(data := message[2], bytes) and name in self._sessions:
            if is_from(self._gateway, data):
                return
            try:
                told = decode(data)
            except DecodeError:
                _log.exception("broker_message_unreadable")
                return
            self._received(self._sessions[name], told)

    def _settle(self, channel: str, error: RedisUnavailable | None) -> None:
        confirmation = self._confirmations.pop(channel, None)
        if confirmation is None or confirmation.done():
            return
        if error is None:
            confirmation.set_result(None)
        else:
            confirmation.set_exception(error)
            confirmation.exception()  # counts as read: where nobody waits, asyncio need not report it


def channel_of(session_id: str) -> str:
    """The channel on which processes tell each other about a session."""
    return key(session_id, "told")


def publication(session_id: str, message: Message) -> Command:
    """The command that tells every gateway with the session."""
    return ("PUBLISH", channel_of(session_id), encode(message))
