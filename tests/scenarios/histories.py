"""A machine that makes random histories of one session: operations, positions, cut ways and crashes.

The oracle is the domain's own `evolve`: whatever happened, the numbered events as a newcomer reads them must fold to
what every client has folded and to what HTTP says; each operation that was acknowledged must be among them once; and
everybody must see everybody's newest position.
"""

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, suppress
from functools import reduce
from typing import Any, Protocol, TypeVar

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from cavalcade.client import (
    ConnectionState,
    ErrorCode,
    Fix,
    LiveSession,
    Membership,
    Rejected,
    Unreachable,
    connect,
    create_session,
    fetch_session,
    join_session,
)
from cavalcade.client.clock import epoch_ms
from cavalcade.domain.events import Event
from cavalcade.domain.features.membership import ParticipantJoined
from cavalcade.domain.features.profile import ProfileChanged
from cavalcade.domain.features.settings import SessionChanged
from cavalcade.domain.model import SessionState
from cavalcade.domain.names import PALETTE
from cavalcade.domain.session import evolve
from cavalcade.wire.messages import events_from_list
from testbed.installations.proxy import Proxy
from tests.scenarios.people import through
from tests.scenarios.raw_socket import open_socket

MOST_PEOPLE = 5
AGREED_WITHIN_S = 20.0
"""What a fault may take to heal, and what the client's pauses between attempts add to it."""

DONE_WITHIN_S = 60.0
"""What anything that people do may take, with a crash in the midst of it and the start of a process after it."""

NOTHING, CUT, CRASH = "nothing", "cut", "crash"

_Result = TypeVar("_Result")


class World(Protocol):
    """An installation of one backend, and how it can be hurt."""

    http: str
    socket_port: int

    async def crash(self, chance: int) -> None:
        """Has something die, now or in the middle of what comes next; a chance from 0 to 99 says what."""


