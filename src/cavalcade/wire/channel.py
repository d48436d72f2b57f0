"""The server's side of one Phoenix connection with one channel, sans-I/O.

Bytes go in, what they mean comes out; the shell around it (`server.sockets.connection`) does the I/O. It keeps the
rules of Phoenix 1.8 for joins, leaves, stale refs and unmatched topics.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from cavalcade.wire.frame import Message, Undecoded, decode_client_binary, decode_text, decode_text_head, encode_text

TOPIC_PREFIX: Final = "session:"
POSITION: Final = "position"
"""The event of a push that carries a fix."""

EVENT: Final = "event"
"""What the broadcast of a durable change is called."""


@dataclass(frozen=True, slots=True)
class Send:
    """Something to send at once."""

    frame: bytes


@dataclass(frozen=True, slots=True)
class JoinRequested:
    """A join to answer with `accept` or `refuse`; a newer one replaces it."""

    join_ref: str
    ref: str | None
    topic: str
    payload: object


@dataclass(frozen=True, slots=True)
class Left:
    """The client left its channel (not its session): stop delivering, send the frames."""

    frames: tuple[bytes, bytes]


class Pushed(NamedTuple):
    """A push on the joined channel; a tuple for the reason that `Message` is one.

    Attributes:
        ref: What a reply refers to; None where none is expected.
        event: What it is.
        payload: Bytes of a binary frame, or an `Undecoded`, which is decoded only when it is handled.
    """

    ref: str | None
    event: str
    payload: bytes | Undecoded

    def content(self) -> object:
        """The payload decoded: bytes, or the JSON of a text frame.

        Raises:
            DecodeError: Where it is not valid JSON.
        """
        return self.payload.decode() if isinstance(self.payload, Undecoded) else self.payload


Received = Send | JoinRequested | Left | Pushed | None


class ServerChannel:
    """One connection's protocol state: not joined, joining, or joined to its only topic."""

    def __init__(self, session_id: str) -> None:
        """Expects joins to this session alone, the one that the connection's address names."""
        self.topic = TOPIC_PREFIX + session_id
        self.join_ref: str | None = None
        self._packed_join_ref: bytes | None = None
        self._packed_place = f"{self.topic}{POSITION}".encode(errors="surrogatepass")
        self._joining: JoinRequested | None = None
        self._joining_elsewhere: JoinRequested | None = None

    @property
    def joined(self) -> bool:
        """Whether the channel is open."""
        return self.join_ref is not None

    def receive_text(self, data: str | bytes | bytearray | memoryview) -> Received:
        """Reads a text frame.

        Raises:
            DecodeError: Where it is malformed: close the connection with 1011, as Phoenix does. Of a push, the payload
                is looked at when it is decoded.
        """
        return self._receive(decode_text_head(data))

    def receive_binary(self, data: bytes | memoryview) -> Received:
        """Reads a binary frame.

        Raises:
            DecodeError: Where it is malformed: close the connection with 1011, as Phoenix does.
        """
        return self._receive(decode_client_binary(data))

    def packed_position(self, data: bytes) -> bytes | None:
        """The packed fix that a binary frame pushes on the joined channel; None for any other frame.

        `receive_binary` says the same and everything else. This is the frame that comes more often than all others
        together, so it is compared with what it must be, and no string of it is made.
        """
        join_ref = self._packed_join_ref
        if join_ref is None or len(data) < 5 or data[0] or data[1] != len(join_ref) or data[4] != len(POSITION):
            return None
        ref_at = 5 + data[1]
        at = ref_at + data[2]
        end = at + len(self._packed_place)
        topic_ends = data[3] + len(POSITION) == len(self._packed_place)
        if data[at:end] != self._packed_place or not topic_ends or data[5:ref_at] != join_ref:
            return None
        return data[end:] if data[ref_at:at].isascii() else None

    def accept(self, request: JoinRequested, response: object) -> list[bytes]:
        """Opens the channel.

        Returns:
            The frames to send, before any broadcast: the ok reply, then for a join over an open channel the close of
            the old one. None at all where a newer join has replaced the request.

        Raises:
            ValueError: Where the request is for another session's topic; only `refuse` answers that.
        """
        if request.topic != self.topic:
            raise ValueError("a join to another session's topic cannot be accepted")
        if self._joining is not request:
            return []
        frames = [self._reply(request.join_ref, request.ref, request.topic, "ok", response)]
        if self.join_ref is not None:
            frames.append(self._close_frame(self.join_ref, "phx_close"))
        self.join_ref, self._joining = request.join_ref, None
        self._packed_join_ref = request.join_ref.encode(errors="surrogatepass") or None
        return frames

    def refuse(self, request: JoinRequested, response: object) -> list[bytes]:
        """Answers a join with an error; an older open channel stays as it is."""
        if self._joining is request:
            self._joining = None
        if self._joining_elsewhere is request:
            self._joining_elsewhere = None
        return [self._reply(request.join_ref, request.ref, request.topic, "error", response)]

    def is_current(self, request: JoinRequested) -> bool:
        """Whether a join still waits for its answer, and no newer one has replaced it."""
        return request is self._joining or request is self._joining_elsewhere

    def reply(self, ref: str, status: str, response: object) -> bytes:
        """The answer to a push on the joined channel."""
        return self._reply(self.join_ref, ref, self.topic, status, response)

    def push(self, event: str, payload: object) -> bytes:
        """A message to this channel alone."""
        return encode_text(Message(self.join_ref, None, self.topic, event, payload))

    def close(self) -> bytes | None:
        """Closes the channel for good: the client does not come back. None where it is not open."""
        return self._end("phx_close")

    def fail(self) -> bytes | None:
        """Reports a crash of the channel: the client joins again. None where it is not open."""
        return self._end("phx_error")

    def _end(self, event: str) -> bytes | None:
        join_ref, self.join_ref = self.join_ref, None
        self._packed_join_ref = None
        return None if join_ref is None else self._close_frame(join_ref, event)

    def _receive(self, message: Message) -> Received:
        topic, event, payload = message.topic, message.event, message.payload
        if topic == self.topic and self.join_ref is not None and event[:4] != "phx_":
            if message.join_ref is not None and message.join_ref != self.join_ref:
                return None
            assert isinstance(payload, bytes | Undecoded)
            return Pushed(message.ref, event, payload)
        if isinstance(payload, Undecoded):
            payload = payload.decode()
        if topic == "phoenix":
            if event != "heartbeat" or message.ref is None:
                return None
            return Send(
                encode_text(Message(None, message.ref, "phoenix", "phx_reply", {"status": "ok", "response": {}}))
            )
        if event == "phx_join" and topic.startswith(TOPIC_PREFIX):
            request = JoinRequested(message.join_ref or message.ref or "", message.ref, topic, payload)
            if topic == self.topic:
                self._joining = request
            else:
                self._joining_elsewhere = request
            return request
        if event == "phx_leave":
            return self._leave(message)
        return self._unmatched(message)

    def _leave(self, message: Message) -> Received:
        reply = self._reply(message.join_ref, message.ref, message.topic, "ok", {})
        newest = self.join_ref if self._joining is None else self._joining.join_ref
        if message.topic != self.topic or newest is None:
            return Send(reply)
        if message.join_ref is not None and message.join_ref != newest:
            return None
        self._joining = None
        closed = self._end("phx_close")
        return Send(reply) if closed is None else Left((reply, closed))

    def _unmatched(self, message: Message) -> Received:
        response = {"reason": "unmatched topic"}
        return Send(self._reply(None, message.ref, message.topic, "error", response)) if message.ref else None

    def _close_frame(self, join_ref: str, event: str) -> bytes:
        return encode_text(Message(join_ref, join_ref, self.topic, event, {}))

    @staticmethod
    def _reply(join_ref: str | None, ref: str | None, topic: str, status: str, response: object) -> bytes:
        return encode_text(Message(join_ref, ref, topic, "phx_reply", {"status": status, "response": response}))


def without_content(frame: bytes, offsets: Collection[int]) -> bytes:
    """The same text frame without the content of some events: those that it broadcasts, or that answer a join."""
    message = decode_text(frame)
    payload: Any = message.payload
    if message.event == EVENT:
        told = [payload]
    elif message.event == "phx_reply":
        told = payload["response"].get("events", ())
    else:
        return frame
    for event in told:
        if event["offset"] in offsets:
            event["data"] = None
    return encode_text(message)


def event_frame(topic: str, event: dict[str, object]) -> bytes:
    """The broadcast of a durable event, the same bytes for every connection."""
    return encode_text(Message(None, None, topic, EVENT, event))
