"""Judging a live session: one is asked when one stopped, hears of hazards, and the group hears what it must."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from cavalcade.client.changes import ConnectionState
from cavalcade.client.errors import SessionOver, Withdrawn
from cavalcade.client.live_session import LiveSession
from cavalcade.client.motion.judging import Memory, answer, concerns_me, judge
from cavalcade.client.motion.riding import is_passenger, is_riding, say_passenger
from cavalcade.client.motion.scene import NORMAL, Person, Scene, Sensitivity
from cavalcade.client.motion.silence import is_hole
from cavalcade.client.place_rules.board import Board
from cavalcade.client.place_rules.judging import PlaceFindings, PlaceMemory, judge_places
from cavalcade.client.place_rules.scene import PlaceScene
from cavalcade.client.place_rules.where_one_was import keep, where_one_was
from cavalcade.domain.errors import Rejected
from cavalcade.domain.feature import Command
from cavalcade.domain.features.alerts import RaiseAlert, RecentAlerts
from cavalcade.domain.features.places import Place, find, places
from cavalcade.domain.features.posts import PersonPost
from cavalcade.domain.features.regroup import PlaceRegroup, standing
from cavalcade.domain.features.statuses import PersonStatus, SetStatus
from cavalcade.domain.fix import Fix
from cavalcade.domain.model import SessionState

LOOK_S: Final = 1.0


class Watch:
    """What one participant judges while a session is open, as the page and the app do.

    It ends one's own status once one rides on, raises alerts, says when one is to be asked whether all is well and when
    a hazard lies ahead, calls the roll where the group meets, and says where the lead stopped. A program that only
    moves a position needs none. All methods are for the event loop's own thread.
    """

    def __init__(
        self,
        session: LiveSession,
        *,
        on_question: Callable[[], None] = lambda: None,
        on_hazard: Callable[[Place], None] = lambda _: None,
        sensitivity: Sensitivity = NORMAL,
    ) -> None:
        """Begins to judge with the first look.

        Args:
            session: What is judged.
            on_question: Called when `is_asking` has changed.
            on_hazard: Called with a hazard that one comes to, once.
            sensitivity: How soon one is asked, and told to be behind.
        """
        self.sensitivity = sensitivity
        self._session = session
        self._on_question = on_question
        self._on_hazard = on_hazard
        self._memory = Memory()
        self._places = PlaceMemory()
        self._fix: Fix | None = None
        self._recent: tuple[Fix, ...] = ()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def is_asking(self) -> bool:
        """One stopped, and is to be asked whether all is well."""
        return self._memory.is_asking

    @property
    def board(self) -> Board | None:
        """Who is where the group meets, by the last look; None where it does not meet."""
        return self._places.board

    @property
    def where_one_was(self) -> tuple[float, float] | None:
        """Where one was 3 s ago, in degrees: there is what one marks now. None where that is not known."""
        return where_one_was(self._recent, self._session.now()) if self._session.is_sharing else None

    @property
    def is_riding(self) -> bool:
        """One rides now."""
        return is_riding(self._memory.riding, self._session.now())

    @property
    def is_passenger(self) -> bool:
        """One said that somebody else rides; ends by itself after 10 minutes without riding."""
        return is_passenger(self._memory.riding, self._session.now())

    def say_passenger(self) -> None:
        """One says that somebody else rides."""
        self._memory = replace(self._memory, riding=say_passenger(self._memory.riding, self._session.now()))

    def answer(self) -> None:
        """The question was answered."""
        self._memory = answer(self._memory)
        self._on_question()

    def take(self, fix: Fix, now: int | None = None) -> None:
        """Takes a fix as `LiveSession.report` gave it back, and looks.

        Args:
            fix: Its time is on the server's clock.
            now: ms since the epoch; None for now.
        """
        self._fix = fix
        self._recent = keep(self._recent, fix)
        self.look(now)

    def look(self, now: int | None = None) -> None:
        """Looks at the session, and asks the server for what follows.

        Args:
            now: ms since the epoch; None for now.
        """
        scene = self._scene(now)
        if scene is None:
            return
        was_asking, last = self.is_asking, self._memory.riding.last
        self._memory, findings = judge(self._memory, scene)
        state = self._session.state
        there = PlaceScene(scene, places(state), standing(state))
        self._places, found = judge_places(self._places, there, self._memory.riding, last=last)
        if findings.ends_status or found.ends_status:
            self._ask(SetStatus())
        for kind, who in findings.alerts:
            self._ask(RaiseAlert(kind, None if who == scene.me else who))
        self._follow_places(found, scene.me)
        if self.is_asking is not was_asking:
            self._on_question()

    def concerns_me(self, participant: int) -> bool:
        """Whether an alert about somebody is for oneself: for lead and sweep, or else the host and the last rider."""
        scene = self._scene(None)
        return scene is not None and concerns_me(scene, participant)

    def is_hole(self, participant: int) -> bool:
        """Whether somebody's silence is that of a place where others fell silent too."""
        scene = self._scene(None)
        return scene is not None and is_hole(self._memory.silence, scene, participant)

    async def run(self) -> None:
        """Looks once a second, until the session is over."""
        while self._session.closed is None:
            self.look()
            await asyncio.sleep(LOOK_S)

    def _follow_places(self, found: PlaceFindings, me: int) -> None:
        for kind, who, place in found.alerts:
            self._ask(RaiseAlert(kind, None if who == me else who, place=place))
        if found.stop is not None:
            self._ask(PlaceRegroup(*found.stop))
        for hazard in found.hazards:
            there = find(self._session.state, hazard)
            if there is not None:
                self._on_hazard(there)

    def _ask(self, command: Command) -> None:
        task = asyncio.create_task(self._settle(command))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _settle(self, command: Command) -> None:
        try:
            await self._session.ask(command)
        except (Rejected, SessionOver, Withdrawn):
            return  # the next look finds what still holds

    def _scene(self, now: int | None) -> Scene | None:
        session = self._session
        try:
            state = session.state
        except LookupError:
            return None
        alerts = state.features.of(RecentAlerts).recent
        is_listening = session.connection is ConnectionState.JOINED
        moment = session.now() if now is None else now
        return Scene(
            moment, session.membership.participant, self._people(state), is_listening, alerts, self.sensitivity
        )

    def _people(self, state: SessionState) -> list[Person]:
        session, me = self._session, self._session.membership.participant
        people = []
        for who, one in state.participants.items():
            status = one.features.of(PersonStatus)
            position = session.positions.get(who)
            fix = None if position is None else position.to_fix()
            if who == me:
                # What one shares oneself is known before the server has told it.
                fix = self._fix if session.is_sharing else None
            people.append(
                Person(
                    who, one.role, one.features.of(PersonPost).post, status.status, status.since,
                    is_connected=who == me or who in session.present, fix=fix, is_sharing=one.sharing,
                )
            )  # fmt: skip
        return people
