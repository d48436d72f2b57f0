"""What the sans-I/O channel asks of the shell around it."""

from collections.abc import Mapping
from dataclasses import dataclass

from cavalcade.client.changes import Change


@dataclass(frozen=True, slots=True)
class Dial:
    """Open a WebSocket, then call `opened` or `lost`."""


@dataclass(frozen=True, slots=True)
class Transmit:
    """Send a frame.

    Attributes:
        frame: Text or bytes.
        conflates: Whether it takes the place of an earlier such frame that could not be sent yet.
    """

    frame: str | bytes
    conflates: bool = False


@dataclass(frozen=True, slots=True)
class Withhold:
    """Do not send the position that still waits to be sent, if one does: its owner paused sharing, wherever it was."""


@dataclass(frozen=True, slots=True)
class Disconnect:
    """Close the WebSocket and forget it: nothing of it is to be reported any more."""

    code: int


@dataclass(frozen=True, slots=True)
class Settle:
    """An operation has its final answer: the reply's content, or what to raise."""

    op_id: str
    outcome: Mapping[str, object] | Exception


@dataclass(frozen=True, slots=True)
class Notify:
    """Tell the watchers."""

    change: Change


Action = Dial | Transmit | Withhold | Disconnect | Settle | Notify
