"""The session store: sessions folded and as events, written by compare-and-set on (epoch, offset)."""

from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, Final, Self

from sqlalchemy import Executable, Row, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from cavalcade.domain.errors import ErrorCode, Rejected
from cavalcade.domain.events import Event
from cavalcade.domain.feature import Change
from cavalcade.domain.model import Participant, Role, Session, SessionState
from cavalcade.domain.session import effects, next_at
from cavalcade.storage import connection, statements
from cavalcade.storage.errors import Conflict
from cavalcade.storage.stored import FORGOTTEN, End, Outcome, Stored
from cavalcade.storage.tables import creations, outcomes, sessions
from cavalcade.wire.codec import decode_features, encode, encode_features
from cavalcade.wire.messages import event_from_dict, event_to_dict

__all__ = ["Conflict", "Outcome", "SessionStore", "Stored"]

_PING: Final = text("SELECT 1")
_NEVER: Final = 2**63 - 1
_NEVER_SO_MANY: Final = 2**31 - 1


class SessionStore:
    """All sessions in one PostgreSQL database, over a pool of connections.

    Every method raises `errors.Unavailable` where PostgreSQL is away. Reads are tried once more on a new connection
    when theirs breaks; writes are not, since they may have happened.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        """Takes over an engine of `connection.open_engine` that commits each statement; see `open`."""
        self._engine = engine

    @classmethod
    def open(cls, database_url: str, *, pool_size: int = 10) -> Self:
        """Prepares a store; it connects when it is first used.

        Args:
            database_url: `postgresql://...`; a Unix socket as `postgresql://user@/name?host=/directory`.
            pool_size: The most connections at once.
        """
        return cls(
            connection.open_engine(
                database_url,
                pool_size=pool_size,
                statement_timeout_s=connection.STATEMENT_TIMEOUT_S,
                autocommit=True,
            )
        )

    async def close(self) -> None:
        """Closes every connection."""
        await self._engine.dispose()

    @asynccontextmanager
    async def locked(self, session_id: str) -> "AsyncIterator[SessionStore]":
        """Keeps a session from changing until the caller is done; others wait to append, and then meet `Conflict`.

        Optimistic appends alone are not fair: of several processes the one that wrote last knows the newest state and
        is first again. Waiting for the row's lock is a queue.

        Args:
            session_id: Which; where there is none, nothing is locked.

        Yields:
            A store over the transaction that holds the lock. What it writes is committed when the block ends, and
            discarded where it ends with an exception.
        """
        with connection.translated():
            async with self._engine.connect() as connected:
                await connected.execution_options(isolation_level="READ COMMITTED")
                async with connected.begin():
                    await connected.execute(statements.LOCK, {"session_id": session_id})
                    yield _LockedStore(self._engine, connected)

    async def ping(self) -> None:
        """Asks PostgreSQL for a sign of life.

        Raises:
            Unavailable: There was none.
        """
        await self._read(_PING)

    async def insert(
        self, stored: Stored, events: Sequence[Event], *, key_hash: str | None = None, digest: str = ""
    ) -> str | None:
        """Stores a new session with its first events, all or nothing.

        Args:
            stored: The session, folded from `events`.
            events: From offset 1 on.
            key_hash: The hash of the `Idempotency-Key` that it is made under, remembered as long as the session.
            digest: The fingerprint of the call's content.

        Returns:
            None where it was stored; where the key is remembered already, the id of the session made under it, and
            nothing was stored.

        Raises:
            Rejected: `op_id_reused` where the key is remembered with another digest.
            Conflict: There is a session of this id already.
        """
        state = stored.state
        _check_order(0, events, state)
        keys = [] if key_hash is None else [{"key_hash": key_hash, "digest": digest}]
        parameters = {
            **_columns(state, events),
            "new_id": state.session.id,
            "new_code_hash": stored.code_hash,
            "new_viewer_hash": stored.viewer_hash,
            "new_epoch": stored.epoch,
            "new_created_at": state.session.created_at,
            "participants": [_person_row(person) for person in state.participants.values()],
            "events": [event_to_dict(event) for event in events],
            "creations": keys,
            "due": [] if (at := next_at(state)) is None else [{"next_at": at}],
        }
        try:
            await self._write(statements.INSERT, parameters)
        except IntegrityError as error:
            taken = {sessions.primary_key.name, creations.primary_key.name}
            if connection.violated_constraint(error) not in taken:
                raise
            return await self._made_before(key_hash, digest, error)
        return None

    async def load(self, session_id: str) -> Stored | None:
        """Reads a session, an ended one too as long as it is not purged; None where there is none."""
        return (await self.load_many([session_id])).get(session_id)

    async def load_many(self, session_ids: Collection[str]) -> dict[str, Stored]:
        """Reads sessions in one round trip, by id; those that there are not are left out."""
        rows = await self._read(statements.LOAD, {"session_ids": list(session_ids)})
        return {row.id: _stored(row) for row in rows}

    async def events_after(self, session_id: str, offset: int, limit: int = 1000) -> list[Event]:
        """Reads the events that follow an offset, in order, at most `limit` of them."""
        rows = await self._read(statements.EVENTS_AFTER, {"session_id": session_id, "after": offset, "most": limit})
        return _events(rows)

    async def newest_of_type(self, session_id: str, kind: type[Change], before: int, limit: int) -> list[Event]:
        """Reads the newest events of a type before an offset, newest first, of those that are kept; see `Change.most`.

        Args:
            session_id: Which session.
            kind: Which type.
            before: The offset.
            limit: The most at once.
        """
        parameters = {
            "of_session": session_id,
            "of_type": kind.type,
            "before": before,
            "most": limit,
            "newer": (kind.most or _NEVER_SO_MANY) - 1,
        }
        rows = await self._read(statements.NEWEST_OF_TYPE, parameters)
        return _events(rows)

    async def first_shown(self, session_id: str, kind: type[Change], participant: int, from_before: int) -> int:
        """From which offset on somebody is shown events of a type.

        Args:
            session_id: Which session.
            kind: Which type.
            participant: Who.
            from_before: How many of the newest from before their joining they are shown.
        """
        (row,) = await self._read(
            statements.FROM_BEFORE,
            {"of_session": session_id, "of_type": kind.type, "participant": participant, "shown": from_before},
        )
        return (row.hidden or 0) + 1 if from_before else row.joined or 0

    async def forget_old(self, session_id: str, kind: type[Change]) -> int:
        """Takes away the content of the events of a type beyond those that are kept, and returns of how many."""
        parameters = {"of_session": session_id, "of_type": kind.type, "newer": (kind.most or _NEVER_SO_MANY) - 1}
        return len(await self._write(statements.FORGET_OLD, {**parameters, "forgotten": FORGOTTEN}))

    async def append(
        self,
        base: Stored,
        events: Sequence[Event],
        after: SessionState,
        *,
        memory: tuple[int, str] | None = None,
        outcome: Outcome | None = None,
    ) -> None:
        """Stores what an operation led to, all or nothing; it is committed when this returns.

        The content of the events that are scrubbed by it is gone then.

        Args:
            base: The session that the operation was decided on.
            events: What was decided, from the base's offset + 1 on; none where nothing changed.
            after: The base's state with the events folded in.
            memory: Under what the outcome is remembered, as `Operation.memory`; None where it is not.
            outcome: What is remembered under it.

        Raises:
            Conflict: The session has another epoch or offset by now, is over or gone, or the operation is remembered
                already. Nothing was stored.
        """
        _check_order(base.state.offset, events, after)
        if any(offset > base.state.offset for event in events for offset in event.scrubs):
            raise ValueError("only events that are stored already can be scrubbed")
        remembered = []
        if memory is not None and outcome is not None:
            participant, op_id = memory
            remembered = [
                {"participant": participant, "op_id": op_id, "digest": outcome.digest, "reply": dict(outcome.reply)}
            ]
        parameters = {
            **_columns(after, events),
            "base_id": base.state.session.id,
            "base_epoch": base.epoch,
            "base_offset": base.state.offset,
            "participants": [_person_row(person) for person in _changed(base.state, after)],
            "gone": [person for person in base.state.participants if person not in after.participants],
            "events": [event_to_dict(event) for event in events],
            "outcomes": remembered,
        }
        if scrubbed := sorted({offset for event in events for offset in event.scrubs}):
            parameters |= {"scrubbed": scrubbed, "forgotten": FORGOTTEN}
        at = next_at(after)
        if times := at != next_at(base.state):
            parameters["due"] = [{"next_at": at}]
        try:
            written = await self._write(statements.APPENDS[bool(scrubbed), times], parameters)
        except IntegrityError as error:
            if connection.violated_constraint(error) == outcomes.primary_key.name:
                raise Conflict("the operation is remembered already") from error
            raise
        if not written:
            raise Conflict("the session has moved on")

    async def end(self, ends: Collection[End]) -> set[str]:
        """Stores the ends of sessions, all of them in one statement.

        Returns:
            The ids of those that have ended by this call. The others had another epoch or offset by now, were over or
            gone, or somebody else wrote them at this moment.
        """
        for end in ends:
            _check_order(end.base.state.offset, [end.event], end.after)
            if end.after.ended is None:
                raise ValueError("the event must end the session")
        rows = [
            {
                "session_id": end.base.state.session.id,
                "epoch": end.base.epoch,
                "base_offset": end.base.state.offset,
                "ended": end.after.ended,
                **event_to_dict(end.event),
            }
            for end in ends
        ]
        return {row.id for row in await self._write(statements.END, {"ends": rows})} if rows else set()

    async def recall(self, session_id: str, participant: int, op_id: str) -> Outcome | None:
        """Reads how an operation ended, if it is remembered; see `append`."""
        rows = await self._read(
            statements.RECALL, {"session_id": session_id, "participant": participant, "op_id": op_id}
        )
        return Outcome(rows[0].digest, rows[0].reply) if rows else None

    async def offsets(self, session_ids: Collection[str]) -> dict[str, tuple[int, int]]:
        """Reads where sessions stand: (epoch, offset) by id; those that are gone are left out."""
        rows = await self._read(statements.OFFSETS, {"session_ids": list(session_ids)})
        return {row.id: (row.epoch, row.offset) for row in rows}

    async def take_over(self, known: Collection[Stored]) -> dict[str, Stored]:
        """Makes the caller the only owner of sessions: each gets the next epoch, so that older owners cannot write.

        Args:
            known: The sessions as they were read.

        Returns:
            Those that were still so, with their new epoch, by id. Missing ones have moved on, are over or gone.
        """
        parameters = {
            "session_ids": [one.state.session.id for one in known],
            "epochs": [one.epoch for one in known],
            "offsets": [one.state.offset for one in known],
        }
        taken = {row.id for row in await self._write(statements.TAKE_OVER, parameters)}
        return {
            one.state.session.id: replace(one, epoch=one.epoch + 1) for one in known if one.state.session.id in taken
        }

    async def due(self, now: int, limit: int = 100, left_out: Collection[str] = ()) -> list[str]:
        """Finds sessions whose time is over at `now` (ms since the epoch) and that nobody has ended, oldest first."""
        rows = await self._read(statements.DUE, {"now": now, "most": limit, "left_out": list(left_out)})
        return [row.id for row in rows]

    async def timed(self, now: int, limit: int = 100, left_out: Collection[str] = ()) -> list[str]:
        """Finds sessions in which something is due at `now` (ms since the epoch), earliest first; see `next_at`."""
        rows = await self._read(statements.TIMED, {"now": now, "most": limit, "left_out": list(left_out)})
        return [row.session_id for row in rows]

    async def purge(self, ended_before: int, limit: int = 100, *, ahead: int | None = None) -> list[str]:
        """Deletes sessions that ended at or before a time (ms since the epoch) with all that belongs to them.

        Args:
            ended_before: The time.
            limit: The most at once.
            ahead: What ended after this time was ended by a clock that was ahead, and is deleted as well.

        Returns:
            The ids of those deleted by this call, at most `limit`.
        """
        rows = await self._write(
            statements.PURGE, {"ended_before": ended_before, "ahead": _NEVER if ahead is None else ahead, "most": limit}
        )
        return [row.id for row in rows]

    async def _made_before(self, key_hash: str | None, digest: str, error: IntegrityError) -> str:
        rows = await self._read(statements.CREATED, {"key_hash": key_hash})
        if not rows:  # also where what was made under the key has just been purged
            raise Conflict("there is a session of this id already") from error
        if rows[0].digest != digest:
            raise Rejected(ErrorCode.OP_ID_REUSED, "This Idempotency-Key was used for something else.") from error
        made: str = rows[0].session_id
        return made

    async def _read(self, statement: Executable, parameters: Mapping[str, object] | None = None) -> Sequence[Row[Any]]:
        with connection.translated():
            try:
                return await self._execute(statement, parameters)
            except DBAPIError as error:
                if not error.connection_invalidated:
                    raise
                return await self._execute(statement, parameters)

    async def _write(self, statement: Executable, parameters: Mapping[str, object]) -> Sequence[Row[Any]]:
        with connection.translated():
            return await self._execute(statement, parameters)

    async def _execute(self, statement: Executable, parameters: Mapping[str, object] | None) -> Sequence[Row[Any]]:
        async with self._engine.connect() as connected:
            return (await connected.execute(statement, parameters)).all()


class _LockedStore(SessionStore):
    """A store whose statements all run in one transaction."""

    def __init__(self, engine: AsyncEngine, connected: AsyncConnection) -> None:
        super().__init__(engine)
        self._connected = connected

    async def _execute(self, statement: Executable, parameters: Mapping[str, object] | None) -> Sequence[Row[Any]]:
        return (await self._connected.execute(statement, parameters)).all()


def _columns(state: SessionState, events: Sequence[Event]) -> dict[str, object]:
    """The parameters for `statements.CHANGING`."""
    return {
        "new_offset": state.offset,
        "new_name": state.session.name,
        "new_expires_at": state.session.expires_at,
        "new_time_asked_by": state.session.time_asked_by,
        "new_next_participant": state.next_participant,
        "new_max_participants": state.max_participants,
        "new_ended": state.ended,
        "new_ended_at": next((event.at for event in events if effects(event.change).ends is not None), None),
        "new_features": encode_features(state.features),
    }


def _person_row(person: Participant) -> dict[str, object]:
    return {"features": {}, **encode(person)}  # the wire leaves out what is empty


def _check_order(offset: int, events: Sequence[Event], after: SessionState) -> None:
    """Refuses a caller's mistake that would leave a hole in the order of offsets."""
    if [event.offset for event in events] != list(range(offset + 1, offset + 1 + len(events))):
        raise ValueError(f"the events do not follow offset {offset} without holes")
    if after.offset != offset + len(events):
        raise ValueError(f"the state at offset {after.offset} is not folded from the events after {offset}")


def _changed(before: SessionState, after: SessionState) -> Iterable[Participant]:
    for person in after.participants.values():
        old = before.participants.get(person.id)
        if old is not person and old != person:
            yield person


def _events(rows: Iterable[Row[Any]]) -> list[Event]:
    return [event_from_dict(dict(row._mapping)) for row in rows]  # noqa: SLF001 - SQLAlchemy's documented name


def _stored(row: Row[Any]) -> Stored:
    people = (
        Participant(number, name, initials, color, Role(role), sharing, joined_at, decode_features(features))
        for number, name, initials, color, role, sharing, joined_at, features in row.people
    )
    state = SessionState(
        Session(row.id, row.name, row.created_at, row.expires_at, row.time_asked_by),
        {person.id: person for person in people},
        offset=row.offset,
        next_participant=row.next_participant,
        max_participants=row.max_participants,
        ended=row.ended,
        mark=row.mark,
        features=decode_features(row.features),
    )
    return Stored(state, row.epoch, row.code_hash, row.viewer_hash)
