"""`cavalcade node`: the one application of route 2, HTTP and WebSockets in one process, as a tree of processes."""

import asyncio
import secrets
import socket
from dataclasses import dataclass
from typing import Final

import redis.asyncio
import structlog
import uvloop

from cavalcade.monolith.backend import MonolithBackend
from cavalcade.monolith.forwarding import Forwarding
from cavalcade.monolith.handover import Handover
from cavalcade.monolith.inspection import Inspector
from cavalcade.monolith.inspection_routes import inspection_routes
from cavalcade.monolith.node_leases import NodeLeases
from cavalcade.monolith.node_metrics import NodeMetrics
from cavalcade.monolith.node_status import NodeStatus
from cavalcade.monolith.ownership import Ownership
from cavalcade.monolith.peer_routes import peer_routes
from cavalcade.monolith.peers import Peers
from cavalcade.monolith.placement import NodeLease
from cavalcade.monolith.registry import Registry
from cavalcade.monolith.relay import Relays
from cavalcade.monolith.self_fence import SelfFence
from cavalcade.monolith.session_process import Surroundings
from cavalcade.monolith.supervisor import Child, IntensityReached, Supervisor
from cavalcade.server.access.rate_limits import RateLimits
from cavalcade.server.access.tokens import TokenSigner
from cavalcade.server.api.application import create_app
from cavalcade.server.api.context import Api
from cavalcade.server.api.internal import create_internal_app
from cavalcade.server.http.http_metrics import new_registry
from cavalcade.server.http.serving import serve_http
from cavalcade.server.live_storage.cold_loads import ColdLoads
from cavalcade.server.live_storage.live_state import LivePositionWriter, LiveState
from cavalcade.server.live_storage.redis_link import RedisLink
from cavalcade.server.live_storage.refusals import Refusals
from cavalcade.server.processes.clock import TIME_OF_DAY, AdaptiveClock
from cavalcade.server.processes.logs import configure_logging
from cavalcade.server.processes.open_file_metrics import OpenFileMetrics
from cavalcade.server.processes.stall_watchdog import StallWatchdog
from cavalcade.server.processes.steady_clock import Step
from cavalcade.server.processes.stopping import told_to_stop
from cavalcade.server.sessions.housekeeping import run_housekeeping
from cavalcade.server.sockets.socket_metrics import SocketMetrics
from cavalcade.server.sockets.socket_server import SocketServer
from cavalcade.settings import Settings
from cavalcade.storage.migrate import migrate
from cavalcade.storage.sessions import SessionStore

