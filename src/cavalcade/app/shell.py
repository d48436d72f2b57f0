"""The app around its screens: one page, one loop that draws, and what the device can do."""

import asyncio
import contextlib
import locale
import logging
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import flet as ft

from cavalcade.app.camera.framing import Size
from cavalcade.app.device.location import LocationSource
from cavalcade.app.device.phone_store import PhoneStore, secure_storage
from cavalcade.app.device.played_ride import RideSource
from cavalcade.app.device.receiver import DeviceSource
from cavalcade.app.device.store import BrowserStore, DiskStore, Store
from cavalcade.app.map.ground import Tiles
from cavalcade.app.page_device import PageDevice
from cavalcade.app.screens.base import Screen, ScreenContext, SheetMaker, keep_written
from cavalcade.app.screens.ending import EndingScreen
from cavalcade.app.screens.join import JoinScreen
from cavalcade.app.screens.live_session import SessionScreen
from cavalcade.app.screens.open_sheet import OpenSheet
from cavalcade.app.screens.start import StartScreen
from cavalcade.app.session.controller import AppDefaults, Controller, ScreenName
from cavalcade.app.session.kept import Preferences
from cavalcade.app.session.participation import Happening, Visibility
from cavalcade.app.ui.guard import Guard
from cavalcade.app.ui.palette import DARK, LIGHT, Palette
from cavalcade.app.ui.parts import BODY, DISPLAY, SEMIBOLD

log = logging.getLogger(__name__)

BROWSER_LANGUAGES: Final[ContextVar[tuple[str, ...]]] = ContextVar("languages", default=())
"""What the browser at the other end of a page's socket reads, the dearest first; Flet does not say."""

DRAWS_PER_S: Final = 5.0
TICK_S: Final = 1.0
"""Ages and times are written again this often."""

ANSWER_WITHIN_S: Final = 5.0
"""A device that does not answer by then is not waited for."""

_THEMES: Final = {"system": ft.ThemeMode.SYSTEM, "light": ft.ThemeMode.LIGHT, "dark": ft.ThemeMode.DARK}
_VISIBILITIES: Final = {
    ft.AppLifecycleState.SHOW: Visibility.SHOWN,
    ft.AppLifecycleState.RESUME: Visibility.SHOWN,
    ft.AppLifecycleState.INACTIVE: Visibility.COVERED,
    ft.AppLifecycleState.HIDE: Visibility.HIDDEN,
    ft.AppLifecycleState.PAUSE: Visibility.HIDDEN,
}
_SCREENS: Final[dict[ScreenName, Callable[[ScreenContext], Screen]]] = {
    ScreenName.START: StartScreen,
    ScreenName.JOIN: JoinScreen,
    ScreenName.SESSION: SessionScreen,
    ScreenName.ENDING: EndingScreen,
}


@dataclass(frozen=True, slots=True)
class AppOptions:
    """How an app is set up before it starts.

    Attributes:
        server: The base address of its server.
        languages: The device's languages where they are known, the dearest first.
        tiles: ScreenName the map's streets come from.
        ride: A GPX file to take positions from instead of the receiver.
        folder: ScreenName to keep things; None for the device's own place for them, or the browser's storage.
    """

    server: str
    languages: tuple[str, ...] = ()
    tiles: Tiles = field(default_factory=Tiles)
    ride: Path | None = None
    folder: Path | None = None


