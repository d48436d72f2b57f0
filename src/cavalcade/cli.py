"""The command ``cavalcade``: arguments and environment are read here and in ``settings``, and nowhere else.

What a command needs is imported inside it, so that ``--help`` and each process load their own part alone.
"""

from __future__ import annotations

import asyncio
import dataclasses
import importlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from cavalcade import __version__, settings
from cavalcade.open_file_limit import raise_limit
from cavalcade.settings import Settings, SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cavalcade.stack.caddy import Door

DEFAULT_PORT = 8080
DEFAULT_LAN_PORT = 8443

_CAVALCADE_HELP = """
Share the live positions of a group inside a private, temporary session.

\b
cavalcade up           start everything on this machine, on http://localhost:8080
cavalcade up --demo    the same, with a simulated convoy to look at
cavalcade up --lan     for phones on the same network

"up" needs nothing else: PostgreSQL, Valkey and Caddy come with Cavalcade. On servers of your own, run "api" and
"gateway", or "node" alone, as services behind your load balancer; their settings are environment variables (see
"api --help").
"""

_UP_HELP = """
Start everything on this machine and serve until ctrl-C.

Prints one line "ready ADDRESS" on standard output once the whole can serve; everything else goes to standard error.
Ctrl-C or SIGTERM stops every part in order; what is kept in the data folder is there again at the next start.

\b
For this machine (and a phone on a cable):
  cavalcade up
For phones on the same network, with a QR code to begin with:
  cavalcade up --lan
For phones anywhere, without a domain: through a tunnel that has an https address
  cavalcade up --tunnel cloudflared
For everybody, on a domain of your own:
  cavalcade up --public-url https://convoy.example.org
A second one beside the first:
  cavalcade up --port 8081 --data ./second

CAVALCADE_DATABASE_URL and CAVALCADE_REDIS_URL make it use servers that already run; CAVALCADE_SECRET must then be set
too. CAVALCADE_PUBLIC_URL is the same as --public-url, CAVALCADE_BACKEND as --backend, and CAVALCADE_TRUSTED_PROXIES
names the networks in front whose X-Forwarded-For is believed [nobody; this machine where something on it is in front].
Other settings ("cavalcade api --help") hold for every process it starts. Logs lie in the data folder.

Streets come from OpenFreeMap, and with --demo from a small map of Helsinki that is built in. Otherwise say where from:

\b
CAVALCADE_MAP_TILES         a .pmtiles file on this machine, or the address of
                            one or of a TileJSON, in OpenMapTiles' schema
CAVALCADE_MAP_STYLE         or the address of a MapLibre style
CAVALCADE_MAP_STYLE_DARK    the style for dark surroundings
CAVALCADE_MAP_SOURCES       further addresses that the style loads from,
                            with commas between

With --app, or CAVALCADE_APP=on, a preview of the Flutter app is at /app/ as well. It is the extra "app":

\b
CAVALCADE_APP_TILES         the raster tiles of its map, with {z}, {x} and {y}
CAVALCADE_APP_ATTRIBUTION   who made that map

Phone apps of your own that may open this domain's links are named by

\b
CAVALCADE_APP_ANDROID       <package>=<SHA-256 of its signing certificate>
CAVALCADE_APP_IOS           <team>.<bundle>
"""

_SETTINGS_HELP = """
It stops in good order on SIGTERM or ctrl-C. Settings are environment variables:

\b
CAVALCADE_DATABASE_URL      postgresql://user:password@host/name; must be set
CAVALCADE_REDIS_URL         redis://host:6379/0, or unix:///path/to.sock;
                            must be set
CAVALCADE_SECRET            signs tokens: at least 32 characters, or several
                            such with commas between, of which the first
                            signs and all are accepted; must be set
CAVALCADE_PUBLIC_URL        base of links, and the Origin allowed
                            [http://localhost:8080]
CAVALCADE_TRUSTED_PROXIES   networks whose X-Forwarded-For is believed
                            [127.0.0.0/8,::1/128]
CAVALCADE_LOG_LEVEL         debug, info, warning or error [info]
CAVALCADE_LOG_FORMAT        json or console [json]
CAVALCADE_WINDOW_MS         positions are gathered for this long, 20 to 1000
                            [100]
CAVALCADE_MAX_PARTICIPANTS  people in one session, at most [200]
CAVALCADE_MIN_LIFETIME_S    seconds that the shortest session lives [300]
CAVALCADE_HOST_AWAY_S       seconds after which a member may take over from a
                            host who is away [600]
CAVALCADE_SOS_AGAIN_S       seconds after which an SOS that nobody helps with is
                            alarmed again; after twice as many, people are told
                            to call [60]
CAVALCADE_PURGE_AFTER_S     seconds after its end until a session is deleted,
                            45 at most [30]
CAVALCADE_SESSIONS_PER_HOUR, CAVALCADE_JOINS_PER_MINUTE,
CAVALCADE_OPERATIONS_PER_S, CAVALCADE_REJOINS_PER_MINUTE,
CAVALCADE_SOCKETS_PER_ADDRESS
                            quotas of an address, a session and a participant
                            [300, 200, 5, 30, 500]
CAVALCADE_DRAIN_S           seconds over which a node that is to stop gives its
                            sessions to others [5]

\b
For example:
  cavalcade {name} {listeners}
"""

