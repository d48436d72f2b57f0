"""The people of one session, who ride, stand still, change their names, pause, come and go, and note all they see."""

import asyncio
import contextlib
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Final, Self

import httpx

from cavalcade.client import (
    ClientError,
    Fix,
    Membership,
    Rejected,
    create_session,
    fetch_session,
    find_nearby,
    join_session,
    leave_session,
)
from cavalcade.wire.messages import Mode
from testbed.checking.checker import check
from testbed.checking.findings import Finding, Rule
from testbed.checking.history import OVER_HTTP, Admission, Ask, Cause, Kept, SessionHistory
from testbed.crowd.recording import RecordingSession, moment

MODES: Final[tuple[Mode, Mode]] = ("binary", "json")
JOIN_WITHIN_S: Final = 30.0
FAR_M: Final = 50_000.0
"""The farthest that a call for those near by reaches; everybody in a crowd is nearer than that."""


@dataclass(frozen=True, slots=True)
class Habits:
    """What the people of a crowd do.

    Attributes:
        people: How many stay in the session, its host among them; at least 4.
        standing: How many of them report one position and no more.
        report_s: Seconds between the positions of somebody who rides.
        rename_s: Seconds between somebody's changes of name, on average.
        pause_s: For how long one of them pauses sharing, and then does not.
        guest_s: For how long a guest stays, until the next one comes.
    """

    people: int = 9
    standing: int = 2
    report_s: float = 0.5
    rename_s: float = 2.0
    pause_s: float = 1.5
    guest_s: float = 1.5


