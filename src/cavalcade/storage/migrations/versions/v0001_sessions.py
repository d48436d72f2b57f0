"""Sessions, their people and events, and the memory of operations."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision: str = "0001"
down_revision: str | None = None


def upgrade() -> None:
    """Takes the step."""
    op.create_table(
        "sessions",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("viewer_hash", sa.LargeBinary(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("offset", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("max_participants", sa.Integer(), nullable=False),
        sa.Column("next_participant", sa.Integer(), nullable=False),
        sa.Column("ended", sa.Text()),
        sa.Column("ended_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name="pk_sessions"),
    )
    op.create_index("ix_sessions_due", "sessions", ["expires_at"], postgresql_where=sa.text("ended IS NULL"))
    op.create_index("ix_sessions_ended_at", "sessions", ["ended_at"], postgresql_where=sa.text("ended_at IS NOT NULL"))
    op.create_table(
        "participants",
        sa.Column("session_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("initials", sa.Text(), nullable=False),
        sa.Column("color", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("sharing", sa.Boolean(), nullable=False),
        sa.Column("joined_at", sa.BigInteger(), nullable=False),
        _belongs_to_session("participants"),
        sa.PrimaryKeyConstraint("session_id", "id", name="pk_participants"),
    )
    op.create_table(
        "events",
        sa.Column("session_id", sa.Text(), nullable=False),
        sa.Column("offset", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.Integer()),
        sa.Column("op_id", sa.Text()),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("data", JSONB(), nullable=False),
        _belongs_to_session("events"),
        sa.PrimaryKeyConstraint("session_id", "offset", name="pk_events"),
    )
    op.create_table(
        "outcomes",
        sa.Column("session_id", sa.Text(), nullable=False),
        sa.Column("participant", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("op_id", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("reply", JSONB(), nullable=False),
        _belongs_to_session("outcomes"),
        sa.PrimaryKeyConstraint("session_id", "participant", "op_id", name="pk_outcomes"),
    )
    op.create_table(
        "creations",
        sa.Column("key_hash", sa.Text(), nullable=False),
        sa.Column("session_id", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        _belongs_to_session("creations"),
        sa.PrimaryKeyConstraint("key_hash", name="pk_creations"),
    )
    op.create_index("ix_creations_session_id", "creations", ["session_id"])


def _belongs_to_session(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name=f"fk_{table}_session_id", ondelete="CASCADE")
