"""Links as the app meets them: pasted, handed over by the phone, or as a route. `wire.links` reads them all."""

from typing import Final

from cavalcade.wire.links import Invitation, for_watching, read_invitation, server_address

__all__ = ["SCHEME", "Invitation", "for_watching", "read_invitation", "server_address"]

SCHEME: Final = "cavalcade"
"""What phones hand over to this app, as mobile/pyproject.toml asks them to."""
