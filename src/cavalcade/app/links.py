"""Reading what opens a session: a link that was pasted, an address that the phone handed over, a route. Pure.

The forms:

- `https://<server>/j#<code>`, what people send each other; `&watch` after the code says that it is for watching.
- `cavalcade://open/j?server=<server>#<code>`, which a web page can offer to open the app with.
- `/j?server=<server>#<code>` or `/j#<code>`, which is what Flutter makes of either as a route.
"""

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qs, urlsplit

from cavalcade.wire.codes import code_from_link

SCHEME: Final = "cavalcade"
"""What phones hand over to this app, as mobile/pyproject.toml asks them to."""

WATCH_MARK: Final = "watch"
_ADDRESS: Final = re.compile(r"https?://[^\s<>\"']+")
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
    code: str
    is_for_watching: bool = False

    def __repr__(self) -> str:
        return f"Invitation(server={self.server!r})"


def read_invitation(text: str) -> Invitation | None:
    """Finds an invitation in what somebody pasted or the phone handed over; None where there is none."""
    text = text.strip()
    found = _ADDRESS.search(text)
    link = found[0] if found else text
    code = code_from_link(link) or (None if found else code_from_link(text))
    if code is None:
        return None
    fragment = link.partition("#")[2]
    try:
        parts = urlsplit(link)
    except ValueError:
        return None
    server: str | None = None
    if parts.scheme in {"http", "https"} and parts.netloc:
        server = server_address(f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/').removesuffix('/j')}")
        if server is None:
            return None
    elif named := parse_qs(parts.query).get("server"):
        server = server_address(named[0])
        if server is None:
            return None
    return Invitation(server, code, WATCH_MARK in fragment.split("&")[1:])


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