_API_HELP = "Run one API server: sessions and people over HTTP, kept in PostgreSQL.\n" + _SETTINGS_HELP.format(
    name="api", listeners="--listen 127.0.0.1:8100 --internal 127.0.0.1:8101"
)
_GATEWAY_HELP = "Run one gateway: the sockets of everybody in a session, with live positions in Redis.\n" + (
    _SETTINGS_HELP.format(name="gateway", listeners="--listen 127.0.0.1:8200 --internal 127.0.0.1:8201")
)
_NODE_HELP = "Run one node: HTTP and sockets in one process, and a supervised process in it for every session.\n" + (
    _SETTINGS_HELP.format(
        name="node", listeners="--listen 127.0.0.1:8300 --sockets 127.0.0.1:8301 \\\n      --internal 127.0.0.1:8302"
    )
)

_INSPECT_HELP = """
Show the processes inside a running node: each part of the application and each session, how many messages wait in
their mailboxes, how often they were started again, and how late the event loop runs.

Where the backend is "services", there is no such tree: it shows the health of its processes.

\b
  cavalcade inspect --watch
  cavalcade inspect --internal 127.0.0.1:8302 --json
"""

_CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}

# Commands of other parts: where each is imported from once it is used, and what the list of commands says of it.
_COMMANDS_ELSEWHERE = {
    "app": ("cavalcade.app.command", "Open the Flutter app in a window or in the browser."),
    "simulate": ("cavalcade.simulate.command", "Let simulated riders share their positions in a session."),
}


