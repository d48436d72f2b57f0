"""`cavalcade up`: everything on one machine, started in order and kept running until it is told to stop.

The process tree, in the order of starting; stopping goes the other way::

    cavalcade up
      watchdog - the tunnel            with --tunnel; its address is in every link
      watchdog - PostgreSQL        unless CAVALCADE_DATABASE_URL names one
      watchdog - Valkey            unless CAVALCADE_REDIS_URL names one
      watchdog - Caddy             the one door
      watchdog - cavalcade api         with the backend `services`, as many as --nodes says
      watchdog - cavalcade gateway     with the backend `services`, as many
      watchdog - cavalcade node        with the backend `monolith`, as many
      watchdog - cavalcade simulate    with --demo
      watchdog - cavalcade app         with --app
"""

from __future__ import annotations

import asyncio
import functools
import os
import shutil
import signal
import ssl
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from cavalcade.open_file_limit import limit
from cavalcade.settings import (
    BACKEND,
    DATABASE_URL,
    DRAIN_S,
    PUBLIC_URL,
    REDIS_URL,
    SECRET,
    TRUSTED_PROXIES,
    ExternalServers,
    Settings,
    StreetMap,
)
from cavalcade.stack import (
    caddy,
    data_directory,
    environments,
    flutter_app,
    lan,
    open_file_watch,
    postgres,
    private_files,
    probe,
    programs,
    valkey,
)
from cavalcade.stack.app_links import AppLinks
from cavalcade.stack.erasure import Erasure
from cavalcade.stack.errors import StackError
from cavalcade.stack.process import Process, Service
from cavalcade.stack.progress import Progress
from cavalcade.stack.service_supervisor import ServiceSupervisor
from cavalcade.stack.tunnel import Tunnel

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cavalcade.settings import Network
    from cavalcade.stack.caddy import Door
    from cavalcade.stack.data_directory import DataDirectory
    from cavalcade.stack.programs import Program

PAGE = Path(__file__).parent.parent / "page"
_READY_WITHIN_S = 30.0
_STOP_WITHIN_S = 10.0
_CERTIFICATE_WITHIN_S = 120.0
_LOOK_FOR_PARENT_S = 0.5


@dataclass(frozen=True, slots=True)
class Options:
    """What `cavalcade up` was asked for."""

    data: Path
    door: Door
    environment: Mapping[str, str]
    backend: str = "services"
    nodes: int = 1
    """How many API servers and gateways, or nodes."""
    affinity: bool = False
    """Whether all sockets of a session go to one gateway while it is there."""
    tunnel: str | None = None
    """What lends this machine an https address; see `tunnel.Tunnel`."""
    demo: bool = False
    parent: int | None = None
    """The process whose end is a reason to stop as well."""


async def up(options: Options) -> None:
    """Start everything, print ``ready <base url>``, and run until SIGINT, SIGTERM or SIGHUP.

    Raises:
        StackError: It could not start, or a part died too often. Everything it started has ended by then.
        SettingsError: The environment holds something that is not allowed.
    """
    servers = ExternalServers.from_environment(options.environment)
    progress = Progress()
    # First of all, since it is the likeliest thing to be wrong, and cheap to see.
    caddy.check_ports(options.door)
    os.umask(0o077)
    with data_directory.opened(options.data) as data:
        stack = _Stack(options, servers, data, progress)
        running = asyncio.create_task(stack.run())
        following = asyncio.create_task(_follow(options.parent, running))
        open_file_watch.say_if_few(limit(), progress)
        watching = asyncio.create_task(open_file_watch.watch(stack.supervisor.watchdogs, progress))
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, running.cancel)
        try:
            await running
        except asyncio.CancelledError:
            progress.say("Stopping")
        finally:
            following.cancel()
            watching.cancel()
            # A second ctrl-C while stopping changes nothing: every part has a bound on how long it may take.
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                loop.add_signal_handler(number, lambda: None)
            await stack.stop()
    progress.say("Stopped; everything is kept in " + str(data.path))