EVERYWHERE: Final = frozenset({"", "0.0.0.0", "[::]", "::"})  # noqa: S104 - what is said of listeners, not listened on
"""Hosts that mean every address of the machine, so that none of them says how others reach it."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Listeners:
    """Where a node listens: `unix:/path` or `HOST:PORT` each.

    Attributes:
        http: For the API; behind the load balancer.
        sockets: For WebSockets; behind the load balancer.
        internal: For health, metrics, inspection and the other nodes.
        host: The name or address under which the other nodes reach this one; where it listens on every address, the
            machine's name by default.
        name: The node's own among the others, the same after a restart; by default its internal address.
    """

    http: str
    sockets: str
    internal: str
    host: str | None = None
    name: str | None = None

    def lease(self) -> NodeLease:
        """This node as the others know it, for one life."""
        http, sockets, internal = (self._reached(listen) for listen in (self.http, self.sockets, self.internal))
        return NodeLease(self.name or internal, secrets.token_hex(8), http, sockets, internal)

    def _reached(self, listen: str) -> str:
        if listen.startswith("unix:"):
            return listen
        host, _, port = listen.rpartition(":")
        return f"{self.host or (socket.gethostname() if host in EVERYWHERE else host)}:{port}"


def run(settings: Settings, listeners: Listeners) -> None:
    """Runs a node until it is told to stop."""
    configure_logging(settings)
    uvloop.run(serve(settings, listeners))


async def serve(settings: Settings, listeners: Listeners) -> None:
    """Runs a node within the current loop until SIGTERM or SIGINT.

    Raises:
        IntensityReached: Where a part of the application failed too often.
    """
    stopped = told_to_stop()
    await migrate(settings.database_url)
    node = Node(settings, listeners)
    running = asyncio.create_task(node.supervisor.run())
    stopping = asyncio.create_task(stopped.wait())
    try:
        await node.sockets.listen(listeners.sockets)
        _log.info("node_started")
        await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if not running.done():
            await node.drain(settings.drain_s)
    finally:
        stopping.cancel()
        running.cancel()
        results = await asyncio.gather(running, return_exceptions=True)
        await node.close()
    _log.info("node_stopped")
    failures = [result for result in results if isinstance(result, IntensityReached)]
    if failures:
        raise failures[0]


class Node:
    """The parts of a node, and the tree that runs them."""

    def __init__(self, settings: Settings, listeners: Listeners) -> None:
        """Puts the parts together; `supervisor.run` starts them."""
        metrics = new_registry()
        self._store = SessionStore.open(settings.database_url)
        self._client = redis.asyncio.Redis.from_url(settings.redis_url)
        refusals = Refusals(metrics)
        live = LiveState(self._client, refusals)
        self._link = RedisLink(settings.redis_url, connected=self._redis_is_back, refusals=refusals)
        self._peers = Peers(settings.secrets)
        self.leases = NodeLeases(
            self._client,
            listeners.lease(),
            forgotten=self._write_again,
            before_renewal=self._note_stalls,
            refusals=refusals,
        )
        self.ownership = Ownership(
            self._store,
            self.leases,
            self._link,
            self._peers,
            superseded=self._superseded,
        )
        self.fence = SelfFence(self.ownership.check, lambda: self.leases.stands_until)
        self.writer = LivePositionWriter(self._link, may_write=lambda: not self.fence.is_doubtful())
        clock = AdaptiveClock(settings.window_ms)
        loads = ColdLoads(self.ownership.take_over, live, self.writer, without_positions=True)
        here = Surroundings(self._store, live, self.writer, clock, settings.limits, loads, self.fence, self.ownership)
        self.registry = Registry(here, self.ownership.let_go)
        self.backend = MonolithBackend(here, self.registry)
        self.relays = Relays(self.ownership, self._peers, self.leases.note_gone)
        self.sockets = SocketServer(
            self.backend,
            TokenSigner(settings.secrets),
            settings.public_url,
            SocketMetrics(metrics),
            settings.trusted_proxies,
            limits=RateLimits(self._link, settings.secrets[0], settings.quotas),
            sockets_per_address=settings.quotas.sockets_per_address,
            window_s=settings.window_ms / 1000,
            through=self.relays.protocol,
        )
        self.handover = Handover(
            registry=self.registry,
            ownership=self.ownership,
            leases=self.leases,
            peers=self._peers,
            relays=self.relays,
            fence=self.fence,
            writer=self.writer,
            link=self._link,
        )
        api = Api.over(settings, self._store, self.backend, self._link)
        self.forwarding = Forwarding(
            create_app(api, metrics), self.ownership, self._peers, self.leases.note_gone, settings.trusted_proxies
        )
        watchdog = StallWatchdog()
        status = NodeStatus(self.leases, self.ownership, self.fence, self.relays, self.forwarding)
        node_metrics = NodeMetrics(
            metrics, self.sockets.metrics, self.registry, clock=clock, watchdog=watchdog, status=status
        )
        # The process tree. Children start in this order and stop in reverse; each fails and is started again alone.
        self.supervisor = Supervisor(
            "application",
            [
                Child("redis_link", self._link.run, about="one pipelined connection to Redis, for writes"),
                Child("lease", self.leases.run, about="says that this node is there, and looks who else is"),
                Child("self_fence", self.fence.run, about="compares epochs once a second and after every stall"),
                Child("position_writer", self.writer.run, about="writes gathered positions five times a second"),
                Child("clock", clock.run, about="watches the loop's lag, widens the flush window"),
                Child(
                    "time_of_day",
                    lambda: TIME_OF_DAY.watch(self._clock_stepped),
                    about="notices that the machine's clock was set, and believes it a minute later",
                ),
                Child("stall_watchdog", watchdog.run, about="a thread that says where a blocked loop hangs"),
                Child("open_files", OpenFileMetrics(metrics).run, about="says when files and sockets run out"),
                Child("sessions", self.registry.run, about="the dynamic supervisor: one process for each session"),
                Child("handover", self.handover.run, about="asks for the sessions whose sockets are passed on"),
                Child("sockets", self.sockets.run, about="closes connections that never joined or went silent"),
                Child(
                    "housekeeping",
                    lambda: run_housekeeping(self.backend, settings.purge_after_s),
                    about="ends sessions whose time is over, deletes what ended",
                ),
                Child("node_metrics", node_metrics.run, about="measures what nothing counts by itself"),
                Child("http", lambda: serve_http(self.forwarding, listeners.http), about="the public HTTP API"),
                Child(
                    "internal",
                    lambda: serve_http(internal, listeners.internal),
                    about="health, metrics, inspection, other nodes",
                ),
            ],
        )
        self.inspector = Inspector(self.supervisor, self.registry, clock, watchdog, status)
        routes = [*inspection_routes(self.inspector), *peer_routes(self.ownership, self.handover, self._peers)]
        internal = create_internal_app(self.backend, metrics, routes)

    async def drain(self, seconds: float) -> None:
        """Takes no more connections and gives the sessions away, spread over some seconds."""
        self.sockets.stop_listening()
        await self.handover.drain(seconds)
        await self.sockets.drain(0)

    async def close(self) -> None:
        """Writes what waits, and closes the connections to the servers."""
        self.writer.flush()
        await self.leases.give_back()
        await self._peers.close()
        await self._store.close()
        await self._client.aclose()

    def _redis_is_back(self) -> None:
        """Redis is there (again): it may know nothing of the positions that are here."""
        self.leases.distrust()
        self._write_again()
        self.writer.connected()

    def _clock_stepped(self, step: Step) -> None:
        """What was noted by the clock before is corrected; Redis is told again for how long it keeps what."""
        self.registry.correct(step)
        self._write_again()

    def _note_stalls(self) -> None:
        self.fence.is_doubtful()

    def _superseded(self, session_id: str) -> None:
        self.registry.leave(session_id)

    def _write_again(self) -> None:
        self.ownership.rewrite()
        self.registry.rewrite()
