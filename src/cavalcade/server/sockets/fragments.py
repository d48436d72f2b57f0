"""One message that comes in several frames, put together within a bound."""

from picows import WSFrame, WSMsgType

from cavalcade.wire.errors import DecodeError
from cavalcade.wire.frame import MAX_FRAME


class TooLarge(Exception):
    """A fragmented message is longer than any frame may be."""


class Fragments:
    """What has come of a message that is not complete."""

    __slots__ = ("_kind", "_parts")

    def __init__(self) -> None:
        """Starts with nothing."""
        self._parts: bytearray | None = None
        self._kind: WSMsgType | None = None

    def add(self, frame: WSFrame) -> bytes | None:
        """Takes the next part, and returns the message where it was the last one; `is_text` says of which kind.

        Raises:
            DecodeError: Where a message begins within another one, or goes on without having begun.
            TooLarge: Where the message is longer than a frame may be; what there was of it is forgotten.
        """
        starts = frame.msg_type is not WSMsgType.CONTINUATION
        if starts is not (self._parts is None):
            raise DecodeError("a fragmented message must be finished before another one, and begun before it goes on")
        if self._parts is None:
            self._parts, self._kind = bytearray(), frame.msg_type
        self._parts += frame.get_payload_as_memoryview()
        if len(self._parts) > MAX_FRAME:
            self._parts = None
            raise TooLarge
        if not frame.fin:
            return None
        message, self._parts = bytes(self._parts), None
        return message

    @property
    def is_text(self) -> bool:
        """Whether the newest message is text."""
        return self._kind is WSMsgType.TEXT
