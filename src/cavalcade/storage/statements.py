"""The statements of the session store, each one round trip and one transaction.

A write is one statement: an UPDATE that holds only where the session is as expected, or an INSERT, and in the same
statement everything that hangs on it. What there may be any number of travels as one JSON array, so that the text stays
the same and stays prepared.
"""

from typing import Final

from sqlalchemy import (
    ARRAY,
    CTE,
    BigInteger,
    Column,
    Integer,
    Table,
    Text,
    all_,
    any_,
    bindparam,
    column,
    delete,
    func,
    literal_column,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB, Insert, insert

from cavalcade.domain.features.membership import ParticipantJoined
from cavalcade.storage.tables import creations, due, events, outcomes, participants, sessions

CHANGING: Final = (
    "offset", "name", "expires_at", "time_asked_by", "next_participant", "max_participants", "ended", "ended_at",
    "features",
)  # fmt: skip
"""The columns of a session that an append writes; the others stay as they were at the beginning."""

_IDS: Final = bindparam("session_ids", type_=ARRAY(Text))


def _bound(*columns: Column[object]) -> dict[str, object]:
    return {each.name: bindparam(f"new_{each.name}", type_=each.type) for each in columns}


def _hanging(table: Table, session: CTE) -> Insert:
    """Inserts the JSON rows of the parameter named like the table, where the session's row was written."""
    names = [each.name for each in table.c if each.name != "session_id"]
    rows = (
        func.jsonb_to_recordset(bindparam(table.name, type_=JSONB))
        .table_valued(*(column(name, table.c[name].type) for name in names))
        .render_derived(name=f"new_{table.name}", with_types=True)
    )
    # Every row with the one session, or with none.
    source = select(session.c.id, *(rows.c[name] for name in names)).join_from(session, rows, true())
    return insert(table).from_select(["session_id", *names], source, include_defaults=False)


_PERSON: Final = [each for each in participants.c if each.name != "session_id"]

LOAD: Final = select(
    sessions,
    # In the same statement, so that session and people are of one moment.
    select(func.coalesce(func.json_agg(func.json_build_array(*_PERSON)), func.json_build_array()))
    .where(participants.c.session_id == sessions.c.id)
    .scalar_subquery()
    .label("people"),
    # Not a column of the session: a process of the version before would move the offset and leave the old mark.
    select(events.c.mark)
    .where(events.c.session_id == sessions.c.id, events.c.offset == sessions.c.offset)
    .scalar_subquery()
    .label("mark"),
).where(sessions.c.id == any_(_IDS))
"""Sessions with their people, of `session_ids`."""

LOCK: Final = select(sessions.c.id).where(sessions.c.id == bindparam("session_id")).with_for_update()
"""Holds a session's row against every other writer until the end of the transaction."""

OFFSETS: Final = select(sessions.c.id, sessions.c.epoch, sessions.c.offset).where(sessions.c.id == any_(_IDS))
"""Where the sessions of `session_ids` stand."""

_known: Final = (
    func.unnest(_IDS, bindparam("epochs", type_=ARRAY(BigInteger)), bindparam("offsets", type_=ARRAY(BigInteger)))
    .table_valued("id", "epoch", "offset")
    .render_derived(name="known")
)

# In the order of ids: two nodes that take the same sessions over at once wait for each other, and never both.
_free: Final = (
    select(sessions.c.id)
    .where(
        sessions.c.id == _known.c.id,
        sessions.c.epoch == _known.c.epoch,
        sessions.c.offset == _known.c.offset,
        sessions.c.ended.is_(None),
    )
    .order_by(sessions.c.id)
    .with_for_update(of=sessions)
    .cte("free")
)

TAKE_OVER: Final = (
    update(sessions).where(sessions.c.id == _free.c.id).values(epoch=sessions.c.epoch + 1).returning(sessions.c.id)
)
"""Fences off the earlier owners of the sessions of `session_ids` that are still at `epochs` and `offsets`."""

EVENTS_AFTER: Final = (
    select(events)
    .where(events.c.session_id == bindparam("session_id"), events.c.offset > bindparam("after"))
    .order_by(events.c.offset)
    .limit(bindparam("most", type_=Integer))
)
"""The events of a session that follow an offset."""

# Not named like columns: an update would set those.
_named: Final = (events.c.session_id == bindparam("of_session"), events.c.type == bindparam("of_type"))
_others: Final = events.alias("others")
_newest: Final = (
    select(_others.c.offset)
    .where(_others.c.session_id == bindparam("of_session"), _others.c.type == bindparam("of_type"))
    .order_by(_others.c.offset.desc())
    .limit(1)
)
_oldest_kept: Final = func.coalesce(
    _newest.offset(bindparam("newer", type_=Integer)).scalar_subquery(), literal_column("0")
)

NEWEST_OF_TYPE: Final = (
    select(events)
    .where(*_named, events.c.offset < bindparam("before", type_=BigInteger), events.c.offset >= _oldest_kept)
    .order_by(events.c.offset.desc())
    .limit(bindparam("most", type_=Integer))
)
"""The newest events of a type before an offset, newest first; none but those that are kept."""

_joining: Final = (
    select(events.c.offset)
    .where(
        events.c.session_id == bindparam("of_session"),
        events.c.type == ParticipantJoined.type,
        events.c.by == bindparam("participant", type_=Integer),
    )
    .scalar_subquery()
)
FROM_BEFORE: Final = select(
    _joining.label("joined"),
    _newest.where(_others.c.offset < _joining)
    .offset(bindparam("shown", type_=Integer))
    .scalar_subquery()
    .label("hidden"),
)
"""At which offset somebody joined, and of the events of a type from before that the newest but those `shown`."""

_old: Final = (
    select(events.c.offset, events.c.by, events.c.op_id)
    .where(*_named, events.c.data != literal_column("'null'::jsonb"), events.c.offset < _oldest_kept)
    .order_by(events.c.offset)
    .with_for_update(skip_locked=True)
    .cte("old")
)
FORGET_OLD: Final = select(_old.c.offset).add_cte(
    update(events)
    .where(events.c.session_id == bindparam("of_session"), events.c.offset == _old.c.offset)
    .values(data=literal_column("'null'::jsonb"))
    .cte("emptied"),
    update(outcomes)
    .where(
        outcomes.c.session_id == bindparam("of_session"),
        outcomes.c.participant == _old.c.by,
        outcomes.c.op_id == _old.c.op_id,
    )
    .values(digest=bindparam("forgotten", type_=Text))
    .cte("unguessable"),
)
"""Takes away the content of the events of a type that are not among the newest that are kept."""

RECALL: Final = select(outcomes.c.digest, outcomes.c.reply).where(
    outcomes.c.session_id == bindparam("session_id"),
    outcomes.c.participant == bindparam("participant"),
    outcomes.c.op_id == bindparam("op_id"),
)
"""How an operation ended."""

CREATED: Final = select(creations.c.session_id, creations.c.digest).where(creations.c.key_hash == bindparam("key_hash"))
"""What was made under a key."""

DUE: Final = (
    select(sessions.c.id)
    .where(
        sessions.c.ended.is_(None),
        sessions.c.expires_at <= bindparam("now"),
        sessions.c.id != all_(bindparam("left_out", type_=ARRAY(Text))),
    )
    .order_by(sessions.c.expires_at)
    .limit(bindparam("most", type_=Integer))
)
"""Sessions whose time is over and that nobody has ended yet."""

TIMED: Final = (
    select(due.c.session_id)
    .join(sessions, sessions.c.id == due.c.session_id)
    .where(
        due.c.next_at <= bindparam("now"),
        sessions.c.ended.is_(None),
        due.c.session_id != all_(bindparam("left_out", type_=ARRAY(Text))),
    )
    .order_by(due.c.next_at)
    .limit(bindparam("most", type_=Integer))
)
"""Sessions in which something is due."""

PURGE: Final = (
    delete(sessions)
    .where(
        sessions.c.id.in_(
            select(sessions.c.id)
            .where(or_(sessions.c.ended_at <= bindparam("ended_before"), sessions.c.ended_at > bindparam("ahead")))
            .order_by(sessions.c.ended_at)
            .limit(bindparam("most", type_=Integer))
            .with_for_update(skip_locked=True)  # several processes may purge at once
        )
    )
    .returning(sessions.c.id)
)
"""Deletes what ended long enough ago, or by a clock that was ahead; the rest follows by cascade."""

_made: Final = insert(sessions).values(_bound(*sessions.c)).returning(sessions.c.id).cte("made")

INSERT: Final = select(_made.c.id).add_cte(
    _hanging(participants, _made).cte("people"),
    _hanging(events, _made).cte("history"),
    _hanging(creations, _made).cte("keys"),
    _hanging(due, _made).cte("timed"),
)
"""A new session with its people, its first events, the key it was made under, and when something is due in it."""

_fenced: Final = (
    update(sessions)
    .where(
        sessions.c.id == bindparam("base_id"),  # an update sets the columns that parameters are named like
        sessions.c.epoch == bindparam("base_epoch"),
        sessions.c.offset == bindparam("base_offset"),
        sessions.c.ended.is_(None),
    )
    .values(_bound(*(sessions.c[name] for name in CHANGING)))
    .returning(sessions.c.id)
    .cte("fenced")
)
_people = _hanging(participants, _fenced)

_SCRUBBED: Final = any_(bindparam("scrubbed", type_=ARRAY(BigInteger)))

APPEND: Final = select(_fenced.c.id).add_cte(
    _people.on_conflict_do_update(
        constraint=participants.primary_key,
        set_={each.name: _people.excluded[each.name] for each in _PERSON if each.name != "id"},
    ).cte("people"),
    delete(participants)
    .where(
        participants.c.session_id == _fenced.c.id,
        participants.c.id == any_(bindparam("gone", type_=ARRAY(Integer))),
    )
    .cte("gone"),
    _hanging(events, _fenced).cte("history"),
    _hanging(outcomes, _fenced).cte("memory"),
)
"""What follows from a session as it was: no row in the answer, and nothing written, where it has moved on.

A second append waits for the first one's row lock, then sees the new offset and writes nothing; so offsets have neither
holes nor doubles.
"""

_scrub: Final = (
    update(events)
    .where(events.c.session_id == _fenced.c.id, events.c.offset == _SCRUBBED)
    .values(data=literal_column("'null'::jsonb"))
    .cte("scrubbed"),
    # The fingerprint of a short text gives the text away.
    update(outcomes)
    .where(
        outcomes.c.session_id == _fenced.c.id,
        events.c.session_id == _fenced.c.id,
        events.c.offset == _SCRUBBED,
        outcomes.c.participant == events.c.by,
        outcomes.c.op_id == events.c.op_id,
    )
    .values(digest=bindparam("forgotten", type_=Text))
    .cte("forgotten"),
)
_timed = _hanging(due, _fenced)
_time: Final = _timed.on_conflict_do_update(constraint=due.primary_key, set_={"next_at": _timed.excluded.next_at}).cte(
    "timed"
)

APPENDS: Final = {
    (scrubs, times): APPEND.add_cte(*(_scrub if scrubs else ()), *((_time,) if times else ()))
    for scrubs in (False, True)
    for times in (False, True)
}
"""The same; it also takes away the content of the events at the offsets `scrubbed`, and notes when something is due."""

_event: Final = [each for each in events.c if each.name != "session_id"]
_given = (
    func.jsonb_to_recordset(bindparam("ends", type_=JSONB))
    .table_valued(
        column("session_id", Text),
        column("epoch", BigInteger),
        column("base_offset", BigInteger),
        column("ended", Text),
        *(column(each.name, each.type) for each in _event),
    )
    .render_derived(name="given", with_types=True)
)
_ends: Final = select(*_given.c).cte("ends")

# In the order of ids, and without those that somebody else writes at this moment: two that end the same sessions at
# once neither wait for each other nor block each other.
_open: Final = (
    select(sessions.c.id)
    .join(_ends, _ends.c.session_id == sessions.c.id)
    .where(
        sessions.c.epoch == _ends.c.epoch,
        sessions.c.offset == _ends.c.base_offset,
        sessions.c.ended.is_(None),
    )
    .order_by(sessions.c.id)
    .with_for_update(of=sessions, skip_locked=True)
    .cte("open")
)
_closed: Final = (
    update(sessions)
    .where(sessions.c.id == _open.c.id, _ends.c.session_id == _open.c.id)
    .values(offset=_ends.c.offset, ended=_ends.c.ended, ended_at=_ends.c.at)
    .returning(sessions.c.id)
    .cte("closed")
)

END: Final = select(_closed.c.id).add_cte(
    insert(events)
    .from_select(
        ["session_id", *(each.name for each in _event)],
        select(_ends.c.session_id, *(_ends.c[each.name] for each in _event)).join(
            _closed, _closed.c.id == _ends.c.session_id
        ),
        include_defaults=False,
    )
    .cte("history")
)
"""The ends of many sessions, each fenced like an append; nothing is written of those that are not as they were."""
