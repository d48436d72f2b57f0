"""What a Cavalcade process is told by its environment: read here, checked at once, and frozen.

No other module reads ``os.environ``; the command line hands it to these classes.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeVar, cast, get_args
from urllib.parse import unquote, urlsplit

from cavalcade.domain.model import Limits
from cavalcade.signing_secret import HOW_TO_MAKE_ONE, SHORTEST, is_placeholder, weakness_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

BackendName = Literal["services", "monolith"]
LogLevel = Literal["debug", "info", "warning", "error"]
LogFormat = Literal["json", "console"]
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

DATABASE_URL = "CAVALCADE_DATABASE_URL"
REDIS_URL = "CAVALCADE_REDIS_URL"
SECRET = "CAVALCADE_SECRET"  # noqa: S105 - the variable's name, not a secret
PUBLIC_URL = "CAVALCADE_PUBLIC_URL"
TRUSTED_PROXIES = "CAVALCADE_TRUSTED_PROXIES"
BACKEND = "CAVALCADE_BACKEND"
LOG_LEVEL = "CAVALCADE_LOG_LEVEL"
LOG_FORMAT = "CAVALCADE_LOG_FORMAT"
WINDOW_MS = "CAVALCADE_WINDOW_MS"
MAX_PARTICIPANTS = "CAVALCADE_MAX_PARTICIPANTS"
MIN_LIFETIME_S = "CAVALCADE_MIN_LIFETIME_S"
HOST_AWAY_S = "CAVALCADE_HOST_AWAY_S"
SOS_AGAIN_S = "CAVALCADE_SOS_AGAIN_S"
PURGE_AFTER_S = "CAVALCADE_PURGE_AFTER_S"
MAP_TILES = "CAVALCADE_MAP_TILES"
MAP_STYLE = "CAVALCADE_MAP_STYLE"
MAP_STYLE_DARK = "CAVALCADE_MAP_STYLE_DARK"
MAP_SOURCES = "CAVALCADE_MAP_SOURCES"
DRAIN_S = "CAVALCADE_DRAIN_S"
SESSIONS_PER_HOUR = "CAVALCADE_SESSIONS_PER_HOUR"
JOINS_PER_MINUTE = "CAVALCADE_JOINS_PER_MINUTE"
OPERATIONS_PER_S = "CAVALCADE_OPERATIONS_PER_S"
REJOINS_PER_MINUTE = "CAVALCADE_REJOINS_PER_MINUTE"
SOCKETS_PER_ADDRESS = "CAVALCADE_SOCKETS_PER_ADDRESS"
MOST_OF_A_QUOTA = 1_000_000

DEFAULT_PUBLIC_URL = "http://localhost:8080"
DOOR_SETTINGS = (MAP_TILES, MAP_STYLE, MAP_STYLE_DARK, MAP_SOURCES)
"""What ``cavalcade up`` tells Caddy; no process of ours behind a door of one's own can do anything with it."""

