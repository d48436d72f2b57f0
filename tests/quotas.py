"""Quotas that no test meets by accident."""

from typing import Final

from cavalcade.settings import Quotas

AMPLE: Final = Quotas(
    sessions_per_hour=100_000,
    joins_per_minute=10_000,
    operations_per_s=1_000,
    rejoins_per_minute=1_000,
    sockets_per_address=20_000,
)