class Crowd:
    """One session and its people, all connected as a context manager begins, and gone as it ends."""

    def __init__(self, server: str, habits: Habits, *, number: int = 1, socket: str | None = None) -> None:
        """Prepares a crowd.

        Args:
            server: The base address for calls over HTTP.
            habits: What they do.
            number: Which of several crowds: it tells their positions apart, and what they do by chance.
            socket: The address of the socket, where it is not to be the one that the server names.
        """
        self._server, self._habits, self._number, self._socket = server, habits, number, socket
        self._random = Random(number)  # noqa: S311 - a crowd that can be repeated, no secret
        self._http = httpx.AsyncClient(timeout=10.0)
        self._sessions: list[RecordingSession] = []
        self._doing: list[asyncio.Task[None]] = []
        self._names = 0
        self.history: SessionHistory
        self.host: Membership

    async def __aenter__(self) -> Self:
        name = self._new_name()
        self.host = await create_session(self._server, host_name=name, http=self._http)
        state = (await fetch_session(self.host, http=self._http)).state
        assert state is not None
        self.history = SessionHistory(state.session, [Admission(name, self.host.participant)])
        others = [await self._join() for _ in range(self._habits.people - 1)]
        await asyncio.gather(*(self._connect(who) for who in (self.host, *others)))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.rest()
        await asyncio.gather(*(session.close() for session in self._sessions))
        await self._http.aclose()

    @property
    def sessions(self) -> Sequence[RecordingSession]:
        """Everybody who has connected."""
        return self._sessions

    def start(self) -> None:
        """Everybody begins to do what they do."""
        standing = self._habits.standing
        for index, session in enumerate(tuple(self._sessions)):
            if index == len(self._sessions) - 1:
                self._do(self._pause_and_resume(session))
                continue
            self._do(self._stand(session) if index < standing else self._ride(session))
            self._do(self._rename(session))
        self._do(self._welcome_guests())

    async def rest(self) -> None:
        """Nobody begins anything any more; what was asked for goes on until it is answered."""
        for task in self._doing:
            task.cancel()
        for result in await asyncio.gather(*self._doing, return_exceptions=True):
            if isinstance(result, BaseException) and not isinstance(result, asyncio.CancelledError):
                raise result
        self._doing.clear()

    async def welcome(self) -> None:
        """Somebody joins who stays."""
        await self._connect(await self._join())

    def judge(self, kept: Kept, causes: Sequence[Cause]) -> list[Finding]:
        """What is wrong, were this the end."""
        for session in self._sessions:
            with contextlib.suppress(LookupError):
                session.history.state = session.state
        return check(self.history, kept, causes, moment())

    async def compare_calls(self) -> list[Finding]:
        """What calls over HTTP answer otherwise than the socket has told; everybody must be at rest."""
        shown = dict(self._sessions[0].positions)  # the host's, who has been there all the time
        try:
            fetched = dict((await fetch_session(self.host, http=self._http)).positions)
            near = {each.participant for each in await find_nearby(self.host, FAR_M, http=self._http)}
        except (ClientError, Rejected) as error:
            return [Finding(Rule.UNANSWERED, self.host.participant, f"a call over HTTP: {error}", moment())]
        wrong = {
            "fetched": {who for who in {*fetched, *shown} if fetched.get(who) != shown.get(who)},
            "looked for near by": near ^ (shown.keys() - {self.host.participant}),
        }
        return [
            Finding(Rule.STALE, self.host.participant, f"{how} over HTTP, participants {sorted(whose)}", moment())
            for how, whose in wrong.items()
            if whose
        ]

    # What people do.

    async def _stand(self, session: RecordingSession) -> None:
        session.report(self._fix(session, 0))

    async def _ride(self, session: RecordingSession) -> None:
        await asyncio.sleep(self._random.uniform(0, self._habits.report_s))
        step = 0
        while True:
            step += 1
            session.report(self._fix(session, step))
            await asyncio.sleep(self._habits.report_s)

    async def _rename(self, session: RecordingSession) -> None:
        while True:
            await asyncio.sleep(self._random.uniform(0.5, 1.5) * self._habits.rename_s)
            await session.set_profile(name=self._new_name())

    async def _pause_and_resume(self, session: RecordingSession) -> None:
        step = 0
        while True:
            step += 1
            session.report(self._fix(session, step))
            await asyncio.sleep(self._habits.pause_s)
            await session.set_sharing(on=False)
            await asyncio.sleep(self._habits.pause_s)
            await session.set_sharing(on=True)

    async def _welcome_guests(self) -> None:
        """Guests, one after another, every second of whom leaves over HTTP."""
        by_http = False
        while True:
            by_http = not by_http
            with contextlib.suppress(ClientError, Rejected):  # the server was away for longer than the client tries
                guest = await self._connect(await self._join())
                guest.report(self._fix(guest, 0))
                await asyncio.sleep(self._habits.guest_s)
                if by_http:
                    asked = Ask(moment(), OVER_HTTP, "leave", {})
                    guest.history.asks.append(asked)  # it may be done, and only the answer never come
                    await leave_session(guest.membership, http=self._http)
                    asked.answered_at = moment()
                else:
                    await guest.leave()

    # How they do it.

    async def _join(self) -> Membership:
        admission = Admission(self._new_name())
        self.history.admissions.append(admission)
        assert self.host.code is not None
        membership = await join_session((self._server, self.host.code), name=admission.name, http=self._http)
        admission.participant = membership.participant
        return membership

    async def _connect(self, membership: Membership) -> RecordingSession:
        if self._socket is not None:
            membership = replace(membership, socket=self._socket)
        session = RecordingSession(membership, mode=MODES[membership.participant % 2])
        self._sessions.append(session)
        self.history.members.append(session.history)
        session.start()
        await session.joined(JOIN_WITHIN_S)
        return session

    def _do(self, work: Coroutine[object, object, None]) -> None:
        self._doing.append(asyncio.create_task(work))

    def _new_name(self) -> str:
        self._names += 1
        return f"Person {self._number} {self._names}"

    def _fix(self, session: RecordingSession, step: int) -> Fix:
        """A place that nobody else in any crowd is at."""
        return Fix(self._number + session.membership.participant / 1000, 10 + step / 10_000, accuracy=5.0)
