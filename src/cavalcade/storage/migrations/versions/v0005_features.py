"""One column for what features keep of a session, and one for what they keep of a participant."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision: str = "0005"
down_revision: str | None = "0004"


def upgrade() -> None:
    """Takes the step."""
    for table in ("sessions", "participants"):
        op.add_column(table, sa.Column("features", JSONB(), server_default="{}", nullable=False))
        # No samples of it for the planner: they would outlive the sessions.
        op.execute(f"ALTER TABLE {table} ALTER COLUMN features SET STATISTICS 0")
