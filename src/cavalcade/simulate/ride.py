"""Riders as real clients: each with a connection of their own, all moved by one clock."""

import asyncio
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from random import Random
from typing import Final

import httpx

from cavalcade.client import (
    Change,
    ChangesMissed,
    ClientError,
    Closed,
    ConnectionChanged,
    ConnectionState,
    ErrorCode,
    Fix,
    LiveSession,
    Membership,
    PlaceKind,
    PositionsReceived,
    Post,
    Rejected,
    Watch,
    join_session,
)
from cavalcade.client.clock import epoch_ms
from cavalcade.domain.features.regroup import standing
from cavalcade.domain.model import Role
from cavalcade.simulate.convoy import Convoy, Rider
from cavalcade.simulate.receiver import Receiver
from cavalcade.simulate.regrouping import RADIUS_M, Regrouping, Times
from cavalcade.simulate.route import Route
from cavalcade.simulate.statistics import Statistics
from cavalcade.wire.messages import Mode

NAMES: Final = (
    "Ada", "Bruno", "Carla", "Dario", "Elif", "Femi", "Greta", "Hugo", "Ines", "Jonas", "Kaia", "Liam", "Mina",
    "Noor", "Oskar", "Priya", "Quinn", "Rosa", "Sami", "Tove", "Uma", "Viktor", "Wanda", "Xavier", "Yara", "Zeno",
)  # fmt: skip

JOIN_WITHIN_S: Final = 30.0
LEAVE_WITHIN_S: Final = 5.0
MEET_WITHIN_S: Final = 900.0
"""A call that nobody ends and to which not all come is given up."""

JOINS_AT_ONCE: Final = 8
LATEST_SEND_S: Final = 0.08
"""Phones report just after the top of a second, all at nearly the same moment."""


class RideError(Exception):
    """The ride cannot take place; the message is fit for a person."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a ride is to be.

    Attributes:
        routes: The riders are spread over them evenly, each route with a convoy of its own.
        riders: How many.
        speed: How many times faster than real riders they move.
        seed: The same one gives the same ride.
        mode: How positions travel.
        regroups: When the first of them, who then leads, calls all of the first route together; None for never. Their
            clients then judge as phones do, so that they say themselves who has arrived.
    """

    routes: Sequence[Route]
    riders: int
    speed: float = 1.0
    seed: int = 1
    mode: Mode = "binary"
    regroups: Times | None = None


@dataclass(slots=True)
class _Seat:
    """One rider to be: his number, his motorcycle and his phone."""

    number: int
    convoy: Convoy
    rider: Rider
    receiver: Receiver


@dataclass(slots=True)
class _Participant:
    """A rider who is in the session, what they judge, and the fixes that have not come back to them yet."""

    seat: _Seat
    session: LiveSession
    watch: Watch | None
    under_way: deque[tuple[int, float]] = field(default_factory=lambda: deque(maxlen=32))


