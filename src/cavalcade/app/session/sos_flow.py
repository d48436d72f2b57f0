"""One's own SOS from the first tap to its end, and what is known of those of others; no Flet."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, replace
from typing import Final

from cavalcade.app.session.sos import PUT_BACK, Side, Way, of_oneself, side_of, to_alarm, to_show, ways_in
from cavalcade.client import (
    Change,
    ClientError,
    EventReceived,
    Fix,
    LiveSession,
    PositionsReceived,
    Rejected,
    SessionOver,
    SosAnswer,
    SosKind,
    SosReason,
    StateReplaced,
    Withdrawn,
)
from cavalcade.client.pending_operations import PendingOperation
from cavalcade.domain.features.sos import RaiseSos, Sos, SosCleared, SosEnd, standing

COUNTDOWN_S: Final = 10


@dataclass(frozen=True, slots=True)
class Draft:
    """An SOS that nobody knows of yet.

    Attributes:
        kind: What is wrong.
        whom: For whom; None for oneself.
        seconds_left: Until it is raised.
    """

    kind: SosKind
    whom: int | None
    seconds_left: int


@dataclass(frozen=True, slots=True)
class Ended:
    """An SOS that somebody else ended.

    Attributes:
        sos: It, as it was last.
        reason: Why.
    """

    sos: Sos
    reason: SosEnd


class SosFlow:
    """What the SOS screen knows. It says no more than is so: what the server has not acknowledged is not sent.

    Attributes:
        is_open: Its owner wants the screen.
        draft: What counts down; None where nothing does.
        whom: For whom the next one would be; None for oneself.
        asks_whom: Everybody is shown, to be chosen from.
        is_refused: The last one was refused.
        alarms: How often somebody else's was to be heard or felt.
        ended: Those that somebody else ended, until that was read.
    """

    def __init__(
        self,
        live: LiveSession,
        *,
        operate: Callable[[Coroutine[None, None, int]], Awaitable[None]],
        keep: Callable[[], Awaitable[None]],
        spawn: Callable[[Coroutine[None, None, None]], asyncio.Task[None]],
        on_change: Callable[[], None],
        newest_fix: Callable[[], Fix | None],
        second_s: float = 1.0,
    ) -> None:
        """Begins with what an earlier run raised.

        Args:
            live: The connection.
            operate: Asks for an operation, and keeps it for the next run.
            keep: Keeps for the next run what waits now.
            spawn: Runs something in the background.
            on_change: Called when something to be drawn has changed.
            newest_fix: Where one is, as far as is known.
            second_s: How long a second of the countdown lasts.
        """
        self.draft: Draft | None = None
        self.whom: int | None = None
        self.asks_whom = False
        self.is_refused = False
        self.alarms = 0
        self.ended: tuple[Ended, ...] = ()
        self._live = live
        self._operate = operate
        self._keep = keep
        self._spawn = spawn
        self._on_change = on_change
        self._newest_fix = newest_fix
        self._second_s = second_s
        self._counting: asyncio.Task[None] | None = None
        self._taken_back: set[str] = set()
        self._stored = 0
        """The offset of the newest that the server has: its event may come a moment later."""
        self._seen: dict[int, int] = {}
        self._alarmed: dict[int, int] = {}
        self._known: dict[int, Sos] = {}
        self._ways: dict[int, Way] = {}
        self._look()
        # After a restart the screen is what it was.
        self.is_open = bool(self.pending or self.own)

    @property
    def open(self) -> Sequence[Sos]:
        """The SOS that stand."""
        try:
            return standing(self._live.state)
        except LookupError:
            return ()

    @property
    def own(self) -> Sequence[Sos]:
        """Those for oneself, or that one raised."""
        return of_oneself(self.open, self._me)

    @property
    def incoming(self) -> Sequence[Sos]:
        """Those of others that are to be answered now."""
        return to_show(self.open, self._me, self._seen)

    @property
    def pending(self) -> Sequence[PendingOperation]:
        """One's own that the server has not acknowledged."""
        return [
            one for one in self._live.resumption().operations
            if one.event == RaiseSos.operation and one.op_id not in self._taken_back
        ]  # fmt: skip

    @property
    def is_arriving(self) -> bool:
        """One was acknowledged, and the event that says so has not come yet."""
        try:
            return self._stored > self._live.state.offset
        except LookupError:
            return self._stored > 0

    @property
    def aside(self) -> Sequence[Sos]:
        """Those that stand and are not on the screen."""
        shown = [*self.incoming, *(self.own if self.is_open else ())]
        return [one for one in self.open if one not in shown]

    def side_of(self, sos: Sos) -> Side:
        """Where one is oneself, as seen from an SOS."""
        if sos.lat is None or sos.lon is None:
            return Side.UNKNOWN
        mine = self._live.positions.get(self._me)
        return side_of((sos.lat, sos.lon), self._ways.get(sos.participant), mine, self._live.now())

    def press(self) -> None:
        """The button was pressed: one's own, or the question what is wrong."""
        self.is_open = True
        self._on_change()

    def hold(self) -> None:
        """The button was held: it counts down without a further question, where nothing of one's own stands."""
        if self.draft is None and not self.own and not self.pending:
            self.begin(SosKind.OTHER)

    def close(self) -> None:
        """Shows the map again; what stands, stands."""
        self.is_open, self.whom, self.asks_whom, self.is_refused = False, None, False, False
        self._on_change()

    def ask_whom(self) -> None:
        """Somebody else needs it, perhaps."""
        self.asks_whom = True
        self._on_change()

    def choose_whom(self, participant: int | None) -> None:
        """For whom it is to be."""
        self.whom, self.asks_whom = participant, False
        self._on_change()

    def begin(self, kind: SosKind) -> None:
        """It is raised after ten seconds, unless that is cancelled."""
        self.cancel_draft()
        self.is_open, self.is_refused = True, False
        self.draft = Draft(kind, self.whom, COUNTDOWN_S)
        self._counting = self._spawn(self._count())
        self._on_change()

    def choose(self, kind: SosKind) -> None:
        """What is wrong, said while it counts down."""
        if self.draft is not None:
            self.draft = replace(self.draft, kind=kind)
            self._on_change()

    def cancel_draft(self) -> None:
        """Nothing is raised: nothing has left the device."""
        if self._counting is not None:
            self._counting.cancel()
        self._counting = self.draft = None
        self._on_change()

    async def cancel_pending(self) -> None:
        """Takes back what the server has not acknowledged. What it has all the same ends as a false alarm."""
        if not self._live.cancel_sos():
            self._taken_back |= {one.op_id for one in self.pending}
        if not self.own:
            self.close()
        self._on_change()
        await self._keep()  # or the next run would send it

    async def answer(self, sos: int, answer: SosAnswer) -> None:
        """Says what one does."""
        self._put_aside(sos)
        await self._operate(self._unless_over(sos, self._live.answer_sos(sos, answer)))

    async def clear(self, sos: int, reason: SosReason) -> None:
        """Ends one."""
        await self._operate(self._unless_over(sos, self._live.clear_sos(sos, reason)))

    def put_aside(self) -> None:
        """Shows the map. They stand in the notice, and come again where they are alarmed again."""
        for one in self.incoming:
            self._put_aside(one.sos)

    def show(self, sos: int) -> None:
        """Shows one again that was put aside, or one's own."""
        if any(one.sos == sos for one in self.own):
            self.is_open = True
        else:
            self._seen[sos] = PUT_BACK
        self._on_change()

    def forget_ended(self) -> None:
        """That they are over was read."""
        self.ended = ()
        self._on_change()

    def resume(self) -> None:
        """Waits for the answers to what an earlier run raised."""
        for one in self.pending:
            self._spawn(self._resume(one.op_id))

    def hear(self, change: Change) -> None:
        """Takes in what a live session tells."""
        if isinstance(change, PositionsReceived):
            self._ways |= ways_in(change.positions)
        elif isinstance(change, EventReceived):
            cleared = change.event.change
            if isinstance(cleared, SosCleared) and (sos := self._known.get(cleared.sos)) is not None:
                if change.event.by != self._me:
                    self.ended += (Ended(sos, cleared.reason),)
                if self._me in {sos.participant, sos.by} and not self.own and not self.pending:
                    self.close()
            self._look()
        elif isinstance(change, StateReplaced):
            self._look()

    @property
    def _me(self) -> int:
        return self._live.membership.participant

    def _look(self) -> None:
        """Looks at what stands, and alarms what is new."""
        self._known = {one.sos: one for one in self.open}
        for one in to_alarm(self.open, self._me, self._alarmed):
            self._alarmed[one.sos] = one.stage
            self.alarms += 1

    def _put_aside(self, sos: int) -> None:
        found = self._known.get(sos)
        if found is not None:
            self._seen[sos] = found.stage
        self._on_change()

    async def _count(self) -> None:
        while self.draft is not None and self.draft.seconds_left > 1:
            await asyncio.sleep(self._second_s)
            self.draft = replace(self.draft, seconds_left=self.draft.seconds_left - 1)
            self._on_change()
        await asyncio.sleep(self._second_s)
        draft, self.draft, self._counting = self.draft, None, None
        if draft is not None:
            await self._operate(self._raise(draft))
        self._on_change()

    async def _raise(self, draft: Draft) -> int:
        fix = self._newest_fix() if draft.whom is None else None
        place = None if fix is None else (fix.lat, fix.lon)
        return await self._follow(self._live.raise_sos(draft.kind, place=place, participant=draft.whom))

    async def _resume(self, op_id: str) -> None:
        await self._follow(self._live.answer_to(op_id))
        self._on_change()

    async def _follow(self, asked: Awaitable[int]) -> int:
        """Waits for what becomes of one. Returns its offset, 0 where there is none."""
        try:
            self._stored = await asked
        except (Withdrawn, SessionOver):
            return 0
        except (ClientError, Rejected):
            self.is_refused = True
            return 0
        return self._stored

    async def _unless_over(self, sos: int, asked: Awaitable[int]) -> int:
        """Waits for an operation about one; that it was over before is no error."""
        try:
            return await asked
        except Rejected:
            if any(one.sos == sos for one in self.open):
                raise
            return 0
