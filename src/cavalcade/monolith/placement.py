"""Which node serves a session, decided from what is known: pure, without I/O or clock.

The load balancer hashes sessions to nodes by a rule of its own; nothing here depends on what that rule is.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

SETTLED_S: Final = 5.0
"""How long nobody must have come to an owner by themselves before it gives the session to a node that asks."""


@dataclass(frozen=True, slots=True)
class NodeLease:
    """A node as the others know it.

    Attributes:
        name: Its own among the nodes; the same after a restart.
        life: Drawn at each start: a node that restarts owns none of the sessions that it owned before.
        http: Where it takes API calls, `unix:/path` or `HOST:PORT`, as the others reach it.
        sockets: Where it takes WebSockets.
        internal: Where it answers the other nodes.
        is_draining: Whether it is about to stop, and gives away its sessions.
    """

    name: str
    life: str
    http: str
    sockets: str
    internal: str
    is_draining: bool = False


@dataclass(frozen=True, slots=True)
class Owner:
    """Who took a session over, as noted in Redis.

    Attributes:
        epoch: The session's since then.
        life: The node's.
    """

    epoch: int
    life: str


@dataclass(frozen=True, slots=True)
class Sight:
    """What Redis knew at a moment.

    Attributes:
        owner: Of the session, if anybody is noted.
        others: The other nodes whose leases stood, by their lives.
        is_trusted: False where Redis may have forgotten some of it: it was just emptied, or this node is not in it.
    """

    owner: Owner | None
    others: Mapping[str, NodeLease]
    is_trusted: bool = True


@dataclass(frozen=True, slots=True)
class Here:
    """Nobody else serves the session: take it over."""


@dataclass(frozen=True, slots=True)
class There:
    """Another node serves it."""

    lease: NodeLease


@dataclass(frozen=True, slots=True)
class AskForIt:
    """Its owner is about to stop: it gives the session away at once."""

    lease: NodeLease


@dataclass(frozen=True, slots=True)
class AskEverybody:
    """Redis cannot say: only the nodes themselves know."""


Placement = Here | There | AskForIt | AskEverybody


def place(session_id: str, sight: Sight, *, epoch: int | None = None, is_draining: bool = False) -> Placement:
    """Decides where a session that is not on this node is served.

    Args:
        session_id: Which session.
        sight: What Redis says.
        epoch: The session's in PostgreSQL, where it was read.
        is_draining: Whether this node is about to stop.
    """
    owner = sight.owner
    if owner is not None and epoch is not None and owner.epoch < epoch:
        return AskEverybody()  # somebody took it over since and could not note it
    lease = None if owner is None else sight.others.get(owner.life)
    if lease is not None:
        return AskForIt(lease) if lease.is_draining else There(lease)
    if not sight.is_trusted:
        return AskEverybody()
    if is_draining and (other := preferred(session_id, sight.others.values())) is not None:
        return There(other)
    return Here()


def preferred(session_id: str, leases: Iterable[NodeLease]) -> NodeLease | None:
    """The node that a session goes to by rendezvous hashing, among those that stay; None where there is none."""
    staying = [lease for lease in leases if not lease.is_draining]
    return max(staying, key=lambda lease: (_weight(lease.name, session_id), lease.name), default=None)


def gives(now: float, *, claimed_at: float, is_draining: bool) -> bool:
    """Whether an owner gives a session to a node that asks for it.

    It does once everybody has come over the other node for a while: then the load balancer leads there. Where it leads
    to both, as two load balancers may for a moment, the session stays.

    Args:
        now: A moment, seconds.
        claimed_at: When this node took the session over, or when somebody last asked for it here by themselves rather
            than passed on by another node; the later of the two.
        is_draining: Whether this node is about to stop.
    """
    return is_draining or now - claimed_at >= SETTLED_S


def _weight(name: str, session_id: str) -> bytes:
    return hashlib.blake2b(f"{name}\0{session_id}".encode(), digest_size=8).digest()