class Ride:
    """Lets riders join a session, moves them until told to stop, and lets them leave."""

    def __init__(self, plan: Plan) -> None:
        """Prepares a ride.

        Args:
            plan: What it is to be.
        """
        self.statistics = Statistics(plan.riders)
        self.over: str | None = None
        """Why the session ended for the riders, where it did."""
        self._plan = plan
        self._random = Random(plan.seed)  # noqa: S311 - a ride that can be repeated, no secret
        self._convoys: list[Convoy] = []
        self._participants: list[_Participant] = []
        self._stop = asyncio.Event()
        self.regrouping: Regrouping | None = None
        """Who is called where, and who is missing."""
        self._meeting: asyncio.Task[None] | None = None

    def stop(self) -> None:
        """Ends the ride soon: all riders leave."""
        self._stop.set()

    async def run(self, place: str | tuple[str, str], host: Membership | None = None) -> None:
        """Rides until `stop`, or until the session is over for all.

        Args:
            place: The link, or the server and the code.
            host: The membership of the session's host, who then is the first rider.

        Raises:
            RideError: The session cannot be joined.
        """
        gate = asyncio.Semaphore(JOINS_AT_ONCE)
        problem: str | None = None
        try:
            async with httpx.AsyncClient(timeout=10.0) as http, asyncio.TaskGroup() as group:
                riders = [
                    group.create_task(self._take_part(seat, place, host if seat.number == 0 else None, gate, http))
                    for seat in self._seats()
                ]
                others = [
                    group.create_task(self._cancel_when_stopped(riders)),
                    group.create_task(self._keep_moving()),
                ]
                await asyncio.wait(riders)
                for task in (*others, *([] if self._meeting is None else [self._meeting])):
                    task.cancel()
        except* (ClientError, Rejected, ValueError, RideError) as errors:
            problem = _plain(errors)  # what is raised in here comes out as a group in Python 3.11.2
        if problem is not None:
            raise RideError(problem)

    def _seats(self) -> Iterator[_Seat]:
        """Shares the riders out among the routes, one convoy on each."""
        plan, number = self._plan, 0
        count = min(len(plan.routes), plan.riders)
        for index, route in enumerate(plan.routes[:count]):
            convoy = Convoy(route, plan.riders // count + (index < plan.riders % count), self._random)
            self._convoys.append(convoy)
            for rider in convoy.riders:
                phone = Receiver(Random(self._random.random()))  # noqa: S311 - see above
                yield _Seat(number, convoy, rider, phone)
                number += 1

    async def _cancel_when_stopped(self, riders: Sequence[asyncio.Task[None]]) -> None:
        await self._stop.wait()
        for rider in riders:
            rider.cancel()

    async def _take_part(
        self,
        seat: _Seat,
        place: str | tuple[str, str],
        membership: Membership | None,
        gate: asyncio.Semaphore,
        http: httpx.AsyncClient,
    ) -> None:
        """Joins, rides, and leaves when the session is over or the task is cancelled."""
        async with gate:
            membership = membership or await _join_patiently(place, rider_name(seat.number), http)
            session = LiveSession(membership, mode=self._plan.mode)
            session.start()
            try:
                await session.joined(JOIN_WITHIN_S)
            except BaseException:
                await _leave(session)
                raise
        try:
            if session.me is not None and session.me.role is Role.VIEWER:
                raise RideError("this is a viewer's link: riders need the link for members")
            watch = Watch(session) if self._plan.regroups is not None else None
            participant = _Participant(seat, session, watch)
            self._participants.append(participant)
            await self._watch(participant)
        finally:
            await _leave(session)

    async def _watch(self, participant: _Participant) -> None:
        self.statistics.connected += 1
        connected = True
        loop = asyncio.get_running_loop()
        while participant.session.closed is None:
            with suppress(ChangesMissed):
                async for change in participant.session.changes():
                    if isinstance(change, ConnectionChanged):
                        now_connected = change.state is ConnectionState.JOINED
                        self.statistics.connected += now_connected - connected
                        connected = now_connected
                    else:
                        self._count(participant, change, loop.time())

    def _count(self, participant: _Participant, change: Change, moment: float) -> None:
        if isinstance(change, Closed):
            self.over = change.reason
        elif isinstance(change, PositionsReceived):
            self.statistics.received += len(change.positions)
            own = change.positions.get(participant.session.membership.participant)
            while own is not None and participant.under_way and participant.under_way[0][0] <= own.fix_time:
                fix_time, sent_at = participant.under_way.popleft()
                if fix_time == own.fix_time:
                    self.statistics.echo(moment - sent_at)

    async def _keep_moving(self) -> None:
        """Moves everybody once a second, at its top, as receivers do."""
        loop = asyncio.get_running_loop()
        before = loop.time()
        while True:
            await asyncio.sleep(1 - epoch_ms() % 1000 / 1000)
            elapsed, before = loop.time() - before, loop.time()
            for convoy in self._convoys:
                # After the machine slept, the riders have not ridden all night.
                convoy.advance(min(elapsed, 10.0) * self._plan.speed)
            self._regroup(min(elapsed, 10.0))
            fix_time = epoch_ms() // 1000 * 1000
            for participant in self._participants:
                seat = participant.seat
                if self.regrouping is not None and self.regrouping.is_silent(seat.rider):
                    continue
                motion = seat.convoy.motion(seat.rider)
                faster = replace(motion, speed=motion.speed * self._plan.speed)
                fix = seat.receiver.observe(faster, fix_time, elapsed)
                if fix is not None:
                    loop.call_later(self._random.uniform(0, LATEST_SEND_S), self._send, participant, fix)

    def _regroup(self, seconds: float) -> None:
        """Calls the riders together when it is time, and lets them ride on when the call is over."""
        lead = next((one for one in self._participants if one.seat.number == 0), None)
        if self._plan.regroups is None or lead is None or len(self._participants) < self._plan.riders:
            return
        if self.regrouping is None:
            self.regrouping = Regrouping(self._convoys[0], self._random, self._plan.regroups)
        if self._meeting is not None and self._meeting.done():
            self._meeting = None
            self.regrouping.end()
        where = self.regrouping.advance(seconds)
        if where is not None:
            self._meeting = asyncio.create_task(_meet(lead.session, where))

    def _send(self, participant: _Participant, fix: Fix) -> None:
        if participant.session.closed is not None or self._stop.is_set():
            return
        shared = participant.session.report(fix)
        if shared is not None and shared.fix_time is not None:
            if participant.watch is not None:
                participant.watch.take(shared)
            participant.under_way.append((shared.fix_time, asyncio.get_running_loop().time()))
            self.statistics.sent += 1


def rider_name(number: int) -> str:
    """The name of the rider with this number, from 0."""
    name = NAMES[number % len(NAMES)]
    return name if number < len(NAMES) else f"{name} {number // len(NAMES) + 1}"


async def _join_patiently(place: str | tuple[str, str], name: str, http: httpx.AsyncClient) -> Membership:
    """Joins, and waits where the server says that too many do."""
    while True:
        try:
            return await join_session(place, name=name, http=http)
        except Rejected as refusal:
            if refusal.code is not ErrorCode.TOO_MANY_REQUESTS:
                raise
            await asyncio.sleep(refusal.retry_after_s)


async def _meet(session: LiveSession, where: tuple[float, float]) -> None:
    """Takes the lead, calls the group to a place, and takes the place away once the call is over or refused."""
    with suppress(ClientError, Rejected, TimeoutError):
        if session.me is not None:
            await session.set_post(Post.LEAD, session.me.id)
        place = await session.add_place(PlaceKind.MEET, where, radius_m=RADIUS_M)
        try:
            offset = await session.call_regroup(place)
            await session.wait_for(lambda live: live.state.offset >= offset, JOIN_WITHIN_S)
            await session.wait_for(lambda live: standing(live.state) is None, MEET_WITHIN_S)
        finally:
            await session.remove_place(place)


async def _leave(session: LiveSession) -> None:
    try:
        if session.closed is None:
            with suppress(ClientError, Rejected, TimeoutError):
                async with asyncio.timeout(LEAVE_WITHIN_S):
                    await session.leave()
    finally:
        await session.close()


def _plain(error: BaseException) -> str:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, Rejected):
        return _REFUSALS.get(error.code, f"the server refused: {error}")
    return str(error)


_REFUSALS: Final = {
    ErrorCode.SESSION_NOT_FOUND: "this session does not exist or is over",
    ErrorCode.SESSION_FULL: "this session is full; use fewer riders",
    ErrorCode.UNAVAILABLE: "the server is not available now; try again in a moment",
}