class _Stack:
    """One run of `cavalcade up` in an open data directory."""

    def __init__(self, options: Options, servers: ExternalServers, data: DataDirectory, progress: Progress) -> None:
        self._options = options
        self._door = options.door
        self._servers = servers
        self._data = data
        self._progress = progress
        self._backend = programs.backend(options.backend, data.run, options.nodes)
        self._streets = StreetMap.from_environment(options.environment)
        self._tunnel_process: Process | None = None
        self._authority_until: datetime | None = None
        self._app = flutter_app.socket(data.run) if flutter_app.is_wanted(options.environment) else None
        self._links = AppLinks.from_environment(options.environment)
        self._erasing: asyncio.Task[None] | None = None
        self.supervisor = ServiceSupervisor(progress, held=(data.lock,))

    async def run(self) -> None:
        data = self._data
        if self._options.tunnel is not None:
            self._door = await self._lead_through_tunnel(self._options.tunnel)
        door = self._door
        environment = self._environment()
        # A wrong setting is told here in plain words, not by processes that keep dying of it.
        checked = Settings.from_environment(environment)
        await self.supervisor.start(*await self._servers_to_start())
        if door.certificates == "internal":
            await asyncio.to_thread(self._prepare_authority)
        is_said = self._options.environment.get(TRUSTED_PROXIES, "").strip()
        self._write_caddyfile(checked.trusted_proxies if is_said else ())
        await self.supervisor.start(
            caddy.service(
                data.caddy / "Caddyfile",
                self._caddy_answers,
                data.log("caddy"),
                environments.of_public_caddy(self._options.environment) if door.certificates == "public" else {},
            ),
            *(self._cavalcade(program, environment) for program in self._backend.programs),
        )
        await self._until_ready_at_the_door()
        if door.certificate_page:
            certificate = caddy.root_certificate(data.caddy).read_text()
            lan.write_certificate_page(data.caddy / "phone", certificate, door, f"{self._authority_until:%Y-%m-%d}")
        data.announce(door.base_url)
        sys.stdout.write(f"ready {door.base_url}\n")
        sys.stdout.flush()
        self._say_what_next()
        if self._options.demo:
            await self._start_demo()
        if self._app is not None:
            await self._start_app(self._app)
        raise await self._failure()

    async def stop(self) -> None:
        """Stop everything that was started."""
        if self._erasing is not None:
            self._erasing.cancel()
        await self.supervisor.stop()

    async def _lead_through_tunnel(self, choice: str) -> Door:
        """Start the tunnel and wait for its address, since every link begins with it."""
        port = self._door.ports[0]
        tunnel = Tunnel(choice, port, self._data.log("tunnel"), self._options.environment)
        self._tunnel_process = await Process.start(tunnel.service, (self._data.lock,))
        self.supervisor.run_once(self._tunnel_process)
        self._progress.say("Waiting for the tunnel's address")
        try:
            await self._tunnel_process.until_ready()
        except StackError as error:
            raise tunnel.failed(error.problem.replace("the tunnel", "The tunnel", 1)) from None
        address = tunnel.address
        assert address is not None
        return caddy.proxied_door(address, port)

    async def _failure(self) -> StackError:
        """Wait until something has failed for good: a part that died too often, or the tunnel."""
        waits = [asyncio.create_task(self.supervisor.failure())]
        if self._tunnel_process is not None:
            waits.append(asyncio.create_task(self._tunnel_end(self._tunnel_process)))
        try:
            done, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            return done.pop().result()
        finally:
            for wait in waits:
                wait.cancel()

    async def _tunnel_end(self, process: Process) -> StackError:
        # Another one would have another address, and all links lead to this one.
        code = await process.wait()
        return StackError(
            f"The tunnel has ended (exit code {code}), so the links lead nowhere any more.",
            f"Start again for a new address; sessions are kept. What the tunnel said is in {self._data.log('tunnel')}.",
        )

    async def _servers_to_start(self) -> list[Service]:
        data, services = self._data, []
        if self._servers.database_url is None:
            sockets = data.run / "postgres"
            sockets.mkdir(mode=0o700, exist_ok=True)
            postgres.hand_over(sockets, reached_through=(data.path, data.run))
            if not data.postgres.exists():
                self._progress.say("Making a new database")
            await asyncio.to_thread(postgres.create, data.postgres)
            erasure = Erasure(postgres.url(sockets))
            self._erasing = asyncio.create_task(erasure.run())
            log = data.log("postgres")
            services.append(postgres.service(data.postgres, sockets, log, before_stop=erasure.attempt))
        valkey.remove_files(data.valkey)
        if self._servers.redis_url is None:
            services.append(valkey.service(data.valkey, self._valkey_socket, data.log("valkey")))
        return services

    @property
    def _valkey_socket(self) -> Path:
        return self._data.run / "valkey.sock"

    def _environment(self) -> dict[str, str]:
        """What the servers of our own are told."""
        secrets = self._servers.secrets or (self._data.signing_secret(),)
        return {
            **environments.of_our_servers(self._options.environment),
            DATABASE_URL: self._servers.database_url or postgres.url(self._data.run / "postgres"),
            REDIS_URL: self._servers.redis_url or valkey.url(self._valkey_socket),
            SECRET: ",".join(secrets),
            PUBLIC_URL: self._door.base_url,
            BACKEND: self._options.backend,
            # The processes stop one after another, and usually all of them.
            DRAIN_S: self._options.environment.get(DRAIN_S) or "1",
        }

    def _cavalcade(self, program: Program, environment: dict[str, str]) -> Service:
        def remove_sockets() -> None:
            for path in program.sockets:
                path.unlink(missing_ok=True)

        return Service(
            name=program.name,
            command=(sys.executable, "-m", "cavalcade", *program.arguments),
            ready=functools.partial(_is_ready, program),
            log=self._data.log(program.log),
            environment=environment,
            before_start=remove_sockets,
            ready_within_s=_READY_WITHIN_S,
            stop_within_s=_STOP_WITHIN_S + float(environment[DRAIN_S]),
        )

    def _prepare_authority(self) -> None:
        """See that there is an authority for the door's address, and remove what earlier versions had in its place."""
        from cavalcade.stack import authority  # noqa: PLC0415 - it loads a library that is needed for --lan alone

        storage, now = self._data.caddy, datetime.now(UTC)
        made = authority.authority_for(self._door.host, caddy.authority_folder(storage), now)
        self._authority_until = made.until
        # Its key could have vouched for any website, for ten years.
        shutil.rmtree(storage / "pki", ignore_errors=True)

    def _write_caddyfile(self, trusted_proxies: tuple[Network, ...]) -> None:
        if not (PAGE / "index.html").exists():
            self._progress.warn(f"The page is not built, so there is none to open: `make page` builds it into {PAGE}.")
        text = caddy.configuration(
            self._door,
            storage=self._data.caddy,
            backend=self._backend,
            affinity=self._options.affinity,
            page=PAGE,
            streets=self._streets,
            demo=self._options.demo,
            app=self._app,
            links=self._links,
            trusted_proxies=trusted_proxies,
        )
        private_files.write(self._data.caddy / "Caddyfile", text)

    async def _ask_the_door(self, path: str) -> probe.Answer:
        door = self._door
        tls = None
        if door.certificates != "none":
            # This asks an address of our own whether it serves; who trusts its certificate is another matter.
            tls = ssl.create_default_context()
            tls.check_hostname = False
            tls.verify_mode = ssl.CERT_NONE
        address = door.bind[0] if door.bind else "127.0.0.1"
        return await probe.get(
            path, address=address, port=door.ports[-1] if not tls else self._tls_port, host=door.host, tls=tls
        )

    @property
    def _tls_port(self) -> int:
        door = self._door
        return 443 if door.certificates == "public" else door.ports[0]

    async def _caddy_answers(self) -> bool:
        if self._door.certificates == "public":
            # The certificate may take a while; plain HTTP answers before that.
            return (await probe.get("/", port=80, host=self._door.host)).status != 0
        return (await self._ask_the_door("/j")).status != 0

    async def _until_ready_at_the_door(self) -> None:
        """Wait until ``GET /readyz`` answers 200 the way people come in.

        Raises:
            StackError: It did not, in time.
        """
        public = self._door.certificates == "public"
        loop = asyncio.get_running_loop()
        deadline = loop.time() + (_CERTIFICATE_WITHIN_S if public else _READY_WITHIN_S)
        while (answer := await self._ask_the_door("/readyz")).status != 200:
            if loop.time() > deadline:
                if public and answer.status == 0:
                    raise StackError(
                        f"No certificate for {self._door.host} could be had ({answer.body}).",
                        "Its name must lead to this machine, and ports 80 and 443 must be open to the internet. "
                        f"What Caddy tried is in {self._data.log('caddy')}.",
                    )
                raise StackError(
                    "Everything has started, but the server does not get ready.",
                    f"The logs are in {self._data.path / 'logs'}.",
                    answer.body.strip(),
                )
            await asyncio.sleep(0.05)

    def _say_what_next(self) -> None:
        door, say = self._door, self._progress.say
        say("")
        say(f"Open {door.base_url} and tap “Start a session”.")
        if door.certificate_page:
            certificate = caddy.root_certificate(self._data.caddy).read_text()
            say("On a phone near by, open this first: it helps the phone trust this server.")
            say(lan.qr_code(door.certificate_page))
            say(f"{door.certificate_page}\nThe certificate's fingerprint: {lan.fingerprint(certificate)}")
            say("That page is not encrypted: compare the fingerprint there with this one before you install anything.")
            say(
                f"It vouches for {door.host} alone, until {self._authority_until:%Y-%m-%d}. A start in the month before"
            )
            say("makes another, which phones have to install again.")
        elif door.certificates == "none" and not door.behind_proxy:
            port = door.ports[0]
            say(f"For a phone on a cable: adb reverse tcp:{port} tcp:{port}, then open the same address there.")
            say("For phones near by start with --lan; for a domain of your own with --public-url.")
        if self._options.tunnel:
            say("The address is the tunnel's: it holds until you stop, and may take a minute to be known everywhere.")
        say(f"Data and logs are in {self._data.path}. Ctrl-C stops everything and keeps the data.")

    async def _start_app(self, socket: Path) -> None:
        """Start the Flutter app, last of all: people can ride while it does, and go on where it does not start."""
        door = self._door
        service = flutter_app.service(socket, door.base_url, self._for_clients(), self._data.log("app"))
        try:
            await self.supervisor.start(service)
        except StackError as error:
            self._progress.warn(f"{error.problem} {error.advice}")
        else:
            self._progress.say(f"A preview of the Flutter app: {door.base_url}{flutter_app.BASE_PATH}")

    def _for_clients(self) -> dict[str, str]:
        """For programs of ours that come in by the door, whose certificate may be of our own authority."""
        environment = environments.of_our_clients(self._options.environment)
        if self._door.certificates != "internal":
            return environment
        return {**environment, "SSL_CERT_FILE": str(caddy.root_certificate(self._data.caddy))}

    async def _start_demo(self) -> None:
        self._progress.say("\nA convoy sets out; its link:")
        service = Service(
            name="simulator",
            command=(
                sys.executable,
                "-m",
                "cavalcade",
                "simulate",
                "--server",
                self._door.base_url,
                "--new",
                "--regroup",
            ),
            ready=_at_once,
            log=None,
            environment=self._for_clients(),
        )
        self.supervisor.run_once(await Process.start(service))


async def _follow(parent: int | None, running: asyncio.Task[None]) -> None:
    """Cancel ``running`` once this process has another parent, which is how one learns that its own has died."""
    while parent is not None:
        if os.getppid() != parent:
            running.cancel()
            return
        await asyncio.sleep(_LOOK_FOR_PARENT_S)


async def _at_once() -> bool:
    return True


async def _is_ready(program: Program) -> bool:
    if (await probe.get("/readyz", socket=program.internal)).status != 200:
        return False
    return _made_private(*program.sockets)


def _made_private(*sockets: Path) -> bool:
    """Keep other users out, whatever mode a server gave its sockets; False where one is not there yet."""
    for path in sockets:
        if not path.exists():
            return False
        path.chmod(0o600)
    return True
