"""The HTTP API: the calls of the contract, their documentation, and health."""

from cavalcade.server.api.application import create_app
from cavalcade.server.api.context import Api

__all__ = ["Api", "create_app"]
