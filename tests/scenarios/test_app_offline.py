"""The app's part in a session while the network fails: nothing is lost, nothing happens twice, and a pause holds."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from cavalcade.app.device import policy
from cavalcade.app.device.location import Obstacle
from cavalcade.app.device.store import DiskStore
from cavalcade.app.session.controller import AppDefaults, Controller, ScreenName
from cavalcade.app.session.kept import LEAVING, SESSION, KeptSession, Preferences
from cavalcade.app.session.participation import Participation, Visibility
from cavalcade.client import (
    LiveSession,
    Membership,
    SosAnswer,
    SosKind,
    Timing,
    connect,
    create_session,
    join_session,
)
from cavalcade.domain.features.sos import standing
from testbed.installations.proxy import Proxy
from tests.app.sources import MovedByHand
from tests.scenarios.conftest import INSTALLATIONS

BACKENDS = ["services", "monolith"]
# How many processes serve is no matter of the app's.
pytestmark = pytest.mark.parametrize(
    "server", [INSTALLATIONS[name] for name in BACKENDS], ids=BACKENDS, indirect=True, scope="session"
)

SOON = 8.0
HASTY = Timing(heartbeat_ms=400, answer_ms=800, stable_ms=200)


@dataclass
class Phone:
    """The app of somebody whose network the test spoils."""

    proxy: Proxy
    membership: Membership
    folder: Path
    source: MovedByHand = field(default_factory=MovedByHand)
    errors: list[Exception] = field(default_factory=list)
    part: Participation = field(init=False)

    async def begin(self) -> None:
        """Starts the app, as after an earlier run."""
        store = DiskStore(self.folder)
        text = await store.read(SESSION)
        kept = KeptSession(self.membership) if text is None else KeptSession.from_text(text)
        self.part = Participation(kept, store, self.source, lambda _: None, self.errors.append, timing=HASTY)
        await self.part.start()

    async def kill(self) -> None:
        """Ends it as a phone does that needs the memory: nothing more is written, and no goodbye is said."""
        for task in tuple(self.part._tasks):
            task.cancel()
        self.proxy.cut()
        await self.part.live.close()

    async def until(self, condition: Callable[[Participation], bool]) -> None:
        async with asyncio.timeout(SOON):
            while not condition(self.part):  # noqa: ASYNC110 - the participation tells of changes, not of conditions
                await asyncio.sleep(0.02)

    async def kept(self) -> KeptSession:
        return KeptSession.from_text(await DiskStore(self.folder).read(SESSION) or "")

    async def keeps(self, condition: Callable[[KeptSession], bool]) -> None:
        """Waits until what is on the disk is so."""
        async with asyncio.timeout(SOON):
            while not condition(await self.kept()):  # noqa: ASYNC110 - a file tells of nothing
                await asyncio.sleep(0.02)


@dataclass
class Trip:
    """A session: its host watches over a sound network, and one member rides over a bad one."""

    host: LiveSession
    phone: Phone

    async def sees(self, condition: Callable[[LiveSession], bool]) -> None:
        await self.host.wait_for(condition, SOON)


@pytest.fixture
async def trip(server: str, tmp_path: Path) -> AsyncIterator[Trip]:
    host = await create_session(server, name="Trip", host_name="Anna")
    assert host.link is not None
    rider = await join_session(host.link, name="Ben")
    async with Proxy(urlsplit(server).port or 0) as proxy, connect(host) as anna:
        there = f"127.0.0.1:{proxy.port}"
        phone = Phone(
            proxy, replace(rider, server=f"http://{there}", socket=f"ws://{there}/socket"), tmp_path / "phone"
        )
        await phone.begin()
        await phone.until(lambda part: part.is_connected and phone.source.is_on)
        yield Trip(anna, phone)
        await phone.part.close()
        assert phone.errors == []


def at(lat: float) -> Callable[[LiveSession], bool]:
    return lambda session: 2 in session.positions and abs(session.positions[2].to_fix().lat - lat) < 1e-6


async def test_nothing_starts_the_receiver_again_while_the_app_is_hidden(trip: Trip) -> None:
    """Android would refuse the service that the receiver needs, and stop the one that runs."""
    phone, riding = trip.phone, policy.tuning(policy.Pace.FAST, 80)
    phone.part._pacing = policy.Pacing(policy.Pace.STANDING)
    await phone.part.become(Visibility.SHOWN)
    assert phone.source.tunings[-1] == policy.tuning(policy.Pace.STANDING, 80)
    # Into the pocket: asked for all that riding needs while that may still be done.
    await phone.part.become(Visibility.COVERED)
    await phone.part.become(Visibility.HIDDEN)
    asked, started = [*phone.source.tunings], phone.source.started
    assert asked[-1] == riding
    for speed in (25.0, 0.0, 1.0, 25.0):
        phone.part._pacing = replace(phone.part._pacing, slow_since=0, last_at=0)
        phone.source.move(47.0 + speed / 1000, speed=speed)
    # A tunnel takes the signal and the network, and gives both back.
    phone.source.tell(Obstacle.NO_SIGNAL)
    phone.proxy.cut()
    await phone.until(lambda part: not part.is_connected)
    phone.proxy.mend()
    await phone.until(lambda part: part.is_connected)
    phone.part._pacing = policy.Pacing()
    phone.source.move(47.2)
    await trip.sees(at(47.2))
    assert (phone.source.tunings, phone.source.started) == (asked, started)
    # Shown again, it is asked for what the pace needs.
    phone.part._pacing = policy.Pacing(policy.Pace.SLOW)
    await phone.part.become(Visibility.SHOWN)
    assert phone.source.tunings[-1] == policy.tuning(policy.Pace.SLOW, 80)
    assert phone.source.started == started


async def test_what_would_start_the_receiver_while_hidden_waits(trip: Trip) -> None:
    phone = trip.phone
    await phone.part.set_sharing(on=False)
    await phone.part.become(Visibility.HIDDEN)
    started = phone.source.started
    await phone.part.set_sharing(on=True)
    assert phone.source.started == started
    await phone.part.become(Visibility.SHOWN)
    assert phone.source.started == started + 1


async def test_a_ride_through_a_tunnel_arrives_afterwards(trip: Trip) -> None:
    phone = trip.phone
    phone.source.move(47.0, seconds_ago=60)
    await trip.sees(at(47.0))
    phone.proxy.cut()
    await phone.until(lambda part: not part.is_connected)
    for step, ago in enumerate(range(50, 0, -10)):
        # Fixes that come in one moment stand for a minute here.
        phone.part._pacing = replace(phone.part._pacing, last_at=0)
        phone.source.move(47.1 + step / 100, seconds_ago=ago)
    await phone.part.operate(phone.part.live.set_profile(name="Benedict"))
    # Where the first one had not come back to the phone when the network went, it is kept as well.
    await phone.until(lambda part: part.waiting >= 6)
    await phone.keeps(lambda kept: [one.event for one in kept.resumption.operations] == ["profile:set"])
    await phone.keeps(lambda kept: len(kept.backlog) in {5, 6})
    phone.proxy.mend()
    await trip.sees(at(47.14))
    await trip.sees(lambda session: session.state.participants[2].name == "Benedict")
    await phone.until(lambda part: part.waiting == 0)


async def test_killed_while_offline_it_goes_on_as_the_same_participant(trip: Trip) -> None:
    phone = trip.phone
    phone.proxy.cut()
    await phone.until(lambda part: not part.is_connected)
    phone.part._pacing = replace(phone.part._pacing, last_at=0)
    phone.source.move(47.2)
    await phone.part.operate(phone.part.live.set_profile(name="Benedict"))
    await phone.keeps(lambda kept: len(kept.resumption.operations) == 1 and len(kept.backlog) >= 1)
    before = trip.host.state.offset
    await phone.kill()
    phone.proxy.mend()
    await phone.begin()
    assert phone.part.me is not None
    assert (phone.part.me.id, phone.part.me.name) == (2, "Ben")
    await trip.sees(lambda session: session.state.participants[2].name == "Benedict")
    await trip.sees(at(47.2))
    await phone.until(lambda part: part.waiting == 0)
    assert trip.host.state.offset == before + 1
    assert len(trip.host.state.participants) == 2


async def test_an_sos_that_was_raised_offline_arrives_once_though_the_app_was_killed(trip: Trip) -> None:
    phone = trip.phone
    phone.proxy.cut()
    await phone.until(lambda part: not part.is_connected)
    before = trip.host.state.offset
    phone.part.sos._second_s = 0.01
    phone.part.sos.begin(SosKind.INJURED)
    await phone.keeps(lambda kept: [one.event for one in kept.resumption.operations] == ["sos:raise"])
    await phone.kill()
    phone.proxy.mend()
    await phone.begin()
    assert phone.part.sos.is_open
    await trip.sees(lambda session: len(standing(session.state)) == 1)
    await phone.until(lambda part: len(part.sos.own) == 1 and not part.sos.pending and not part.sos.is_arriving)
    await trip.host.answer_sos(standing(trip.host.state)[0].sos, SosAnswer.GOING)
    await phone.until(lambda part: part.sos.own[0].answers == {"1": SosAnswer.GOING})
    assert trip.host.state.offset == before + 2


async def test_a_pause_holds_at_once_without_a_network(trip: Trip) -> None:
    phone = trip.phone
    phone.source.move(47.0)
    await trip.sees(at(47.0))
    phone.proxy.cut()
    await phone.until(lambda part: not part.is_connected)
    phone.source.move(47.3)
    await phone.part.set_sharing(on=False)
    assert not phone.part.is_sharing
    assert not phone.source.is_on
    phone.proxy.mend()
    await trip.sees(lambda session: not session.state.participants[2].sharing)
    await phone.until(lambda part: part.waiting == 0)
    assert 2 not in trip.host.positions
    await phone.part.set_sharing(on=True)
    await trip.sees(lambda session: session.state.participants[2].sharing)
    await phone.until(lambda _: phone.source.is_on)


async def test_the_page_beside_the_app_pauses_and_resumes_its_receiver(trip: Trip) -> None:
    phone = trip.phone
    async with connect(phone.membership) as page:
        await page.set_sharing(on=False)
        await phone.until(lambda part: not part.is_sharing and not phone.source.is_on)
        await page.set_sharing(on=True)
        await phone.until(lambda part: part.is_sharing and phone.source.is_on)
        phone.source.move(47.5)
        await trip.sees(at(47.5))


async def test_who_stands_still_is_seen_again_after_a_quick_pause(trip: Trip, monkeypatch: pytest.MonkeyPatch) -> None:
    phone = trip.phone
    phone.source.move(47.0)
    await trip.sees(at(47.0))
    # A disk that is slow: both taps come before the first one is kept.
    may_write = asyncio.Event()
    write = DiskStore.write

    async def slowly(store: DiskStore, name: str, text: str) -> None:
        await may_write.wait()
        await write(store, name, text)

    monkeypatch.setattr(DiskStore, "write", slowly)
    before = phone.source.started
    pausing = asyncio.create_task(phone.part.set_sharing(on=False))
    await trip.sees(lambda session: not session.state.participants[2].sharing and 2 not in session.positions)
    resuming = asyncio.create_task(phone.part.set_sharing(on=True))
    await trip.sees(lambda session: session.state.participants[2].sharing)
    may_write.set()
    await asyncio.gather(pausing, resuming)
    # The receiver is asked again, and has not moved.
    assert phone.source.is_on
    assert phone.source.started == before + 1
    phone.source.move(47.0)
    await trip.sees(at(47.0))


async def test_a_connection_that_nobody_ended_is_found_out(trip: Trip) -> None:
    phone = trip.phone
    phone.source.move(47.0, seconds_ago=30)
    await trip.sees(at(47.0))
    phone.proxy.silence()
    phone.part._pacing = replace(phone.part._pacing, last_at=0)
    phone.source.move(47.4, seconds_ago=5)
    # It went into a connection that is dead; it is sent again over the next one.
    await trip.sees(at(47.4))
    await phone.until(lambda part: part.waiting == 0)


async def test_a_slow_and_late_network_changes_nothing_but_the_time(trip: Trip) -> None:
    phone = trip.phone
    phone.proxy.slow(delay_s=0.3, bytes_per_s=20_000)
    for number, lat in zip(itertools.count(), (47.5, 47.6, 47.7), strict=False):
        phone.part._pacing = replace(phone.part._pacing, last_at=0)
        phone.source.move(lat, seconds_ago=3 - number)
    await phone.part.operate(phone.part.live.set_profile(name="Late"))
    await trip.sees(at(47.7))
    await trip.sees(lambda session: session.state.participants[2].name == "Late")
    await phone.until(lambda part: part.waiting == 0)


async def test_leaving_without_a_network_is_done_by_the_next_run(trip: Trip, server: str) -> None:
    phone = trip.phone
    phone.proxy.cut()
    await phone.until(lambda part: not part.is_connected)
    await phone.part.leave()
    assert not phone.source.is_on
    await phone.kill()
    assert KeptSession.from_text(await DiskStore(phone.folder).read(LEAVING) or "").is_leaving
    assert await DiskStore(phone.folder).read(SESSION) is None
    phone.proxy.mend()
    app = Controller(DiskStore(phone.folder), lambda _: MovedByHand(), AppDefaults(server), lambda _: None)
    await app.open("/")
    assert app.screen is ScreenName.START
    await trip.sees(lambda session: 2 not in session.state.participants)
    async with asyncio.timeout(SOON):
        while await DiskStore(phone.folder).read(LEAVING) is not None:  # noqa: ASYNC110 - a file tells of nothing
            await asyncio.sleep(0.02)
    await app.close()


async def test_a_kept_name_that_the_server_refuses_locks_nobody_out(server: str, tmp_path: Path) -> None:
    app = Controller(DiskStore(tmp_path), lambda _: MovedByHand(), AppDefaults(server), lambda _: None)
    app.preferences = Preferences(name="Ana \u202e")
    await app.start_session()
    assert app.screen is ScreenName.SESSION
    assert app.preferences.name == ""
    await app.close()