class _Commands(click.Group):
    """Lists commands that live in other parts without importing those parts."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*super().list_commands(ctx), *_COMMANDS_ELSEWHERE]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS_ELSEWHERE:
            return super().get_command(ctx, cmd_name)
        module, _ = _COMMANDS_ELSEWHERE[cmd_name]
        command: click.Command = getattr(importlib.import_module(module), cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        rows = [(name, self.commands[name].get_short_help_str(90)) for name in super().list_commands(ctx)]
        rows += [(name, summary) for name, (_, summary) in _COMMANDS_ELSEWHERE.items()]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


def main() -> None:
    """Run the command line, and turn wrong settings into plain words and exit code 1."""
    try:
        commands.main(prog_name="cavalcade")
    except SettingsError as error:
        _fail(*error.problems)
    except Exception as error:
        from cavalcade.storage.errors import UnusableDatabase  # noqa: PLC0415 - see the top of this module

        if not isinstance(error, UnusableDatabase):
            raise
        _fail(str(error))


def _fail(*lines: str) -> NoReturn:
    for line in lines:
        click.echo(f"cavalcade: {line}", err=True)
    sys.exit(1)


@click.group(cls=_Commands, context_settings=_CONTEXT, help=_CAVALCADE_HELP)
@click.version_option(__version__, prog_name="cavalcade", message="%(prog)s %(version)s")
def commands() -> None:
    """The command ``cavalcade`` itself."""


def _as_public_url(context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    try:
        return value and settings.public_url(value)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint=_where_public_url_was_said(context)) from None


def _where_public_url_was_said(context: click.Context) -> str:
    """The option, or the variable, so that the error names the one that people have to correct."""
    is_variable = context.get_parameter_source("public_url") is click.core.ParameterSource.ENVIRONMENT
    return settings.PUBLIC_URL if is_variable else "--public-url"


@commands.command(short_help="Start everything on this machine and serve until ctrl-C.", help=_UP_HELP)
@click.option(
    "--backend",
    type=click.Choice(["services", "monolith"]),
    default="services",
    show_default=True,
    envvar=settings.BACKEND,
    help=f"Which of the two backends runs; {settings.BACKEND} says it as well.",
)
@click.option(
    "--nodes",
    type=click.IntRange(1, 99),
    default=1,
    show_default=True,
    help="How many nodes there are or, with the backend services, API servers and gateways.",
)
@click.option(
    "--affinity",
    is_flag=True,
    help="With several gateways: lead everybody in a session to the same one, as long as it is there.",
)
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    help=f"Where to listen.  [default: {DEFAULT_PORT}; with --lan {DEFAULT_LAN_PORT}]",
)
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    help="The folder that everything is kept in.  [default: $XDG_DATA_HOME/cavalcade, or ~/.local/share/cavalcade]",
)
@click.option("--lan", is_flag=True, help="Serve HTTPS on this machine's network address, for phones near by.")
@click.option("--lan-address", help="With --lan: the address, where the one found is not the one phones can reach.")
@click.option(
    "--public-url",
    envvar=settings.PUBLIC_URL,
    callback=_as_public_url,
    help="Serve https://DOMAIN with automatic certificates, on ports 80 and 443. With --port as well, something else "
    "in front (a tunnel, a proxy) serves that address and passes it on to the port on this machine. "
    f"{settings.PUBLIC_URL} says it as well.",
)
@click.option(
    "--tunnel",
    metavar="cloudflared|ssh|COMMAND",
    help="Start a tunnel and serve the https address that it prints: cloudflared, ssh (through localhost.run), or a "
    "command of your own, in which {port} stands for the port on this machine.",
)
# `make run` uses it: make can be killed without its children being told.
@click.option("--with-parent", is_flag=True, hidden=True)
@click.option("--app", "with_app", is_flag=True, help="Serve the Flutter app at /app/ too, as a preview of it.")
@click.option("--demo", is_flag=True, help="Let a simulated convoy set out in a new session, and print its link.")
def up(
    *,
    backend: str,
    nodes: int,
    affinity: bool,
    port: int | None,
    data: Path | None,
    lan: bool,
    lan_address: str | None,
    public_url: str | None,
    tunnel: str | None,
    with_parent: bool,
    with_app: bool,
    demo: bool,
) -> None:
    """Turn the options of ``cavalcade up`` into a door, and run the stack behind it."""
    from cavalcade.stack.errors import StackError  # noqa: PLC0415 - see the top of this module
    from cavalcade.stack.up import Options  # noqa: PLC0415
    from cavalcade.stack.up import up as run  # noqa: PLC0415

    raise_limit()
    if affinity and (nodes == 1 or backend == "monolith"):
        raise click.UsageError("--affinity goes with several --nodes of the backend services; monolith always has it.")
    said = _where_public_url_was_said(click.get_current_context())
    if lan and public_url:
        raise click.UsageError(f"--lan and {said} exclude each other.")
    if tunnel is not None and (lan or public_url):
        raise click.UsageError(f"--tunnel gives the public address, so --lan and {said} do not go with it.")
    if lan_address and not lan:
        raise click.UsageError("--lan-address goes with --lan.")
    try:
        options = Options(
            data=data or default_data_directory(os.environ),
            door=_door(port, public_url, lan=lan, lan_address=lan_address),
            environment={**os.environ, "CAVALCADE_APP": "on"} if with_app else os.environ,
            backend=backend,
            nodes=nodes,
            affinity=affinity,
            tunnel=tunnel,
            demo=demo,
            parent=os.getppid() if with_parent else None,
        )
        asyncio.run(run(options))
    except StackError as error:
        if error.detail:
            click.echo(error.detail, err=True)
        _fail(error.problem, error.advice)


def _door(port: int | None, public_url: str | None, *, lan: bool, lan_address: str | None) -> Door:
    from cavalcade.stack import caddy  # noqa: PLC0415 - see the top of this module
    from cavalcade.stack.lan import network_address  # noqa: PLC0415

    if lan:
        return caddy.lan_door(lan_address or network_address(), port or DEFAULT_LAN_PORT)
    if not public_url:
        return caddy.local_door(port or DEFAULT_PORT)
    if (local_port := caddy.port_of_local_door(public_url)) and port in {None, local_port}:
        return caddy.local_door(local_port)
    return caddy.proxied_door(public_url, port) if port else caddy.public_door(public_url)


def default_data_directory(environment: Mapping[str, str]) -> Path:
    """Where ``cavalcade up`` keeps everything unless told otherwise."""
    if base := environment.get("XDG_DATA_HOME"):
        return Path(base) / "cavalcade"
    try:
        return Path.home() / ".local" / "share" / "cavalcade"
    except RuntimeError:
        raise click.UsageError("This user has no home folder: say with --data where to keep everything.") from None


def _as_address(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    if value is None:
        return None
    kind, _, rest = value.partition(":")
    if kind == "unix" and rest.startswith("/"):
        return value
    host, _, port = value.rpartition(":")
    if host and port.isascii() and port.isdigit() and 0 < int(port) < 65536:
        return value
    raise click.BadParameter(f"{value!r} is neither HOST:PORT nor unix:/path/to.sock")


def _settings(backend: settings.BackendName) -> Settings:
    """The settings of a process of one backend, which is about to start.

    Raises:
        SettingsError: They are wrong, or are for the other backend.
    """
    raise_limit()
    said = os.environ.get(settings.BACKEND, "").strip().lower()
    if said and said != backend:
        command = click.get_current_context().info_name
        raise SettingsError([f"{settings.BACKEND} must be {backend} for `cavalcade {command}`, not {said!r}"])
    return dataclasses.replace(Settings.from_environment(os.environ), backend=backend)


def _listening(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the two addresses that every process of ours listens on."""
    internal = click.option(
        "--internal",
        required=True,
        metavar="ADDRESS",
        callback=_as_address,
        help="Where /healthz, /readyz and /metrics are (and /processes, of a node): never open this to the outside.",
    )
    listen = click.option(
        "--listen",
        required=True,
        metavar="ADDRESS",
        callback=_as_address,
        help="Where to serve: HOST:PORT, or unix:/path/to.sock.",
    )
    return listen(internal(command))


