"""Making sessions, looking at them before joining, and letting people in: the same for both backends."""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from cavalcade.domain.audience import may_read
from cavalcade.domain.commands import Admission, Creation
from cavalcade.domain.errors import ErrorCode, Rejected
from cavalcade.domain.events import Event
from cavalcade.domain.features.chat import MessageSent, SessionChat
from cavalcade.domain.features.membership import Join
from cavalcade.domain.model import Limits, Participant, Role, SessionState
from cavalcade.domain.operations import Operation
from cavalcade.domain.session import decide, found, replay
from cavalcade.server.sessions.backend import Backend
from cavalcade.server.sessions.execution import marked
from cavalcade.storage.errors import Conflict, Unavailable
from cavalcade.storage.sessions import SessionStore
from cavalcade.storage.stored import Stored
from cavalcade.wire import codes

NOT_FOUND: Final = "This session does not exist or is over, or the link is incomplete."
_MEMBER, _VIEWER = "member code", "viewer code"
_TRIES: Final = 3

_NOBODYS_ID: Final = "----------"
_NOBODYS_HASH: Final = bytes(32)
"""Stand in where there is no session, so that the same work is done for any code; no secret has this hash."""


@dataclass(frozen=True, slots=True)
class Created:
    """A session that was made, with the codes that let others in."""

    state: SessionState
    participant: Participant
    code: str
    viewer_code: str


@dataclass(frozen=True, slots=True)
class Joined:
    """Somebody who was let in."""

    state: SessionState
    participant: Participant


