"""What makes somebody a member: where, who, and the secrets that prove it."""

import base64
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlencode

from cavalcade.wire.links import read_invitation

SUBPROTOCOL: Final = "phoenix"
_TOKEN_SUBPROTOCOL: Final = "base64url.bearer.phx."  # noqa: S105 - the prefix of a subprotocol, not a secret


@dataclass(frozen=True, slots=True)
class Membership:
    """One participant's place in one session; everybody who holds it can act as that participant.

    Attributes:
        server: The base address, such as `https://convoy.example.org`.
        session_id: The session.
        participant: The participant's id in it.
        token: The secret that proves it.
        socket: The address of the socket, without the `/websocket` that Phoenix clients add.
        code: The secret that lets members in, where this participant knows it.
        link: The same as a link to send to friends.
        viewer_code: The secret that lets viewers in.
        viewer_link: The same as a link.
    """

    server: str
    session_id: str
    participant: int
    token: str = field(repr=False)
    socket: str
    code: str | None = field(default=None, repr=False)
    link: str | None = field(default=None, repr=False)
    viewer_code: str | None = field(default=None, repr=False)
    viewer_link: str | None = field(default=None, repr=False)

    @property
    def socket_url(self) -> str:
        """The full address of the WebSocket; the token is not in it, so that no access log holds it."""
        return f"{self.socket}/websocket?" + urlencode({"vsn": "2.0.0", "session": self.session_id})

    @property
    def subprotocols(self) -> tuple[str, str]:
        """The subprotocols to offer, the second of which carries the token as the JavaScript client does."""
        encoded = base64.b64encode(self.token.encode()).rstrip(b"=").decode()
        return SUBPROTOCOL, _TOKEN_SUBPROTOCOL + encoded


def split_link(link: str) -> tuple[str, str]:
    """Splits a session's link into the server's base address and the code.

    What became of it on its way does not matter: see `wire.links`.

    Raises:
        ValueError: Where it holds no link `<base>/j#<code>`; the message is fit for a person and repeats no secret.
    """
    invitation = read_invitation(link)
    if invitation is None or invitation.server is None:
        raise ValueError("this is not a Cavalcade link: it should look like https://example.org/j#abc123....")
    return invitation.server, invitation.code