class Histories(RuleBasedStateMachine):
    """One session and its people; hypothesis chooses what they do. Runs in a thread beside the loop of the clients."""

    def __init__(self, world: World, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self.world, self.loop = world, loop
        self.stack = AsyncExitStack()
        self.people: dict[int, LiveSession] = {}
        self.wires: dict[int, Proxy] = {}
        self.places: dict[int, Fix] = {}
        self.names: list[str] = []
        self.extensions = 0
        self.numbers = itertools.count(1)
        self.beginning: SessionState
        self.host: Membership
        self.is_settled = False

    # What people do.

    @initialize(chance=st.integers(0, 99))
    def someone_makes_a_session(self, chance: int) -> None:
        self._do(self._begin())
        (host,) = self.people.values()
        self._through(CRASH, chance, [host], self._rename(host))  # so that no history is without one

    @precondition(lambda self: len(self.people) < MOST_PEOPLE)
    @rule(
        mode=st.sampled_from(["binary", "json"]),
        fault=st.sampled_from([NOTHING, NOTHING, NOTHING, CRASH]),
        chance=st.integers(0, 99),
    )
    def someone_joins(self, mode: Any, fault: str, chance: int) -> None:
        self._do(self._join(mode, fault, chance))

    @rule(
        who=st.integers(0, MOST_PEOPLE),
        how_many=st.integers(1, 3),
        fault=st.sampled_from([NOTHING, NOTHING, CUT, CUT, CRASH]),
        chance=st.integers(0, 99),
    )
    def some_take_new_names(self, who: int, how_many: int, fault: str, chance: int) -> None:
        people = self._some(who, how_many)
        self._through(fault, chance, people, *[self._rename(session) for session in people])

    @rule(who=st.integers(0, MOST_PEOPLE), on=st.booleans(), fault=st.sampled_from([NOTHING, CUT, CRASH]))
    def someone_pauses_or_resumes(self, who: int, on: bool, fault: str) -> None:
        (session,) = self._some(who, 1)
        if not on:
            self.places.pop(session.membership.participant, None)
        self._through(fault, who, [session], session.set_sharing(on=on))

    @rule(who=st.integers(0, MOST_PEOPLE), fault=st.sampled_from([NOTHING, CUT, CRASH]), chance=st.integers(0, 99))
    def someone_asks_for_time(self, who: int, fault: str, chance: int) -> None:
        (session,) = self._some(who, 1)
        self._through(fault, chance, [session], session.ask_time())

    @precondition(lambda self: self._host() is None)
    @rule(
        who=st.integers(0, MOST_PEOPLE),
        how_many=st.integers(1, MOST_PEOPLE),
        fault=st.sampled_from([NOTHING, CUT, CRASH]),
        chance=st.integers(0, 99),
    )
    def some_claim_the_hosts_role(self, who: int, how_many: int, fault: str, chance: int) -> None:
        people = self._some(who, how_many)
        self._through(fault, chance, people, *[self._claim(session) for session in people])
        assert self._host() in people

    @precondition(lambda self: self._host() is not None)
    @rule(fault=st.sampled_from([NOTHING, CUT, CRASH]), chance=st.integers(0, 99))
    def the_host_ends_it_and_begins_another(self, fault: str, chance: int) -> None:
        host = self._host()
        assert host is not None
        people = list(self.people.values())
        self._through(fault, chance, [host], host.end())
        self._do(self._all_have_heard_the_end(people))
        for rest in (self.people, self.wires, self.places, self.names):
            rest.clear()
        self.extensions = 0
        self._do(self._begin())

    @precondition(lambda self: self._host() is not None)
    @rule(fault=st.sampled_from([NOTHING, CUT, CRASH]), chance=st.integers(0, 99))
    def the_host_renames_and_extends(self, fault: str, chance: int) -> None:
        host = self._host()
        assert host is not None
        name = f"Trip {next(self.numbers)}"
        self.names.append(name)
        self.extensions += 1
        self._through(fault, chance, [host], host.rename(name), host.extend(1))

    @rule(
        who=st.integers(0, MOST_PEOPLE),
        how_many=st.integers(1, MOST_PEOPLE),
        fault=st.sampled_from([NOTHING, NOTHING, NOTHING, CUT, CRASH]),
        chance=st.integers(0, 99),
    )
    def some_move(self, who: int, how_many: int, fault: str, chance: int) -> None:
        people = self._some(who, how_many)
        self._through(fault, chance, people, *[self._move(session) for session in people])

    @rule(who=st.integers(0, MOST_PEOPLE), count=st.integers(1, 3))
    def someone_sends_kept_fixes(self, who: int, count: int) -> None:
        (session,) = self._some(who, 1)
        if self._shares(session):
            fixes = [self._fix() for _ in range(count)]
            self.places[session.membership.participant] = fixes[-1]
            assert self._do(session.send_fixes(fixes)) == count

    @precondition(lambda self: len(self.people) > 2)
    @rule(who=st.integers(0, MOST_PEOPLE), fault=st.sampled_from([NOTHING, CUT, CRASH]), chance=st.integers(0, 99))
    def someone_leaves(self, who: int, fault: str, chance: int) -> None:
        (session,) = self._some(who, 1)
        me = session.membership.participant
        self._through(fault, chance, [session], session.leave())
        del self.people[me]
        self.places.pop(me, None)

    # What must hold.

    @invariant()
    def everybody_agrees(self) -> None:
        if self.people and not self.is_settled:
            self._do(self._agree())
            self.is_settled = True

    def teardown(self) -> None:
        self._do(self.stack.aclose())

    def _do(self, work: Coroutine[Any, Any, _Result]) -> _Result:
        self.is_settled = False
        doing = asyncio.run_coroutine_threadsafe(work, self.loop)
        try:
            return doing.result(DONE_WITHIN_S)
        except TimeoutError:
            if doing.done():  # one of the work's own limits
                raise
            told = asyncio.run_coroutine_threadsafe(self._standing(), self.loop).result(DONE_WITHIN_S)
        raise AssertionError(f"not done within {DONE_WITHIN_S:.0f} s:\n{told}")

    async def _standing(self) -> str:
        """How everybody stands, and where every task does: what one needs to know of something that does not end."""
        people = [
            f"{who}: {session.connection}, at {session.state.offset}, waits for "
            f"{[operation.event for operation in session.resumption().operations]}"
            for who, session in self.people.items()
        ]
        tasks = [f"{task.get_name()}: {_where(task)}" for task in asyncio.all_tasks()]
        return "\n".join(people + tasks)

    def _through(self, fault: str, chance: int, people: Sequence[LiveSession], *work: Awaitable[object]) -> None:
        """Does things at once, and has a fault come between them and their answers."""

        async def act() -> None:
            if fault == CRASH:
                crash = asyncio.create_task(self.world.crash(chance))
                await asyncio.sleep(chance / 20_000)
            doing = [asyncio.ensure_future(one) for one in work]
            if fault == CUT:
                await asyncio.sleep(chance / 20_000)
                for session in people:
                    self.wires[session.membership.participant].drop()
            await asyncio.gather(*doing)
            if fault == CRASH:
                await crash

        self._do(act())

    async def _begin(self) -> None:
        self.host = await create_session(self.world.http, host_name="Host", lifetime_s=3600)
        await self._connect(self.host, "binary")
        (session,) = self.people.values()
        self.beginning = SessionState(session.state.session)

    async def _join(self, mode: Any, fault: str, chance: int) -> None:
        crash = asyncio.create_task(self.world.crash(chance)) if fault == CRASH else None
        await self._connect(await self._let_in(), mode)
        if crash is not None:
            await crash

    async def _let_in(self) -> Membership:
        """Joins over HTTP, as often as it takes: while a server is down nothing answers."""
        assert self.host.code is not None
        async with asyncio.timeout(AGREED_WITHIN_S):
            while True:
                name = f"Somebody {next(self.numbers)}"
                try:
                    membership = await join_session((self.world.http, self.host.code), name=name)
                except (Unreachable, Rejected) as error:  # perhaps they came in, and nobody was told
                    if isinstance(error, Rejected) and error.code is not ErrorCode.UNAVAILABLE:
                        raise
                    await asyncio.sleep(0.05)
                else:
                    self.names.append(name)
                    return membership

    async def _connect(self, membership: Membership, mode: Any) -> None:
        wire = await self.stack.enter_async_context(Proxy(self.world.socket_port))
        session = await self.stack.enter_async_context(connect(through(wire, membership), mode=mode))
        self.wires[membership.participant] = wire
        self.people[membership.participant] = session

    async def _rename(self, session: LiveSession) -> None:
        number = next(self.numbers)
        self.names.append(f"Name {number}")
        await session.set_profile(name=f"Name {number}", color=PALETTE[number % len(PALETTE)])

    async def _claim(self, session: LiveSession) -> None:
        """Asks for the host's role, which only the first gets."""
        with suppress(Rejected):
            await session.claim_host()

    async def _all_have_heard_the_end(self, people: Sequence[LiveSession]) -> None:
        for session in people:
            await _until(session, "hear the end", lambda one: one.closed is not None)
            assert session.closed is not None
            # People who had lost their connection find the session gone.
            assert session.closed.reason in {"ended", ErrorCode.SESSION_NOT_FOUND.value}
        with pytest.raises(Rejected) as refused:
            await fetch_session(self.host)
        assert refused.value.code in {ErrorCode.SESSION_NOT_FOUND, ErrorCode.UNAUTHORIZED}

    async def _move(self, session: LiveSession) -> None:
        if self._shares(session):
            fix = self._fix()
            self.places[session.membership.participant] = fix
            session.report(fix)

    def _host(self) -> LiveSession | None:
        for session in self.people.values():
            if session.state.host is not None:
                return self.people.get(session.state.host.id)
        return None

    @staticmethod
    def _shares(session: LiveSession) -> bool:
        return session.me is not None and session.me.sharing

    def _fix(self) -> Fix:
        number = next(self.numbers)
        return Fix(47.0 + number / 1000, 9.0, max(epoch_ms() - 1000 + number, 0))

    def _some(self, first: int, count: int) -> list[LiveSession]:
        """Some people, in a ring."""
        ring = list(self.people.values())
        return [ring[(first + number) % len(ring)] for number in range(min(count, len(ring)))]

    async def _agree(self) -> None:
        """Waits until all see the same, and holds it against the events."""
        sessions = list(self.people.values())
        for session in sessions:
            await _until(session, "be connected", lambda one: one.connection is ConnectionState.JOINED)
        history = await self._history(sessions[0].membership)
        assert [event.offset for event in history] == list(range(1, len(history) + 1))
        told = reduce(evolve, history, self.beginning)
        lats = {who: round(fix.lat * 1e7) for who, fix in self.places.items()}
        for session in sessions:
            await _until(session, f"reach {told.offset}", lambda one: one.state.offset >= told.offset)
            assert _shown(session.state) == _shown(told)
            await _until(session, f"see {lats}", _sees_exactly(lats))
            await _until(session, "see all present", lambda one: one.present == set(self.people))
        fetched = await fetch_session(sessions[0].membership)
        assert fetched.state is not None
        assert _shown(fetched.state) == _shown(told)
        given = _given_names(history)
        assert told.session.expires_at == self.beginning.session.expires_at + self.extensions * 1000
        for name in self.names:
            assert given.count(name) == 1, f"{name} was acknowledged and is {given.count(name)} times among the events"

    async def _history(self, membership: Membership) -> Sequence[Event]:
        """All events, as somebody who knows nothing is told them."""
        async with open_socket(membership) as raw:
            status, reply = await raw.ask("phx_join", {"offset": 0})
            while status != "ok":  # a crash that waited for somebody to join
                assert reply["retry"], reply
                status, reply = await raw.ask("phx_join", {"offset": 0})
            assert isinstance(reply["events"], list)
            return events_from_list(reply["events"])


async def _until(session: LiveSession, what: str, condition: Callable[[LiveSession], bool]) -> None:
    """Waits for something that must come about, and says what did not."""
    try:
        await session.wait_for(condition, AGREED_WITHIN_S)
    except TimeoutError:
        lats = {who: where.lat for who, where in session.positions.items()}
        known = f"{session.connection}, at {session.state.offset}, sees {lats} and {set(session.present)}"
        raise AssertionError(f"{session.membership.participant} did not {what}: {known}") from None


def _where(task: asyncio.Task[Any]) -> str:
    """The coroutines that a task stands in, from the outermost on, with their lines."""
    places = []
    inner: Any = task.get_coro()
    while (frame := getattr(inner, "cr_frame", None)) is not None:
        places.append(f"{frame.f_code.co_qualname}:{frame.f_lineno}")
        inner = inner.cr_await
    return ", ".join(places)


def _shown(state: SessionState) -> tuple[object, ...]:
    """What a snapshot shows of a state."""
    return state.session, dict(state.participants), state.offset, state.ended


def _sees_exactly(lats: dict[int, int]) -> Callable[[LiveSession], bool]:
    return lambda session: {who: where.lat for who, where in session.positions.items()} == lats


def _given_names(history: Sequence[Event]) -> list[str]:
    """The names that events gave, to people or to the session."""
    given = []
    trip = ""
    for event in history:
        match event.change:
            case ParticipantJoined(participant=person):
                given.append(person.name)
            case ProfileChanged(name=name):
                given.append(name)
            case SessionChanged(session=session) if session.name != trip:
                trip = session.name
                given.append(trip)
    return given


async def make_histories(world: World, *, examples: int, steps: int) -> None:
    """Makes so many histories, each in a new session, of so many steps at most."""
    loop = asyncio.get_running_loop()

    class Here(Histories):
        def __init__(self) -> None:
            super().__init__(world, loop)

    # A failure is not made smaller: each try would take as long again, and times never repeat exactly.
    profile = settings(
        max_examples=examples, stateful_step_count=steps, deadline=None, phases=(Phase.explicit, Phase.generate)
    )
    await asyncio.to_thread(run_state_machine_as_test, Here, settings=profile)
