"""Whatever a handler raises becomes a message, and nothing that is drawn depends on a page being there."""

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import flet as ft
import flet_geolocator as fg
import msgpack
import pytest
from flet.messaging.protocol import configure_encode_object_for_msgpack

from cavalcade.app.camera.framing import Point, Size
from cavalcade.app.device import receiver
from cavalcade.app.device.played_ride import RideSource
from cavalcade.app.device.policy import Tuning
from cavalcade.app.device.receiver import DeviceSource, configuration, fix_of
from cavalcade.app.device.store import DiskStore
from cavalcade.app.map.ground import Tiles
from cavalcade.app.map.world import near
from cavalcade.app.screens.base import ScreenContext, SheetMaker
from cavalcade.app.screens.ending import EndingScreen
from cavalcade.app.screens.join import JoinScreen
from cavalcade.app.screens.live_session import SessionScreen
from cavalcade.app.screens.start import StartScreen
from cavalcade.app.session.advice import of_end, of_error
from cavalcade.app.session.controller import AppDefaults, Controller
from cavalcade.app.session.kept import Preferences
from cavalcade.app.session.places import MapApp
from cavalcade.app.ui.guard import Guard
from cavalcade.app.ui.palette import DARK, LIGHT, Palette
from cavalcade.app.web import languages, policy
from cavalcade.client import Fix, Preview, Unreachable
from cavalcade.strings import words
from tests.app.sources import MovedByHand


async def test_every_kind_of_handler_is_guarded() -> None:
    errors: list[Exception] = []
    guard = Guard(errors.append)

    def fails() -> None:
        raise KeyError("k")

    async def fails_later(event: object) -> None:
        await asyncio.sleep(0)
        raise Unreachable(str(event))

    await guard(fails)(object())
    await guard(fails_later)("e")
    await guard(fails_later, "value")("ignored")
    guard.begin(fails)
    await asyncio.sleep(0.01)
    assert [type(error) for error in errors] == [KeyError, Unreachable, Unreachable, KeyError]
    assert [str(error) for error in errors[1:3]] == ["e", "value"]


async def test_an_error_that_cannot_be_shown_goes_no_further() -> None:
    def cannot(error: Exception) -> None:
        raise error

    await Guard(cannot)(lambda: 1 / 0)(object())


class NoDevice:
    """A device that can do nothing, and is asked for nothing here."""

    map_app = MapApp.CHOSEN

    async def share(self, text: str, subject: str) -> bool:  # noqa: ARG002
        return False

    async def copy(self, text: str) -> bool:  # noqa: ARG002
        return False

    async def paste(self) -> str:
        return ""

    async def open_settings(self) -> None: ...

    async def seen(self) -> None: ...

    async def misses_notification(self) -> bool:
        return False

    async def ask_for_notification(self) -> None: ...

    async def vibrate(self) -> None: ...

    def say(self, words: str) -> None: ...

    def open_sheet(self, make: SheetMaker) -> None: ...

    def close_sheet(self) -> None: ...


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
async def test_every_screen_is_made_without_a_page(palette: Palette, tmp_path: Path) -> None:
    app = Controller(
        DiskStore(tmp_path), lambda _: MovedByHand(), AppDefaults("http://localhost:1", ("fr-FR",)), lambda _: None
    )
    around = ScreenContext(app, NoDevice(), Guard(app.fail), palette, Tiles(), lambda: None)
    app.problem = of_error(Unreachable(""), app.form)
    app.preview = Preview("abcdefghij", "Trip", 2_000_000_000_000, 3)
    app.ending = of_end("expired", app.form)
    for make in (StartScreen, JoinScreen, EndingScreen, SessionScreen):
        screen = make(around)
        screen.resize(Size(390, 844), ft.Padding.all(0))
        screen.refresh()
        assert isinstance(screen.control, ft.Control)


@pytest.mark.parametrize("platform", [ft.PagePlatform.ANDROID, ft.PagePlatform.IOS, ft.PagePlatform.LINUX])
@pytest.mark.parametrize("exact", [True, False])
def test_the_receiver_is_asked_as_the_platform_wants(platform: ft.PagePlatform, exact: bool) -> None:
    asked: Any = configuration(Tuning(2_000, 15, is_exact=exact), platform, words("en"), web=False)
    assert asked.distance_filter == 15
    best = asked.accuracy is fg.GeolocatorPositionAccuracy.BEST
    assert best is exact
    if platform is ft.PagePlatform.ANDROID:
        # The names that the Dart side of flet-geolocator 1.0.5 reads; with either of the first two the service starts.
        assert asked.foreground_notification_title
        assert asked.foreground_notification_text
        assert asked.foreground_notification_enable_wake_lock is True
        assert asked.foreground_notification_config is None
    if platform is ft.PagePlatform.IOS:
        assert asked.allow_background_location_updates
        assert not asked.pause_location_updates_automatically


