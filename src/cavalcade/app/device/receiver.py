"""The device's own receiver as a location source, by way of flet-geolocator."""

import asyncio
import logging
import time
from contextlib import suppress
from dataclasses import replace
from typing import Final
from urllib.parse import urlsplit

import flet as ft
import flet_geolocator as fg

from cavalcade.app.device.location import Obstacle, OnFix, OnObstacle
from cavalcade.app.device.policy import HEARTBEAT_MS, Tuning
from cavalcade.domain.fix import Fix, readable
from cavalcade.strings import Words

log = logging.getLogger(__name__)

BATTERY_EVERY_S: Final = 60.0
ANSWER_WITHIN_S: Final = 60.0
"""A question about permission waits for a person."""

LISTENS_FIRST_S: Final = 2.0
"""A browser that begins to listen tells a position by itself. One that is asked meanwhile may never answer."""

BROWSER_ANSWERS_WITHIN_S: Final = 4.0
"""Then it is asked again."""

_GRANTED: Final = {fg.GeolocatorPermissionStatus.ALWAYS, fg.GeolocatorPermissionStatus.WHILE_IN_USE}
_SECURE_HOSTS: Final = {"localhost", "127.0.0.1", "::1"}


@ft.value
class AndroidConfiguration(fg.GeolocatorAndroidConfiguration):
    """Android's settings with the notification that keeps fixes coming in the background.

    flet-geolocator 1.0.5 sends its `foreground_notification_config` as one nested value, while its Dart side reads flat
    ones, so that the foreground service would never start. These fields are the flat ones. Their defaults are
    the Dart side's, because Flet sends only what differs from a default.
    """

    foreground_notification_title: str | None = None
    foreground_notification_text: str | None = None
    foreground_notification_channel_name: str | None = None
    foreground_notification_enable_wake_lock: bool = False
    foreground_notification_set_ongoing: bool = False


def configuration(tuning: Tuning, platform: ft.PagePlatform | None, words: Words, *, web: bool) -> (
    fg.GeolocatorConfiguration
):  # fmt: skip
    """What the receiver is asked for on a platform.

    Args:
        tuning: How often and how exactly.
        platform: What the app runs on.
        words: The notification's language.
        web: Whether it runs in a browser.
    """
    accuracy = fg.GeolocatorPositionAccuracy.BEST if tuning.is_exact else fg.GeolocatorPositionAccuracy.HIGH
    if web:
        return fg.GeolocatorWebConfiguration(accuracy=accuracy, distance_filter=tuning.distance_filter_m)
    if platform is ft.PagePlatform.ANDROID:
        return AndroidConfiguration(
            accuracy=accuracy,
            distance_filter=tuning.distance_filter_m,
            interval_duration=ft.Duration(milliseconds=tuning.interval_ms),
            foreground_notification_title=words.say("app.notification.title"),
            foreground_notification_text=words.say("app.notification.text"),
            foreground_notification_channel_name=words.say("app.notification.channel"),
            foreground_notification_enable_wake_lock=True,
            foreground_notification_set_ongoing=True,
        )
    if platform is ft.PagePlatform.IOS:
        return fg.GeolocatorIosConfiguration(
            accuracy=accuracy,
            distance_filter=tuning.distance_filter_m,
            # Paused updates do not come back by themselves while the app is in the background.
            pause_location_updates_automatically=False,
            activity_type=fg.GeolocatorIosActivityType.AUTOMOTIVE_NAVIGATION,
            allow_background_location_updates=True,
            show_background_location_indicator=True,
        )
    return fg.GeolocatorConfiguration(accuracy=accuracy, distance_filter=tuning.distance_filter_m)