LOOPBACK: tuple[Network, ...] = (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128"))
_DATABASE_SCHEMES = ("postgresql", "postgres")
_REDIS_SCHEMES = ("redis", "rediss", "unix")

_Value = TypeVar("_Value")


class SettingsError(Exception):
    """One or more environment variables are missing or hold something that is not allowed.

    Attributes:
        problems: One sentence for each bad variable: its name and what it may hold. Never the value of a secret.
    """

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class Quotas:
    """How much one address, one session or one participant may ask for; more than a real group ever does."""

    sessions_per_hour: int = 300
    """Sessions that one address may make; a third of them at once."""

    joins_per_minute: int = 200
    """Members who may join one session; viewers a quarter of it, and where more have left than are there, as many in
    an hour."""

    operations_per_s: int = 5
    """Operations of one participant; four times as many at once."""

    rejoins_per_minute: int = 30
    """Times that one participant may join over a socket; two thirds of them at once."""

    sockets_per_address: int = 500
    """Connections that one address may have open at one process."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything an API server or a gateway needs to know before it starts."""

    database_url: str = field(repr=False)
    """``postgresql://...``; a Unix socket is given as ``postgresql://user@/name?host=/directory``."""

    redis_url: str = field(repr=False)
    """``redis://...``, ``rediss://...`` or ``unix:///path/to.sock``."""

    secrets: tuple[str, ...] = field(repr=False)
    """Signing secrets: the first signs, all of them verify, so that a secret can be replaced without a logout."""

    public_url: str = DEFAULT_PUBLIC_URL
    """Where people reach this installation, without a slash at the end: the base of links and the allowed Origin."""

    trusted_proxies: tuple[Network, ...] = LOOPBACK
    """Peers whose ``X-Forwarded-For`` is believed. A peer on a Unix socket always is."""

    backend: BackendName = "services"
    log_level: LogLevel = "info"
    log_format: LogFormat = "json"

    window_ms: int = 100
    """Milliseconds for which positions are gathered before a session's members get one frame."""

    max_participants: int = 200
    """People that one session takes at most."""

    min_lifetime_s: int = 300
    """Seconds that the shortest session lives."""

    host_away_s: int = 600
    """Seconds after which any member may take over from a host who is away."""

    sos_again_s: int = 60
    """Seconds after which an SOS that nobody helps with is alarmed again; after twice as many, people are to call."""

    purge_after_s: int = 30
    """Seconds after its end until a session is deleted; what is promised is one minute."""

    drain_s: int = 5
    """Seconds over which a process that is to stop sends its connections elsewhere (a node gives its sessions away)."""

    quotas: Quotas = Quotas()

    @property
    def limits(self) -> Limits:
        """The bounds that the domain's rules take."""
        return Limits(
            max_participants=self.max_participants,
            min_lifetime_s=self.min_lifetime_s,
            host_away_s=self.host_away_s,
            sos_again_s=self.sos_again_s,
        )

    @property
    def socket_url(self) -> str:
        """The address clients open their WebSocket under, without the ``/websocket`` that Phoenix clients add."""
        return "ws" + self.public_url.removeprefix("http") + "/socket"

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Settings:
        """Read and check every variable.

        Args:
            environment: Usually ``os.environ``. An empty value counts as one that is not set.

        Returns:
            The settings, complete.

        Raises:
            SettingsError: Names every variable that is missing or wrong, not just the first.
        """
        reader = _Reader(environment)
        for name in DOOR_SETTINGS:
            if environment.get(name, "").strip():
                reader.problems.append(
                    f"{name} is a setting of `cavalcade up` alone: here the door in front says where the streets of "
                    "the page come from (see deploy/Caddyfile), so take it out of this process's environment"
                )
        settings = cls(
            database_url=reader.required(DATABASE_URL, _database_url),
            redis_url=reader.required(REDIS_URL, _redis_url),
            secrets=reader.required(SECRET, _secrets),
            public_url=reader.optional(PUBLIC_URL, public_url, DEFAULT_PUBLIC_URL),
            trusted_proxies=reader.absent_or(TRUSTED_PROXIES, _networks) or LOOPBACK,
            backend=cast("BackendName", reader.optional(BACKEND, _one_of(get_args(BackendName)), "services")),
            log_level=cast("LogLevel", reader.optional(LOG_LEVEL, _one_of(get_args(LogLevel)), "info")),
            log_format=cast("LogFormat", reader.optional(LOG_FORMAT, _one_of(get_args(LogFormat)), "json")),
            window_ms=reader.optional(WINDOW_MS, _whole_number(20, 1000, "milliseconds"), "100"),
            max_participants=reader.optional(MAX_PARTICIPANTS, _whole_number(2, 10_000, "people"), "200"),
            min_lifetime_s=reader.optional(MIN_LIFETIME_S, _whole_number(1, 3600, "seconds"), "300"),
            host_away_s=reader.optional(HOST_AWAY_S, _whole_number(1, 86_400, "seconds"), "600"),
            sos_again_s=reader.optional(SOS_AGAIN_S, _whole_number(1, 3600, "seconds"), "60"),
            purge_after_s=reader.optional(PURGE_AFTER_S, _whole_number(1, 45, "seconds"), "30"),
            drain_s=reader.optional(DRAIN_S, _whole_number(0, 600, "seconds"), "5"),
            quotas=Quotas(
                sessions_per_hour=reader.optional(SESSIONS_PER_HOUR, _quota("sessions"), "300"),
                joins_per_minute=reader.optional(JOINS_PER_MINUTE, _quota("people"), "200"),
                operations_per_s=reader.optional(OPERATIONS_PER_S, _quota("operations"), "5"),
                rejoins_per_minute=reader.optional(REJOINS_PER_MINUTE, _quota("joins"), "30"),
                sockets_per_address=reader.optional(SOCKETS_PER_ADDRESS, _quota("connections"), "500"),
            ),
        )
        reader.finish()
        return settings


@dataclass(frozen=True, slots=True)
class ExternalServers:
    """The servers that ``cavalcade up`` is told to use instead of starting its own; None where it starts one."""

    database_url: str | None = field(repr=False)
    redis_url: str | None = field(repr=False)
    secrets: tuple[str, ...] | None = field(repr=False)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> ExternalServers:
        """Read what is given of the two servers and the secret.

        Raises:
            SettingsError: A value is wrong, or a server is given without a signing secret. Several installations may
                share an external server, so a secret kept in one data directory would not do.
        """
        reader = _Reader(environment)
        servers = cls(
            database_url=reader.absent_or(DATABASE_URL, _database_url),
            redis_url=reader.absent_or(REDIS_URL, _redis_url),
            secrets=reader.absent_or(SECRET, _secrets),
        )
        if (environment.get(DATABASE_URL) or environment.get(REDIS_URL)) and not environment.get(SECRET):
            reader.problems.append(f"{SECRET} must be set too when {DATABASE_URL} or {REDIS_URL} is: {_SECRET_ALLOWED}")
        reader.finish()
        return servers


@dataclass(frozen=True, slots=True)
class StreetMap:
    """Where the page of ``cavalcade up`` has its streets from; by default from OpenFreeMap."""

    tiles: str | None = None
    """The address of vector tiles in the schema of OpenMapTiles: a TileJSON or a ``.pmtiles`` file."""

    file: Path | None = None
    """A ``.pmtiles`` file on this machine, which Caddy serves."""

    style: str | None = None
    """The address of a MapLibre style, drawn as it is."""

    style_dark: str | None = None
    """The style for dark surroundings."""

    sources: tuple[str, ...] = ()
    """Further origins that the style loads from."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> StreetMap:
        """Read what is said of the map.

        Raises:
            SettingsError: An address or file is not one that can be used, or two settings contradict each other.
        """
        reader = _Reader(environment)
        tiles = reader.absent_or(MAP_TILES, _map_tiles)
        streets = cls(
            tiles=tiles if isinstance(tiles, str) else None,
            file=tiles if isinstance(tiles, Path) else None,
            style=reader.absent_or(MAP_STYLE, _address),
            style_dark=reader.absent_or(MAP_STYLE_DARK, _address),
            sources=reader.absent_or(MAP_SOURCES, _origins) or (),
        )
        if tiles and streets.style:
            reader.problems.append(f"{MAP_TILES} and {MAP_STYLE} exclude each other: a style brings its own tiles")
        if streets.style_dark and not streets.style:
            reader.problems.append(f"{MAP_STYLE_DARK} goes with {MAP_STYLE}")
        reader.finish()
        return streets


class _Reader:
    """Reads variables one by one and remembers what was wrong, so that all of it is reported together."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self.problems: list[str] = []

    def absent_or(self, name: str, parse: Callable[[str], _Value]) -> _Value | None:
        value = self._environment.get(name, "").strip()
        if not value:
            return None
        try:
            return parse(value)
        except ValueError as error:
            self.problems.append(f"{name} {error}")
            return None

    def required(self, name: str, parse: Callable[[str], _Value]) -> _Value:
        if not self._environment.get(name, "").strip():
            self.problems.append(f"{name} is not set: it {_ALLOWED[name]}")
        # Where parsing failed the value is never used: finish() raises before anybody sees it.
        return cast("_Value", self.absent_or(name, parse))

    def optional(self, name: str, parse: Callable[[str], _Value], default: str) -> _Value:
        value = self.absent_or(name, parse)
        return parse(default) if value is None else value

    def finish(self) -> None:
        if self.problems:
            raise SettingsError(self.problems)


_SECRET_ALLOWED = (
    f"a secret of at least {SHORTEST} characters, or several with commas between (the first signs): {HOW_TO_MAKE_ONE}"
)
_ALLOWED = {
    DATABASE_URL: "names the PostgreSQL server, as postgresql://user:password@host/name",
    REDIS_URL: "names the Redis or Valkey server, as redis://host:6379/0 or unix:///path/to.sock",
    SECRET: f"holds {_SECRET_ALLOWED}",
}


def public_url(value: str) -> str:
    """Check a public address and put it into its one form: scheme, host and port alone.

    Raises:
        ValueError: It is not ``http://host[:port]`` or ``https://host[:port]``. The message continues a sentence that
            begins with the name of the variable or option.
    """
    allowed = f"must be http://host or https://host, with a port if need be and no path, not {value!r}"
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        raise ValueError(allowed) from None
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username or parts.query or parts.fragment:
        raise ValueError(allowed)
    if parts.path not in {"", "/"} or any(character.isspace() for character in value):
        raise ValueError(allowed)
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    # A browser leaves the scheme's own port out of Origin, so it must be left out here as well.
    default_port = 443 if parts.scheme == "https" else 80
    return f"{parts.scheme}://{host}" + (f":{port}" if port not in {None, default_port} else "")


def _database_url(value: str) -> str:
    scheme, separator, rest = value.partition("://")
    if scheme not in _DATABASE_SCHEMES or not separator or not rest:
        raise ValueError(_ALLOWED[DATABASE_URL])
    _refuse_placeholder(value)
    return f"postgresql://{rest}"


def _redis_url(value: str) -> str:
    scheme, separator, rest = value.partition("://")
    if scheme not in _REDIS_SCHEMES or not separator or not rest:
        raise ValueError(_ALLOWED[REDIS_URL])
    _refuse_placeholder(value)
    return value


def _refuse_placeholder(address: str) -> None:
    try:
        password = urlsplit(address).password
    except ValueError:
        return  # connecting to it says what is wrong with it
    if password is not None and is_placeholder(unquote(password)):
        raise ValueError(
            "has the placeholder of an example for its password, which everybody can guess: give the server another "
            f"one ({HOW_TO_MAKE_ONE}), and write that here"
        )


def _secrets(value: str) -> tuple[str, ...]:
    secrets = tuple(secret.strip() for secret in value.split(","))
    for number, secret in enumerate(secrets, 1):
        if weak := weakness_of(secret):
            which = f": number {number} of them {weak}" if len(secrets) > 1 else f", and it {weak}"
            raise ValueError(f"signs tokens{which}")
    return secrets


def _address(value: str) -> str:
    parts = urlsplit(value)
    # It becomes part of a policy, where quotes, commas and semicolons would mean something.
    if parts.scheme not in {"http", "https"} or not parts.hostname or re.search(r"""[\s"'`,;{}]""", value):
        raise ValueError(f"must be an address that begins with https:// or http://, not {value!r}")
    return value


def _map_tiles(value: str) -> str | Path:
    if "://" in value:
        return _address(value)
    path = Path(value).absolute()
    if path.suffix != ".pmtiles" or not path.is_file():
        raise ValueError(f"must be a .pmtiles file on this machine or an https:// address, not {value!r}")
    return path


def _origins(value: str) -> tuple[str, ...]:
    return tuple(_address(part.strip()) for part in value.split(","))


def _networks(value: str) -> tuple[Network, ...]:
    try:
        return tuple(ipaddress.ip_network(part.strip()) for part in value.split(","))
    except ValueError as error:
        raise ValueError(f"must be networks with commas between, as 10.0.0.0/8,fd00::/8: {error}") from None


def _one_of(allowed: tuple[str, ...]) -> Callable[[str], str]:
    def parse(value: str) -> str:
        if value.lower() not in allowed:
            raise ValueError(f"must be one of {', '.join(allowed)}, not {value!r}")
        return value.lower()

    return parse


def _quota(unit: str) -> Callable[[str], int]:
    return _whole_number(1, MOST_OF_A_QUOTA, unit)


def _whole_number(least: int, most: int, unit: str) -> Callable[[str], int]:
    def parse(value: str) -> int:
        # int() alone would also take "1_0" and " 5 ".
        if not value.isascii() or not value.isdigit() or not least <= int(value) <= most:
            raise ValueError(f"must be a whole number of {unit} from {least} to {most}, not {value!r}")
        return int(value)

    return parse
