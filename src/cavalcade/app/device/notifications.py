"""The permission to show the notification that stands while a position is shared, as Android 13 and later want it.

Positions are shared without it too. What is missing then is the sign of it, and the way to stop it.
"""

import asyncio
import logging
from typing import Any, Final

import flet as ft

log = logging.getLogger(__name__)

ANSWER_WITHIN_S: Final = 60.0
"""A question waits for a person."""


class NotificationPermission:
    """Asks Android; everywhere else there is nothing to ask."""

    def __init__(self, page: ft.Page) -> None:
        """Asks nothing yet."""
        self._page = page
        self._handler: Any = None

    async def is_missing(self) -> bool:
        """Whether it was not given, and can still be asked for."""
        if self._page.web or self._page.platform is not ft.PagePlatform.ANDROID:
            return False
        return await self._ask("get_status") == "denied"

    async def request(self) -> None:
        """Has Android ask for it. The reason was given before: Android shows none."""
        await self._ask("request")

    async def _ask(self, question: str) -> str | None:
        # Packed for phones alone: there is no other place where it is needed.
        from flet_permission_handler import Permission, PermissionHandler  # noqa: PLC0415

        try:
            self._handler = self._handler or PermissionHandler()
            async with asyncio.timeout(ANSWER_WITHIN_S):
                status = await getattr(self._handler, question)(Permission.NOTIFICATION)
        except Exception as error:  # noqa: BLE001 - sharing goes on without it
            log.info("the permission for the notification is not known: %s", type(error).__name__)
            return None
        return None if status is None else str(status.value)