def test_the_dart_side_reads_the_fields_that_are_sent() -> None:
    """Its sources ship with the package: where they come to read other names, this says so."""
    package = Path(fg.__file__ or "").parents[1]
    dart = (package / "flutter/flet_geolocator/lib/src/utils/geolocator.dart").read_text()
    android = configuration(Tuning(1_000, 15), ft.PagePlatform.ANDROID, words("en"), web=False)
    encode = configure_encode_object_for_msgpack(ft.BaseControl)  # type: ignore[no-untyped-call]
    sent = msgpack.unpackb(msgpack.packb(android, default=encode))
    assert sent["foreground_notification_enable_wake_lock"] is True
    assert (sent["distance_filter"], sent["interval_duration"]) == (15, {"milliseconds": 1_000})
    flat = [name for name in sent if name.startswith("foreground_")]
    assert len(flat) == 5
    assert all(f'"{name}"' in dart for name in sent)


def test_what_the_plugin_does_not_know_is_unknown() -> None:
    fix = fix_of(fg.GeolocatorPosition(latitude=47.0, longitude=9.0, speed=0.0, heading=0.0, altitude=0.0), None)
    assert fix is not None
    assert (fix.heading, fix.altitude, fix.accuracy, fix.speed) == (None, None, None, 0.0)
    assert fix_of(fg.GeolocatorPosition(), None) is None


async def test_a_simulated_ride_moves_and_can_be_stopped() -> None:
    taken: list[Fix] = []
    ride = RideSource(step_s=0.01)
    await ride.start(Tuning(1_000, 0), taken.append, lambda _: None)
    async with asyncio.timeout(5):
        while len(taken) < 5:  # noqa: ASYNC110 - a source tells of fixes alone
            await asyncio.sleep(0.01)
    await ride.stop()
    count = len(taken)
    assert (taken[0].lat, taken[0].lon) != (taken[-1].lat, taken[-1].lon)
    await asyncio.sleep(0.05)
    assert len(taken) == count
    assert ride.battery is not None


def test_shapes_come_from_near_by_alone() -> None:
    assert 5 < len(near(Point(47.0, 9.0), 10)) < len(near(Point(47.0, 9.0), 180)) < 400
    # Across the antimeridian too.
    assert near(Point(-17.0, 179.9), 5)


def test_the_pages_own_scripts_may_run_and_no_others() -> None:
    text = policy(b"<script>let a = 1;</script>", Tiles("https://tiles.example.org/{z}/{x}/{y}.png", "Example"))
    assert "'sha256-" in text
    assert "https://tiles.example.org;" in text
    scripts = next(part for part in text.split("; ") if part.startswith("script-src"))
    assert "unsafe-inline" not in scripts
    assert languages("de-CH,de;q=0.9, en;q=0.8,") == ("de-CH", "de", "en")


def test_preferences_that_cannot_be_read_are_the_default() -> None:
    assert Preferences.from_text("{}") == Preferences()
    kept = Preferences("https://example.org", "Zoé", "dark", "fr", rides=True)
    assert Preferences.from_text(kept.to_text()) == kept


async def test_a_receiver_that_was_let_go_while_a_person_was_asked_stays_off(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, answered = asyncio.Event(), asyncio.Event()

    async def ask(_: DeviceSource) -> None:
        asked.set()
        await answered.wait()

    monkeypatch.setattr(DeviceSource, "_ask", ask)
    # Without a page, listening to a receiver would fail: so nobody does.
    source = DeviceSource(cast("ft.Page", None), words("en"))
    starting = asyncio.create_task(source.start(Tuning(1_000, 0), lambda _: None, lambda _: None))
    await asked.wait()
    await source.stop()
    answered.set()
    await starting
    assert source._geolocator is None


class DeafBrowser:
    """A receiver that never answers its first question, and tells nothing by itself."""

    def __init__(self) -> None:
        self.asked = 0
        self.told: list[bool] = []
        self.configuration = self.on_position_change = self.on_error = None

    def update(self) -> None:
        """It is told whether to listen."""
        self.told.append(self.on_position_change is not None)

    async def get_permission_status(self) -> fg.GeolocatorPermissionStatus:
        return fg.GeolocatorPermissionStatus.WHILE_IN_USE

    async def get_current_position(self) -> fg.GeolocatorPosition:
        self.asked += 1
        if self.asked == 1:
            await asyncio.Event().wait()
        return fg.GeolocatorPosition(latitude=47.0, longitude=9.0)


async def test_a_browser_that_does_not_answer_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    browser, taken, obstacles = DeafBrowser(), asyncio.Queue[Fix](), list[object]()
    monkeypatch.setattr(receiver, "LISTENS_FIRST_S", 0)
    monkeypatch.setattr(receiver, "BROWSER_ANSWERS_WITHIN_S", 0.01)
    monkeypatch.setattr(receiver, "HEARTBEAT_MS", 200)
    page = SimpleNamespace(web=True, url="http://localhost/app", platform=None)
    source = DeviceSource(cast("ft.Page", page), words("en"))
    monkeypatch.setattr(source, "_receiver", lambda: browser)
    await source.start(Tuning(1_000, 0), taken.put_nowait, obstacles.append)
    async with asyncio.timeout(5):
        assert (await taken.get()).lat == 47.0
    assert browser.asked == 2
    assert browser.told == [True, False, True]  # to listen, and once more as it did not answer
    assert obstacles == []
    await source.stop()
