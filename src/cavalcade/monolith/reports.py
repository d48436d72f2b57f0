"""What a node says about its process tree; `cavalcade inspect` shows it."""

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
class NodeReport:
    """A node among the others.

    Attributes:
        name: Its own.
        life: Made up at its start.
        is_draining: Whether it gives its sessions away, to stop.
        lease_s: For how many seconds its lease stands; below zero where it is over.
        others: The names of the nodes that it knows.
        owned: How many sessions it owns.
        taken_over: How many it took over since the start.
        handed_over: How many it gave away when it was asked, or to stop.
        superseded: How many another node took over; more than a few say that nodes stand still or lose Redis.
        calls_passed_on: API calls that it passed on to their session's owner.
        sockets_passed_on: Sockets that it passed on.
        stood_still: How often it stood still for longer than its lease.
    """

    name: str
    life: str
    is_draining: bool
    lease_s: float
    others: tuple[str, ...]
    owned: int
    taken_over: int
    handed_over: int
    superseded: int
    calls_passed_on: int
    sockets_passed_on: int
    stood_still: int


@dataclass(frozen=True, slots=True)
class TreeReport:
    """A node's process tree at a moment.

    Attributes:
        node: The node itself.
        loop_lag_ms: How late the event loop ran last.
        stalls: How often it stalled since the start.
        longest_stall_ms: The longest of them.
        sessions: How many sessions have a place here, listed or not.
        session_restarts: How often session processes were started again, of all sessions.
        sessions_given_up: How many sessions failed too often.
        application: The processes under the application's supervisor.
        session_processes: The sessions' processes.
    """

    node: NodeReport
    loop_lag_ms: float
    stalls: int
    longest_stall_ms: float
    sessions: int
    session_restarts: int
    sessions_given_up: int
    application: tuple[ProcessReport, ...]
    session_processes: tuple[ProcessReport, ...]


def node_facts(node: NodeReport) -> str:
    """A node among the others, in one line."""
    lease = f"lease stands for {node.lease_s} s" if node.lease_s > 0 else "no lease stands"
    return (
        f"node {node.name}{' (draining)' if node.is_draining else ''}: {lease}, "
        f"others: {', '.join(node.others) or 'none'}; "
        f"owns {node.owned} sessions: {node.taken_over} taken over, {node.handed_over} handed over, "
        f"{node.superseded} superseded; passed on {node.calls_passed_on} calls and {node.sockets_passed_on} sockets; "
        f"stood still {node.stood_still} times"
    )