def fix_of(position: fg.GeolocatorPosition, battery: int | None) -> Fix | None:
    """The fix in what the plugin reports; None without a place.

    The plugin writes 0.0 for what is not known, iPhones say -1. What its time means is decided where it is shared.
    """
    if position.latitude is None or position.longitude is None:
        return None
    knows_heading = _is_known(position.heading, position.heading_accuracy)
    knows_altitude = _is_known(position.altitude, position.altitude_accuracy)
    return readable(
        Fix(
            lat=float(position.latitude),
            lon=float(position.longitude),
            fix_time=None if position.timestamp is None else int(position.timestamp.timestamp() * 1000),
            accuracy=None if position.accuracy is None else float(position.accuracy),
            heading=float(position.heading) if knows_heading and position.heading is not None else None,
            speed=None if position.speed is None or (position.speed_accuracy or 0) < 0 else float(position.speed),
            altitude=float(position.altitude) if knows_altitude and position.altitude is not None else None,
            battery=battery,
        )
    )


def _is_known(value: float | None, accuracy: float | None) -> bool:
    """An accuracy below 0 says that the value means nothing. With one of 0, only a value of 0 means nothing."""
    return bool(accuracy or value) and (accuracy or 0) >= 0


class DeviceSource:
    """The receiver of whatever the app runs on: a phone, or the device of the browser in web mode."""

    def __init__(self, page: ft.Page, words: Words) -> None:
        """Asks nothing yet.

        Args:
            page: The app's.
            words: The notification's language.
        """
        self._page = page
        self._words = words
        self._geolocator: fg.Geolocator | None = None
        self._meter: ft.Battery | None = None
        self._battery: int | None = None
        self._tuning: Tuning | None = None
        self._on_fix: OnFix = _nobody
        self._on_obstacle: OnObstacle = _nobody
        self._last_at = self._began_at = float("-inf")
        self._watching: asyncio.Task[None] | None = None
        self._turn = 0

    @property
    def battery(self) -> int | None:
        """The device's charge, where it says so."""
        return self._battery

    async def start(self, tuning: Tuning, on_fix: OnFix, on_obstacle: OnObstacle) -> None:
        """Asks for permission, then listens."""
        self._turn += 1
        turn = self._turn
        await self._let_go()
        if turn != self._turn:
            return
        self._on_fix, self._on_obstacle, self._tuning = on_fix, on_obstacle, tuning
        # A receiver that is listened to again may say nothing until it has moved: it is asked at once.
        self._last_at, self._began_at = float("-inf"), time.monotonic()
        obstacle = await self._ask()
        if turn != self._turn:
            return  # it was stopped or started again while a person thought about the permission
        if obstacle is not None:
            on_obstacle(obstacle)
            return
        self._listen(tuning)
        self._watching = asyncio.create_task(self._watch())

    def _listen(self, tuning: Tuning) -> None:
        geolocator = self._receiver()
        geolocator.configuration = self._configuration(tuning)
        geolocator.on_position_change, geolocator.on_error = self._moved, self._failed
        geolocator.update()

    def _listen_again(self) -> None:
        """A browser that was told to stop and to listen at one time may do neither until it is told once more."""
        if self._tuning is not None:
            geolocator = self._receiver()
            geolocator.on_position_change = geolocator.on_error = None
            geolocator.update()
            self._listen(self._tuning)

    async def retune(self, tuning: Tuning) -> None:
        """Listens with other settings."""
        if tuning != self._tuning and self._watching is not None:
            self._tuning = tuning
            geolocator = self._receiver()
            geolocator.configuration = self._configuration(tuning)
            geolocator.update()

    async def stop(self) -> None:
        """Stops listening to the receiver; Android's notification goes away with it."""
        self._turn += 1
        await self._let_go()

    async def _let_go(self) -> None:
        """Stops all at once and only then waits: `start` may listen again meanwhile, and nothing may undo that."""
        watching, self._watching = self._watching, None
        if self._geolocator is not None and self._geolocator.on_position_change is not None:
            self._geolocator.on_position_change = self._geolocator.on_error = None
            with suppress(Exception):
                # The page may be gone by now, and its receiver with it.
                self._geolocator.update()
        if watching is not None:
            watching.cancel()
            with suppress(asyncio.CancelledError):
                await watching

    async def _ask(self) -> Obstacle | None:
        """What is in the way, after asking for permission where that helps."""
        if self._page.web and not _is_secure(self._page.url):
            return Obstacle.INSECURE
        geolocator = self._receiver()
        try:
            async with asyncio.timeout(ANSWER_WITHIN_S):
                if not self._page.web and not await geolocator.is_location_service_enabled():
                    return Obstacle.SWITCHED_OFF
                status = await geolocator.get_permission_status()
                if status not in _GRANTED:
                    status = await geolocator.request_permission()
        except (RuntimeError, TimeoutError, ValueError):
            return Obstacle.REFUSED
        if status is fg.GeolocatorPermissionStatus.DENIED_FOREVER:
            # Browsers say so too, and there only the person can change it, beside the address.
            return Obstacle.REFUSED if self._page.web else Obstacle.REFUSED_FOR_GOOD
        if status is fg.GeolocatorPermissionStatus.DENIED:
            return Obstacle.REFUSED
        return None

    async def _watch(self) -> None:
        """Asks for a fix where a distance filter keeps the receiver silent, and reads the battery now and then."""
        read_battery_at = 0.0
        if self._page.web:
            await asyncio.sleep(LISTENS_FIRST_S)
        while True:
            if time.monotonic() >= read_battery_at:
                read_battery_at = time.monotonic() + BATTERY_EVERY_S
                self._battery = await self._charge()
            if time.monotonic() - self._last_at >= HEARTBEAT_MS / 1000:
                await self._look()
            is_found = self._last_at >= self._began_at
            await asyncio.sleep(HEARTBEAT_MS / (4000 if is_found else 20_000))

    async def _look(self) -> None:
        try:
            async with asyncio.timeout(BROWSER_ANSWERS_WITHIN_S if self._page.web else ANSWER_WITHIN_S):
                position = await self._receiver().get_current_position()
        except TimeoutError:
            if self._page.web:
                self._listen_again()
            if time.monotonic() - self._began_at > HEARTBEAT_MS / 1000:
                self._say_why("no answer")
        except RuntimeError as error:
            self._say_why(str(error))
        else:
            self._take(position)

    async def _charge(self) -> int | None:
        if self._page.web:
            return None
        try:
            self._meter = self._meter or ft.Battery()
            level = await self._meter.get_battery_level()
        except Exception as error:  # noqa: BLE001 - a battery that says nothing is no reason to stop
            log.debug("the battery's charge is not known: %s", type(error).__name__)
            return None
        return level if level is not None and 0 <= level <= 100 else None

    def _receiver(self) -> fg.Geolocator:
        if self._geolocator is None:
            # Made when it is first needed: the plugin listens from the moment it has a handler.
            self._geolocator = fg.Geolocator()
        return self._geolocator

    def _configuration(self, tuning: Tuning) -> fg.GeolocatorConfiguration:
        return configuration(tuning, self._page.platform, self._words, web=self._page.web)

    def _moved(self, event: fg.GeolocatorPositionChangeEvent) -> None:
        self._take(event.position)

    def _take(self, position: fg.GeolocatorPosition) -> None:
        fix = fix_of(position, self._battery)
        if fix is not None and self._page.web:
            # The browser's clock is another machine's.
            fix = replace(fix, fix_time=None)
        if fix is not None:
            self._last_at = time.monotonic()
            self._on_fix(fix)

    def _failed(self, event: ft.Event[fg.Geolocator]) -> None:
        self._say_why(str(event.data))

    def _say_why(self, message: str) -> None:
        """What an error of the plugin means; it comes beside good fixes too, and then means nothing."""
        if "denied" in message:
            self._on_obstacle(Obstacle.REFUSED)
        elif "disabled" in message:
            self._on_obstacle(Obstacle.SWITCHED_OFF)
        elif time.monotonic() - self._last_at > HEARTBEAT_MS / 1000:
            self._on_obstacle(Obstacle.NO_SIGNAL)


def _nobody(_: object) -> None:
    """Who listens before the start."""


def _is_secure(url: str | None) -> bool:
    """Whether a browser gives positions to a page at this address (of its socket)."""
    parts = urlsplit(url or "")
    return parts.scheme in {"https", "wss"} or parts.hostname in _SECURE_HOSTS
