"""When something is due in a session: a table of its own, so that its index locks nobody out."""

import sqlalchemy as sa
from alembic import op

revision: str = "0007"
down_revision: str | None = "0006"


def upgrade() -> None:
    """Takes the step."""
    op.create_table(
        "due",
        sa.Column("session_id", sa.Text(), nullable=False),
        sa.Column("next_at", sa.BigInteger()),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name="fk_due_session_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("session_id", name="pk_due"),
    )
    op.create_index("ix_due_next_at", "due", ["next_at"])
    # No samples for the planner: they would outlive the sessions.
    op.execute("ALTER TABLE due ALTER COLUMN session_id SET STATISTICS 0")
