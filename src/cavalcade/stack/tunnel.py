"""What `--tunnel` needs: a program that gives this machine an https address, and the address that it prints.

Phones give their position to https addresses only. A tunnel lends one to a machine without a domain: it listens
somewhere on the internet and passes everything on to a port here.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
from typing import TYPE_CHECKING, Final

from cavalcade.stack import environments, private_files
from cavalcade.stack.errors import StackError
from cavalcade.stack.process import Service, last_lines

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_READY_WITHIN_S = 30.0
_MOST_BYTES = 1 << 20

_ANY_ADDRESS: Final = re.compile(rb"https://[a-z0-9.-]+\.[a-z]{2,}(?::\d+)?(?=/?(?:[^\w./:-]|$))", re.IGNORECASE)
"""An https address without a path: programs also print where their documentation and their terms are."""

_SSH: Final = (
    "ssh -T -o StrictHostKeyChecking=accept-new -o ExitOnForwardFailure=yes -o ServerAliveInterval=30 "
    "-R 80:127.0.0.1:{port} nokey@localhost.run"
)
_KNOWN: Final = {
    "cloudflared": (
        "cloudflared tunnel --no-autoupdate --url http://127.0.0.1:{port}",
        # What it says of failures names api.trycloudflare.com.
        re.compile(rb"https://(?!api\.)[a-z0-9-]+\.trycloudflare\.com"),
        "It comes from https://github.com/cloudflare/cloudflared/releases.",
    ),
    "ssh": (
        _SSH,
        re.compile(rb"https://[a-z0-9-]+\.lhr\.life"),
        "It is OpenSSH's client, which the package openssh-client has.",
    ),
}
"""By name: the command, the address to look for in what it prints, and where to get the program."""


class Tunnel:
    """A tunnel to a port of this machine, as a service that is ready once it has printed its address.

    Args:
        choice: `cloudflared`, `ssh` (through localhost.run), or a command line, in which `{port}` is filled in.
        port: The port to pass everything on to.
        log: Where its output goes, and is looked for the address.
        environment: That of `cavalcade up`, of which the tunnel is told what concerns it.

    Raises:
        StackError: There is no such program, or the command line cannot be read.
    """

    def __init__(self, choice: str, port: int, log: Path, environment: Mapping[str, str]) -> None:
        line, self._address, origin = _KNOWN.get(choice, (choice, _ANY_ADDRESS, "Give a command that is here."))
        try:
            words = shlex.split(line)
        except ValueError as error:
            raise StackError(f"The command of --tunnel cannot be read: {error}.", "Mind its quotes.") from None
        if not words or shutil.which(words[0]) is None:
            raise StackError(f"The tunnel's program {words[0] if words else '(none)'} was not found.", origin)
        self._log = log
        # The log is kept from one start to the next; an address in it from before leads nowhere any more.
        self._from = log.stat().st_size if log.exists() else 0
        self.service = Service(
            name="the tunnel",
            command=[word.replace("{port}", str(port)) for word in words],
            ready=self._has_address,
            log=log,
            environment=environments.of_the_tunnel(environment),
            ready_within_s=_READY_WITHIN_S,
        )

    @property
    def address(self) -> str | None:
        """The https address that it printed, or None as long as it has not."""
        try:
            log = private_files.open_file(self._log, os.O_RDONLY)
        except (OSError, StackError):
            return None
        with os.fdopen(log, "rb") as file:
            file.seek(self._from)
            found = self._address.search(file.read(_MOST_BYTES))
        return found[0].decode().lower() if found else None

    def failed(self, problem: str) -> StackError:
        """The error to raise for a problem with the tunnel: with its last lines."""
        return StackError(
            problem,
            "It must print an https address that leads to this machine. Without one, --lan serves phones near by, and "
            f"--public-url a domain of your own. All that the tunnel said is in {self._log}.",
            last_lines(self._log),
        )

    async def _has_address(self) -> bool:
        return self.address is not None
