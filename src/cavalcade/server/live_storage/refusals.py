"""Redis is there and refuses: its disk is full, its memory, or it has become a replica. Each refusal is a failure.

They are counted by their kind, and the log says what to do, now and then: one refused command is seldom alone.
"""

import re
import time
from collections.abc import Callable
from typing import Final

import structlog
from prometheus_client import CollectorRegistry, Counter
from redis.exceptions import AuthenticationError, BusyLoadingError, ResponseError

SAID_EVERY_S: Final = 10.0
"""The log names each kind at most once in this time, seconds."""

STATES: Final = {
    "OOM": "Redis has used up its memory: raise its maxmemory, or find out what else is kept in it.",
    "MISCONF": 'Redis cannot write to its disk: free space there, or set save "" and appendonly no.',
    "READONLY": "This Redis is a replica: let CAVALCADE_REDIS_URL lead to the primary.",
    "MASTERDOWN": "This Redis is a replica without its primary: let CAVALCADE_REDIS_URL lead to the primary.",
    "NOREPLICAS": "Redis misses replicas that its min-replicas-to-write asks for: start them, or set it to 0.",
    "LOADING": "Redis reads its files; wait.",
    "BUSY": "A script of somebody else's keeps Redis busy: SCRIPT KILL.",
    "CLUSTERDOWN": "This is a cluster; Cavalcade needs one server: let CAVALCADE_REDIS_URL lead there.",
    "MOVED": "This is a cluster; Cavalcade needs one server: let CAVALCADE_REDIS_URL lead there.",
    "NOAUTH": "Redis asks for a password: put it into CAVALCADE_REDIS_URL.",
    "WRONGPASS": "The name or password in CAVALCADE_REDIS_URL is wrong.",
    "NOPERM": "The user in CAVALCADE_REDIS_URL lacks a right: it needs all commands on cavalcade:* keys and channels.",
}
"""What keeps a server from carrying out commands of any client, and what to do about it."""

FAULTS: Final = {
    "NOSCRIPT": "Nothing: the script is loaded again.",
    "WRONGTYPE": "Somebody else writes to keys of Cavalcade's in this Redis: give it a database of its own.",
    "ERR": "Report it, with the version of Redis.",
}
"""What is refused of one command alone."""

_KIND: Final = re.compile(rf"\b({'|'.join((*STATES, *FAULTS))})\b")

_log = structlog.get_logger(__name__)


class Refusals:
    """What Redis has refused this process."""

    def __init__(self, registry: CollectorRegistry | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        """Registers the counter, where there is a registry.

        Args:
            registry: Where this process registers what it measures.
            clock: Gives seconds.
        """
        self._counter = Counter(
            "cavalcade_redis_refused", "Commands that Redis answered with an error.", ["kind"], registry=registry
        )
        self._clock = clock
        self._said_at: dict[str, float] = {}

    def note_any(self, error: Exception) -> None:
        """Counts what redis-py raised, where it is a refusal and not a failure on the way."""
        if isinstance(error, ResponseError | BusyLoadingError | AuthenticationError):
            self.note(error)

    def note(self, error: Exception) -> str:
        """Counts a refusal and says it, and returns its kind, such as `OOM`."""
        kind = kind_of(error)
        self._counter.labels(kind).inc()
        now = self._clock()
        if now - self._said_at.get(kind, float("-inf")) >= SAID_EVERY_S:
            self._said_at[kind] = now
            _log.error("redis_refused", kind=kind, advice=STATES.get(kind) or FAULTS[kind])
        return kind


def kind_of(error: Exception) -> str:
    """The kind of an error reply, by the first known word in it; `ERR` where there is none."""
    # redis-py takes the word out of most errors, and in a pipeline puts the command before those where it does not.
    found = _KIND.search(f"{getattr(error, 'status_code', None) or ''} {error}")
    return found[1] if found else "ERR"