class Shell(PageDevice):
    """One running app on one page."""

    def __init__(self, page: ft.Page, options: AppOptions) -> None:
        """Sets the page up; `open` does the rest.

        Args:
            page: Flet's.
            options: How it is set up.
        """
        super().__init__(page)
        self._options = options
        self._guard = Guard(self._fail)
        self._palette = LIGHT
        self._screen: Screen | None = None
        self._shown: tuple[ScreenName, Palette, str] | None = None
        self._work: asyncio.Task[None] | None = None
        self._drawing: asyncio.Task[None] | None = None
        self._needs = asyncio.Event()
        self._needs_all = True
        self._drawn_at = 0.0
        self._around: ScreenContext | None = None
        self._sheet: OpenSheet | None = None
        self._controller: Controller | None = None
        self._opening: asyncio.Task[None] | None = None
        self._closing: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Shows the app, and begins where the last run left off or with the link that it was opened by."""
        page, guard = self._page, self._guard
        page.title = "Cavalcade"
        page.padding = 0
        page.spacing = 0
        page.fonts = {
            BODY: "fonts/Barlow-Medium.ttf",
            SEMIBOLD: "fonts/Barlow-SemiBold.ttf",
            DISPLAY: "fonts/BarlowSemiCondensed-Bold.ttf",
        }
        page.theme = _theme(LIGHT)
        page.dark_theme = _theme(DARK)
        page.on_resize = page.on_media_change = guard(self._resized)
        page.on_platform_brightness_change = guard(self._appearance_changed)
        if not page.web:
            page.on_locale_change = guard(self._languages_changed)
        page.on_route_change = guard(self._routed)
        # A browser that comes back begins with what it keeps: `web` gives each connection a page of its own.
        page.on_disconnect = page.on_close = guard(self.close)
        page.on_app_lifecycle_state_change = guard(self._lifecycle_changed)
        # A task of its own, so that the end can stop it: a page that is gone answers nothing that is asked here.
        self._opening = asyncio.create_task(self._open())
        with contextlib.suppress(asyncio.CancelledError):
            await self._opening

    async def _open(self) -> None:
        controller = Controller(
            await self._store(),
            self._make_source,
            AppDefaults(self._options.server, await self._languages(), has_local_clock=not self._page.web),
            self._happened,
        )
        self._controller = controller
        self._drawing = asyncio.create_task(self._draw())
        await self._guard.run(controller.open, self._page.route or "/")

    async def close(self) -> None:
        """Ends this run; a session goes on at the next.

        Flet says that a page is gone twice, and what serves its socket is cancelled: the end is one task, and is whole.
        """
        if self._closing is None:
            self._closing = asyncio.create_task(self._close())
        await asyncio.shield(self._closing)

    async def _close(self) -> None:
        for task in (self._opening, self._work, self._drawing):
            if task is not None:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task
        self._opening = self._work = self._drawing = None
        controller, self._controller = self._controller, None
        if controller is not None:
            await controller.close()
        await self._guard.cancel()

    # Whether anybody looks

    async def _lifecycle_changed(self, event: ft.AppLifecycleStateChangeEvent) -> None:
        visibility = _VISIBILITIES.get(event.state)
        if visibility is not None and self._controller is not None:
            await self._controller.become(visibility)
            self._happened(Happening.SESSION)

    # What lies over the screen

    def say(self, words: str) -> None:
        """Shows a few words for a moment."""
        palette = self._palette
        self._page.show_dialog(
            ft.SnackBar(
                ft.Text(words, color=palette.card, size=16, font_family=BODY),
                bgcolor=palette.ink,
                behavior=ft.SnackBarBehavior.FLOATING,
                shape=ft.RoundedRectangleBorder(radius=16),
                duration=ft.Duration(milliseconds=2500),
            )
        )

    def open_sheet(self, make: SheetMaker) -> None:
        """Shows a sheet from below, in the place of an earlier one."""
        self.close_sheet()
        assert self._around is not None
        if (sheet := make(self._around)) is not None:
            self._sheet = OpenSheet(make, sheet)
            self._page.show_dialog(self._sheet.control)

    def close_sheet(self) -> None:
        """Takes the sheet away."""
        if self._sheet is not None and self._sheet.control.open:
            # Not `pop_dialog`, which closes whatever lies on top, such as a few words that are said just now.
            self._sheet.control.open = False
            self._sheet.control.update()
        self._sheet = None

    # Drawing

    def _happened(self, happening: Happening) -> None:
        if happening is not Happening.POSITIONS:
            self._needs_all = True
        self._needs.set()

    def _fail(self, error: Exception) -> None:
        if self._controller is not None:
            self._controller.fail(error)

    async def _draw(self) -> None:
        """The one loop that draws: whatever happens meanwhile is drawn with the next round."""
        while True:
            await self.seen()
            with contextlib.suppress(TimeoutError):
                # Not `wait_for`, which forgets a cancellation that comes together with the need (Python 3.11).
                async with asyncio.timeout(TICK_S):
                    await self._needs.wait()
            self._needs.clear()
            await self._guard.run(self._draw_once)
            await asyncio.sleep(1 / DRAWS_PER_S)

    def _draw_once(self) -> None:
        controller = self._controller
        if controller is None or controller.screen not in _SCREENS:
            return
        self._palette = self._chosen_palette()
        wanted = (controller.screen, self._palette, controller.form.words.language)
        if wanted != self._shown:
            self._show(controller.screen)
            self._shown = wanted
            self._needs_all = True
        assert self._screen is not None
        now = asyncio.get_running_loop().time()
        # Positions come all the time: what stands in lists, ages among it, is compared and sent once a second.
        if self._needs_all or now - self._drawn_at >= TICK_S or not isinstance(self._screen, SessionScreen):
            self._needs_all, self._drawn_at = False, now
            self._screen.refresh()
            if self._sheet is not None and self._sheet.control.open:
                self._sheet.refresh()
            self._page.update()
        else:
            self._screen.show_positions()

    def _show(self, where: ScreenName) -> None:
        assert self._controller is not None
        around = ScreenContext(self._controller, self, self._guard, self._palette, self._options.tiles, self._redraw)
        self._around = around
        self._page.theme_mode = _THEMES[self._controller.preferences.appearance]
        self._page.bgcolor = self._palette.ground
        if isinstance(self._screen, SessionScreen) and where is ScreenName.SESSION:
            # Made again, the map would lose its camera and the list its place.
            self._screen.paint(around)
        else:
            self._replace(_SCREENS[where](around))
        if self._sheet is not None and not (self._sheet.control.open and self._sheet.paint(around)):
            self.close_sheet()

    def _replace(self, screen: Screen) -> None:
        if self._work is not None:
            self._work.cancel()
        before, self._screen = self._screen, screen
        if type(before) is type(screen):
            keep_written(before.fields, screen.fields)
        else:
            self.close_sheet()
        self._page.controls = [screen.control]
        self._resized()
        self._work = asyncio.create_task(self._guard.run(screen.run))

    def _redraw(self) -> None:
        self._shown = None
        self._happened(Happening.SESSION)

    def _resized(self) -> None:
        if self._screen is not None and self._page.width and self._page.height:
            self._screen.resize(Size(self._page.width, self._page.height), self._page.media.padding)
            self._happened(Happening.SESSION)

    def _appearance_changed(self) -> None:
        self._happened(Happening.SESSION)

    async def _languages_changed(self) -> None:
        """The event says when to look, not what to say: what the device is set to is asked for again."""
        if self._controller is not None:
            self._controller.speak(await self._languages())

    async def _routed(self, event: ft.RouteChangeEvent) -> None:
        """A link was opened while the app runs."""
        if self._controller is not None and "#" in event.route:
            await self._controller.open_invitation(event.route)

    def _chosen_palette(self) -> Palette:
        assert self._controller is not None
        appearance = self._controller.preferences.appearance
        is_dark = (
            self._page.platform_brightness is ft.Brightness.DARK if appearance == "system" else appearance == "dark"
        )
        return DARK if is_dark else LIGHT

    async def _languages(self) -> Sequence[str]:
        """What the reader reads, the dearest first.

        A browser says so as it connects. Flutter's events in a browser are not listened to: one that came with another
        appearance named another language and region than the reader's.
        """
        if self._options.languages:
            return self._options.languages
        if self._page.web:
            return BROWSER_LANGUAGES.get()
        try:
            async with asyncio.timeout(ANSWER_WITHIN_S):
                device = await self._page.get_device_info()
        except Exception as error:  # noqa: BLE001 - Python's own answer is nearly as good, except on phones
            log.info("the device does not say its languages: %s", type(error).__name__)
            device = None
        tags = (
            ["-".join(filter(None, (one.language_code, one.country_code))) for one in device.locales or ()]
            if device
            else []
        )
        return tags or (locale.getlocale()[0] or "",)

    # ScreenName things are

    async def _store(self) -> Store:
        if self._page.web:
            return BrowserStore(ft.SharedPreferences(), lambda: self._page.session.connection is not None)
        if self._options.folder is not None:
            return DiskStore(self._options.folder)
        disk = DiskStore(Path(await ft.StoragePaths().get_application_support_directory()) / "cavalcade")
        is_phone = self._page.platform in {ft.PagePlatform.ANDROID, ft.PagePlatform.IOS}
        return PhoneStore(disk, secure_storage()) if is_phone else disk

    def _make_source(self, preferences: Preferences) -> LocationSource:
        assert self._controller is not None
        if self._options.ride is not None:
            return RideSource.of_file(self._options.ride)
        return RideSource() if preferences.rides else DeviceSource(self._page, self._controller.form.words)


def _theme(palette: Palette) -> ft.Theme:
    return ft.Theme(
        color_scheme_seed=palette.signal,
        font_family=BODY,
        scaffold_bgcolor=palette.ground,
        bottom_sheet_theme=ft.BottomSheetTheme(bgcolor=palette.card),
    )
