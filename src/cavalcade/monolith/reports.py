"""What a node says about its process tree: what is sent to whoever inspects it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ProcessReport:
    """One process.

    Attributes:
        name: Its place in the tree; sessions by their id.
        status: `running`, `starting`, `hibernating` or `stopped`.
        restarts: How often it was started again.
        mailbox: How many messages wait.
        connections: How many connections it serves.
        note: What its kind is for, or how it failed last.
    """

    name: str
    status: str
    restarts: int
    mailbox: int = 0
    connections: int = 0
    note: str = ""


@dataclass(frozen=True, slots=True)
class TreeReport:
    """A node's process tree at a moment.

    Attributes:
        loop_lag_ms: How late the event loop ran last.
        stalls: How often it stalled since the start.
        longest_stall_ms: The longest of them.
        sessions: How many sessions have a place here, listed or not.
        session_restarts: How often session processes were started again, of all sessions.
        sessions_given_up: How many sessions failed too often.
        application: The processes under the application's supervisor.
        session_processes: The sessions' processes.
    """

    loop_lag_ms: float
    stalls: int
    longest_stall_ms: float
    sessions: int
    session_restarts: int
    sessions_given_up: int
    application: tuple[ProcessReport, ...]
    session_processes: tuple[ProcessReport, ...]
