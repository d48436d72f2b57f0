"""What the device under Flet's page can do."""

import contextlib
import logging
from typing import Final

import flet as ft

from cavalcade.app.device.notifications import NotificationPermission
from cavalcade.app.session.places import MapApp

log = logging.getLogger(__name__)


class PageDevice:
    """Asks the device through a page; what it cannot do is said to be so, and never an error."""

    def __init__(self, page: ft.Page) -> None:
        """Asks nothing yet.

        Args:
            page: Flet's.
        """
        self._page: Final = page
        self._share = ft.Share()
        self._clipboard = ft.Clipboard()
        self._haptics = ft.HapticFeedback()
        self._notifications = NotificationPermission(page)

    async def seen(self) -> None:
        """Returns once somebody can look at the app."""
        await self._page.wait_until_visible()

    @property
    def map_app(self) -> MapApp:
        """What a place is opened with."""
        if self._page.web:
            return MapApp.WEB
        return MapApp.APPLE if self._page.platform is ft.PagePlatform.IOS else MapApp.CHOSEN

    async def share(self, text: str, subject: str) -> bool:
        """Opens the share sheet; False where there is none."""
        try:
            result = await self._share.share_text(text, subject=subject)
        except Exception as error:  # noqa: BLE001 - whatever is in the way, there is another way to share
            log.info("there is no share sheet: %s", type(error).__name__)
            return False
        return result.status is not ft.ShareResultStatus.UNAVAILABLE

    async def copy(self, text: str) -> bool:
        """Puts a text on the clipboard; False where that is refused."""
        try:
            await self._clipboard.set(text)
        except Exception as error:  # noqa: BLE001 - whatever is in the way, nothing was copied
            log.info("nothing was copied: %s", type(error).__name__)
            return False
        return True

    async def paste(self) -> str:
        """The text on the clipboard; empty where there is none, or the browser refuses."""
        try:
            return await self._clipboard.get() or ""
        except RuntimeError:
            return ""

    async def open_settings(self) -> None:
        """Opens the device's settings for this app; browsers have none that a page may open."""
        if not self._page.web:
            from flet_geolocator import Geolocator  # noqa: PLC0415 - only here

            await Geolocator().open_app_settings()

    async def misses_notification(self) -> bool:
        """Whether the permission for the notification that stands while sharing is missing, and can be asked for."""
        return await self._notifications.is_missing()

    async def ask_for_notification(self) -> None:
        """Has the device ask for that permission."""
        await self._notifications.request()

    async def vibrate(self) -> None:
        """Shakes the device for a moment, where it can be shaken."""
        with contextlib.suppress(Exception):  # whatever is in the way, the screen says what is the matter
            await self._haptics.vibrate()  # type: ignore[no-untyped-call]
