"""How patient a client is, and what it waits for."""

from dataclasses import dataclass
from enum import Enum, auto
from typing import Final


@dataclass(frozen=True, slots=True)
class Timing:
    """How patient a client is, in milliseconds.

    Attributes:
        heartbeat_ms: Between heartbeats.
        silence_ms: How long nothing may come after a heartbeat: then the connection is dead, though nobody said so.
        answer_ms: How long a join or an operation may stay without an answer.
        stable_ms: How long a channel must have been joined before the next back-off starts from the beginning.
    """

    heartbeat_ms: int = 4_000
    silence_ms: int = 4_000
    answer_ms: int = 10_000
    stable_ms: int = 5_000


class Timer(Enum):
    """What a channel waits for, besides what its lanes do."""

    DIAL = auto()
    REJOIN = auto()
    JOIN = auto()
    HEARTBEAT = auto()
    HEARTBEAT_ANSWER = auto()
    STABLE = auto()
    REACHED = auto()


OF_A_CONNECTION: Final = frozenset(Timer) - {Timer.DIAL}
"""Those that mean nothing any more once their connection is gone."""
