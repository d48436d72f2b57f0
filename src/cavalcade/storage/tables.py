"""The tables, as the newest migration leaves them. Times are ms since the epoch."""

from typing import Final

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, LargeBinary, MetaData, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

metadata: Final = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
    }
)


def _session_id(*, primary_key: bool) -> Column[str]:
    return Column(
        "session_id", Text, ForeignKey("sessions.id", ondelete="CASCADE"), primary_key=primary_key, nullable=False
    )


def _features() -> Column[object]:
    """What features keep, as the wire writes it; what SQL filters or joins has a column of its own."""
    return Column("features", JSONB, nullable=False, server_default="{}")


sessions: Final = Table(
    "sessions",
    metadata,
    Column("id", Text, primary_key=True),
    Column("code_hash", LargeBinary, nullable=False),
    Column("viewer_hash", LargeBinary, nullable=False),
    Column("epoch", BigInteger, nullable=False, server_default="1"),
    Column("offset", BigInteger, nullable=False),
    Column("name", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("max_participants", Integer, nullable=False),
    Column("next_participant", Integer, nullable=False),
    Column("time_asked_by", Integer),
    Column("ended", Text),
    Column("ended_at", BigInteger),
    _features(),
)
"""One row a session, folded up to `offset`; `ended` says why it is over."""

Index("ix_sessions_due", sessions.c.expires_at, postgresql_where=sessions.c.ended.is_(None))
Index("ix_sessions_ended_at", sessions.c.ended_at, postgresql_where=sessions.c.ended_at.is_not(None))

participants: Final = Table(
    "participants",
    metadata,
    _session_id(primary_key=True),
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False),
    Column("initials", Text, nullable=False),
    Column("color", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("sharing", Boolean, nullable=False),
    Column("joined_at", BigInteger, nullable=False),
    _features(),
)
"""Those present; who left has no row."""

events: Final = Table(
    "events",
    metadata,
    _session_id(primary_key=True),
    Column("offset", BigInteger, primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),
    Column("by", Integer),
    Column("op_id", Text),
    Column("type", Text, nullable=False),
    Column("data", JSONB, nullable=False),
    Column("mark", Text),
    Column("audience", Text),
    Column("scrubs", JSONB(none_as_null=True)),
)
"""Every durable change, as the wire writes it; JSON's `null` is the data of one that was scrubbed."""

due: Final = Table(
    "due",
    metadata,
    _session_id(primary_key=True),
    Column("next_at", BigInteger),
    Index("ix_due_next_at", "next_at"),
)
"""When something is due in a session, where anything ever was; null where nothing is. Its end is not among this."""

outcomes: Final = Table(
    "outcomes",
    metadata,
    _session_id(primary_key=True),
    Column("participant", Integer, primary_key=True, autoincrement=False),
    Column("op_id", Text, primary_key=True),
    Column("digest", Text, nullable=False),
    Column("reply", JSONB, nullable=False),
)
"""The memory of operations; participant 0 stands for somebody who was not in yet."""

creations: Final = Table(
    "creations",
    metadata,
    Column("key_hash", Text, primary_key=True),
    _session_id(primary_key=False),
    Column("digest", Text, nullable=False),
    Index("ix_creations_session_id", "session_id"),
)
"""Which session a call under an `Idempotency-Key` made."""
