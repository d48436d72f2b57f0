"""What every process must obey of an event: who may read its content, and whose content goes."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision: str = "0006"
down_revision: str | None = "0005"


def upgrade() -> None:
    """Takes the step."""
    op.add_column("events", sa.Column("audience", sa.Text()))
    op.add_column("events", sa.Column("scrubs", JSONB()))
