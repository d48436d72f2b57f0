"""Reading a session's link out of whatever became of it on its way: the rule that the page keeps as well.

People send `<base>/j#<code>`; `&watch` after the code says that it is for watching. Messengers, mail and keyboards put
punctuation behind a link, wrap it in brackets or in a redirector of theirs, escape its characters or break its lines.
The code's form is so rare that wherever it stands, it is meant. `tests/vectors/links.json` holds what both readers make
of such texts.

An app may also be handed `cavalcade://open/j?server=<server>#<code>`, or that without its scheme and host.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

SCHEME: Final = "cavalcade"
"""What phones hand over to the app, as mobile/pyproject.toml asks them to."""

WATCH_MARK: Final = "watch"
MAX_TEXT: Final = 8_000
"""How much of a text is looked through, in characters."""

_WRAPPINGS: Final = 3
"""How often a link may have been escaped: by two redirectors, and once more."""

_CODE: Final = re.compile(r"(?:^|[^A-Za-z0-9]|/j)([a-z0-9]{10}\.[A-Za-z0-9_-]{22})(?![_-]*[A-Za-z0-9])")
_ESCAPES: Final = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
_INVISIBLE: Final = re.compile("[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]")
_LINE_BREAK: Final = re.compile(r"[ \t]*[\r\n][\s>]*")
_WATCH: Final = re.compile(r"(?:^|[&;?#])watch(?![A-Za-z0-9])")
_BETWEEN: Final = re.compile(r"[\s<>\"'(){}|\\^`]")
_ADDRESS: Final = re.compile(r"https?://", re.IGNORECASE)
_BARE: Final = re.compile(r"((?:[A-Za-z0-9-]+\.)+[A-Za-z0-9-]+(?::\d{1,5})?|localhost(?::\d{1,5})?)(?=[/?#])")
_HOST: Final = re.compile(r"(?:[A-Za-z0-9-]+\.)*[A-Za-z0-9-]+(?::\d{1,5})?|\[[0-9A-Fa-f:.]+\](?::\d{1,5})?")


@dataclass(frozen=True, slots=True)
class Invitation:
    """What a link says.

    Attributes:
        server: The base address that it names; None where it names none.
        code: `<id>.<secret>`.
        is_for_watching: It says so of itself; the server alone decides.
    """

    server: str | None
    code: str = field(repr=False)
    is_for_watching: bool = False


def read_invitation(text: str) -> Invitation | None:
    """Finds an invitation in what somebody pasted or the phone handed over; None where there is none."""
    for reading in _readings(text[:MAX_TEXT].strip()):
        found = _CODE.search(reading)
        if found is None:
            continue
        before = _unescaped(_BETWEEN.split(reading[: found.start(1)])[-1])
        server = _server(before)
        if server is None and ("server=" in before or _ADDRESS.search(before)):
            return None
        after = _unescaped(reading[found.end() :].split(maxsplit=1)[0]) if reading[found.end() :].strip() else ""
        return Invitation(server, found[1], _WATCH.search(after) is not None)
    return None


def server_address(text: str) -> str | None:
    """The base address that somebody typed; None where it is none.

    Without a scheme it is taken for https, or for http on this machine itself.
    """
    text = text.strip().rstrip("/")
    if "://" not in text:
        here = text.partition(":")[0] in {"localhost", "127.0.0.1"} or text.startswith("[::1]")
        text = f"{'http' if here else 'https'}://{text}"
    try:
        parts = urlsplit(text)
    except ValueError:
        return None
    if parts.scheme not in {"http", "https"} or not _HOST.fullmatch(parts.netloc) or parts.query or parts.fragment:
        return None
    return f"{parts.scheme}://{parts.netloc.lower()}{parts.path}"


def for_watching(link: str) -> str:
    """Marks a viewer link, so that whatever opens it can say at once that it only watches."""
    return f"{link}&{WATCH_MARK}"


def handing_over(link: str, token: str) -> str:
    """A link that has the page go on as who holds the token; never to be sent to anybody.

    What follows the # reaches no server, and the page takes the token out of the address before all else.
    """
    return f"{link}&as={token}"


def _readings(text: str) -> Iterator[str]:
    """A text as it stands, then with its escapes resolved again and again, and all of that without line breaks."""
    readings = [_INVISIBLE.sub("", text)]
    for _ in range(_WRAPPINGS):
        readings.append(_INVISIBLE.sub("", _resolved(readings[-1])))
    yield from readings
    for reading in readings:
        yield _LINE_BREAK.sub("", reading)


def _unescaped(text: str) -> str:
    for _ in range(_WRAPPINGS):
        text = _resolved(text)
    return text


def _resolved(text: str) -> str:
    """Resolves percent-escapes once; runs of them that are no UTF-8 stay."""

    def resolve(run: re.Match[str]) -> str:
        try:
            return bytes.fromhex(run[0].replace("%", "")).decode()
        except UnicodeDecodeError:
            return run[0]

    return _ESCAPES.sub(resolve, text)


def _server(before: str) -> str | None:
    """The base address among what stands before a code.

    Of several it is the one whose path is a link's, then the last: a redirector's address stands in front.
    """
    bases = [_base(before[found.start() :]) for found in _ADDRESS.finditer(before)]
    if not bases and (bare := _BARE.match(before)):
        scheme = server_address(bare[0])
        bases = [_base(f"{scheme}{before[bare.end() :]}")] if scheme else []
    links = [base for base, is_link in bases if is_link]
    return links[0] if links else bases[-1][0] if bases else None


def _base(address: str) -> tuple[str | None, bool]:
    """The base of an address, and whether its path is that of a link."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return None, False
    path = re.sub("/+", "/", parts.path).rstrip("/")
    is_link = path.lower().endswith("/j")
    return server_address(f"{parts.scheme}://{parts.netloc}{path[:-2] if is_link else path}"), is_link
