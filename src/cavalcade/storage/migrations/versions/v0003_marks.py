"""A random mark with each event, by which clients notice another history."""

import sqlalchemy as sa
from alembic import op

revision: str = "0003"
down_revision: str | None = "0002"


def upgrade() -> None:
    """Takes the step."""
    op.add_column("events", sa.Column("mark", sa.Text()))