class Sessions:
    """What the HTTP calls about sessions do, over the store and a backend."""

    def __init__(self, store: SessionStore, backend: Backend, limits: Limits, secrets: Sequence[str]) -> None:
        """Puts the parts together.

        Args:
            store: PostgreSQL.
            backend: Who owns live state.
            limits: The operator's bounds.
            secrets: The signing secrets, newest first.
        """
        self._store, self._backend, self._limits, self._secrets = store, backend, limits, tuple(secrets)

    async def create(self, creation: Creation, key: str | None, digest: str, now: int) -> Created:
        """Makes a session with its host in it.

        Args:
            creation: What was asked for.
            key: The call's `Idempotency-Key`: the same again gives the same session.
            digest: A fingerprint of the call's content.
            now: ms since the epoch.

        Raises:
            Rejected: `invalid_request` for a lifetime out of bounds, `op_id_reused`, `unavailable`; `session_not_found`
                and `unauthorized` where the call is a repetition and the session is over or its host has left.
        """
        for _ in range(_TRIES):
            empty = found(codes.new_session_id(), creation.name, creation.lifetime_s, now, self._limits)
            events = marked(decide(empty, Operation(None, creation.host), now, self._limits))
            state = replay(empty, events)
            secret, viewer_secret = self._new_secrets(key)
            stored = Stored(state, 1, codes.hash_secret(secret), codes.hash_secret(viewer_secret))
            key_hash = None if key is None else codes.hash_key(key)
            try:
                made_before = await self._store.insert(stored, events, key_hash=key_hash, digest=digest)
            except Conflict:
                continue  # the id is taken, or what the key made was purged just now
            except Unavailable as error:
                raise Rejected(ErrorCode.UNAVAILABLE, "The session cannot be stored right now.") from error
            if made_before is not None:
                return await self._created_before(made_before, key or "", now)
            session_id = state.session.id
            return Created(state, state.participants[1], f"{session_id}.{secret}", f"{session_id}.{viewer_secret}")
        raise Rejected(ErrorCode.UNAVAILABLE, "The session could not be made right now; try again.")

    async def admit(self, session_id: str, code: str, now: int) -> tuple[Stored, Role]:
        """Checks a code.

        Returns:
            The session, and as what the code lets in.

        Raises:
            Rejected: `session_not_found`, in the same way whatever is wrong with the code or its session;
                `unavailable`.
        """
        parsed = codes.parse_code(code)
        stored = await self._load(session_id if codes.is_session_id(session_id) else _NOBODYS_ID)
        given = codes.hash_secret(parsed[1] if parsed else "")
        is_member = hmac.compare_digest(given, stored.code_hash if stored else _NOBODYS_HASH)
        is_viewer = hmac.compare_digest(given, stored.viewer_hash if stored else _NOBODYS_HASH)
        right_session = parsed is not None and parsed[0] == session_id
        if stored is None or not right_session or not (is_member or is_viewer) or stored.state.is_over(now):
            raise Rejected(ErrorCode.SESSION_NOT_FOUND, NOT_FOUND)
        return stored, Role.MEMBER if is_member else Role.VIEWER

    async def join(self, known: Stored, role: Role, admission: Admission, key: str | None, digest: str) -> Joined:
        """Lets somebody in whose code was checked.

        Args:
            known: The session, as `admit` has read it.
            role: As what the code lets in.
            admission: What was asked for.
            key: The call's `Idempotency-Key`: the same again gives the same participant.
            digest: A fingerprint of the call's content.

        Raises:
            Rejected: `session_full`, `session_not_found`, `op_id_reused`, `unavailable`; `unauthorized` where the
                call is a repetition and its participant has left since.
        """
        command = Join(role, admission.name, admission.color)
        key_hash = None if key is None else codes.hash_key(key)
        operation = Operation(None, command, digest=digest, key_hash=key_hash)
        receipt = await self._backend.submit(known.state.session.id, operation, known)
        participant = receipt.state.participants.get(receipt.participant or 0)
        if participant is None:
            raise Rejected(ErrorCode.UNAUTHORIZED, "You have left this session.")
        return Joined(receipt.state, participant)

    async def member(self, session_id: str, participant: int, now: int) -> SessionState:
        """The session, for somebody who is in it.

        Raises:
            Rejected: `session_not_found`, `unauthorized` for somebody who left, `unavailable`.
        """
        stored = await self._load(session_id)
        if stored is None or stored.state.is_over(now):
            raise Rejected(ErrorCode.SESSION_NOT_FOUND, NOT_FOUND)
        if participant not in stored.state.participants:
            raise Rejected(ErrorCode.UNAUTHORIZED, "You are not in this session any more.")
        return stored.state

    async def messages(self, session_id: str, participant: int, before: int, limit: int, now: int) -> list[Event]:
        """The newest messages before an offset, newest first, as somebody who is in the session may read them.

        Raises:
            Rejected: As for `member`.
        """
        state = await self.member(session_id, participant, now)
        try:
            found = await self._store.newest_of_type(session_id, MessageSent, before, limit)
            shown = state.features.of(SessionChat).shown_from_before
            first = 0
            if shown is not None and found:
                first = await self._store.first_shown(session_id, MessageSent, participant, shown)
        except Unavailable as error:
            raise Rejected(ErrorCode.UNAVAILABLE, "The messages cannot be read right now.") from error
        return [
            event if event.offset >= first and may_read(event.audience, participant, state) else event.without_content()
            for event in found
        ]

    async def _created_before(self, session_id: str, key: str, now: int) -> Created:
        """The answer to a repeated creation: its secrets come out of the key again."""
        stored = await self._load(session_id)
        if stored is None or stored.state.is_over(now):
            raise Rejected(ErrorCode.SESSION_NOT_FOUND, NOT_FOUND)
        host = stored.state.participants.get(1)
        if host is None:
            raise Rejected(ErrorCode.UNAUTHORIZED, "You have left this session.")
        for signing in self._secrets:
            secret = codes.derived_secret(signing, _MEMBER, key)
            if hmac.compare_digest(codes.hash_secret(secret), stored.code_hash):
                viewer_secret = codes.derived_secret(signing, _VIEWER, key)
                return Created(stored.state, host, f"{session_id}.{secret}", f"{session_id}.{viewer_secret}")
        raise Rejected(ErrorCode.OP_ID_REUSED, "This Idempotency-Key was used before the server's secret changed.")

    def _new_secrets(self, key: str | None) -> tuple[str, str]:
        if key is None:
            return codes.new_secret(), codes.new_secret()
        signing = self._secrets[0]
        return codes.derived_secret(signing, _MEMBER, key), codes.derived_secret(signing, _VIEWER, key)

    async def _load(self, session_id: str) -> Stored | None:
        try:
            return await self._store.load(session_id)
        except Unavailable as error:
            raise Rejected(ErrorCode.UNAVAILABLE, "The session cannot be read right now.") from error
