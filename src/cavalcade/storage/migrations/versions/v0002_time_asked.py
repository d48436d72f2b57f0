"""Who asked for more time."""

import sqlalchemy as sa
from alembic import op

revision: str = "0002"
down_revision: str | None = "0001"


def upgrade() -> None:
    """Takes the step."""
    op.add_column("sessions", sa.Column("time_asked_by", sa.Integer()))