@commands.command(short_help="Run one API server.", help=_API_HELP)
@_listening
def api(listen: str, internal: str) -> None:
    """Run one API server until it is told to stop."""
    checked = _settings("services")
    from cavalcade.services import api_server  # noqa: PLC0415 - see the top of this module

    api_server.run(checked, listen, internal)


@commands.command(short_help="Run one gateway.", help=_GATEWAY_HELP)
@_listening
def gateway(listen: str, internal: str) -> None:
    """Run one gateway until it is told to stop."""
    checked = _settings("services")
    from cavalcade.services import gateway as gateway_process  # noqa: PLC0415 - see the top of this module

    gateway_process.run(checked, listen, internal)


@commands.command(short_help="Run one node: both in one process.", help=_NODE_HELP)
@_listening
@click.option(
    "--sockets",
    required=True,
    metavar="ADDRESS",
    callback=_as_address,
    help="Where to take WebSockets; --listen is for HTTP.",
)
@click.option("--name", help="What it is called among several nodes, also after a restart.  [default: its --internal]")
@click.option(
    "--host",
    help="The name or address under which other nodes reach it, on all three ports.  [default: where it listens, or "
    "this machine's name where that is everywhere]",
)
def node(listen: str, sockets: str, internal: str, name: str | None, host: str | None) -> None:
    """Run one node until it is told to stop."""
    checked = _settings("monolith")
    from cavalcade.monolith import application  # noqa: PLC0415 - see the top of this module

    application.run(checked, application.Listeners(listen, sockets, internal, host, name))


@commands.command(short_help="Show the processes inside a running node.", help=_INSPECT_HELP)
@click.option("--data", type=click.Path(path_type=Path), help="The folder that `cavalcade up` was given.")
@click.option("--internal", metavar="ADDRESS", callback=_as_address, help="What the process was given as --internal.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.option("--watch", is_flag=True, help="Show it again every second, until ctrl-C.")
def inspect(*, data: Path | None, internal: str | None, as_json: bool, watch: bool) -> None:
    """Ask a running installation for its process tree and show it."""
    from cavalcade.inspection import source, view  # noqa: PLC0415 - see the top of this module

    if data and internal:
        raise click.UsageError("--data and --internal exclude each other.")
    if as_json and watch:
        raise click.UsageError("--json and --watch exclude each other.")
    try:
        if internal:
            origin = source.Origin.at(internal)
        else:
            origin = source.Origin.of_data(data or default_data_directory(os.environ))
        if as_json:
            click.echo(source.look(origin).as_json())
        elif watch:
            view.watch(origin)
        else:
            view.show(source.look(origin))
    except source.NothingRuns as error:
        _fail(str(error))
