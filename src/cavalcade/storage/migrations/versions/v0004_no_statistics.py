"""The planner's statistics keep samples of columns, which would outlive the sessions that they were taken from."""

from alembic import op

revision: str = "0004"
down_revision: str | None = "0003"

_COLUMNS = {
    "sessions": ("id", "code_hash", "viewer_hash", "name"),
    "participants": ("session_id", "name", "initials", "color"),
    "events": ("session_id", "op_id", "data", "mark"),
    "outcomes": ("session_id", "op_id", "digest", "reply"),
    "creations": ("key_hash", "session_id", "digest"),
}


def upgrade() -> None:
    """Takes the step."""
    for table, columns in _COLUMNS.items():
        for column in columns:
            op.execute(f"ALTER TABLE {table} ALTER COLUMN {column} SET STATISTICS 0")
            # Before PostgreSQL 18 only a superuser can take away what is there; see docs/operations.md.
            op.execute(
                "DO $$ BEGIN IF current_setting('server_version_num')::int >= 180000 THEN "
                f"PERFORM pg_clear_attribute_stats(current_schema()::text, '{table}', '{column}', false); "
                "END IF; END $$"
            )
