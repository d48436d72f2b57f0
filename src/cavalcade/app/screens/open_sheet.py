"""The sheet that lies over a screen."""

import flet as ft

from cavalcade.app.screens.base import ScreenContext, Sheet, SheetMaker, keep_written


class OpenSheet:
    """The sheet that lies over the screen.

    Attributes:
        control: What the page shows.
        refresh: Shows in it what has changed.
    """

    def __init__(self, make: SheetMaker, sheet: Sheet) -> None:
        self._make = make
        self._fields = sheet.fields
        self.refresh = sheet.refresh
        # What scrolls is not made again, so that it stays where it was.
        self._column = ft.Column([sheet.content], scroll=ft.ScrollMode.AUTO if sheet.is_tall else None, tight=True,
                                 horizontal_alignment=ft.CrossAxisAlignment.STRETCH)  # fmt: skip
        # Its colour is the theme's: Flutter reads one of its own only when it opens.
        self.control = ft.BottomSheet(
            ft.Container(self._column, padding=ft.Padding.only(left=22, right=22, bottom=26), width=560),
            show_drag_handle=True,
            scrollable=True,
            use_safe_area=True,
            shape=ft.RoundedRectangleBorder(radius=ft.BorderRadius.only(top_left=28, top_right=28)),
        )

    def paint(self, around: ScreenContext) -> bool:
        """Shows the same in another appearance or language; False where there is nothing to show any more."""
        sheet = self._make(around)
        if sheet is None:
            return False
        keep_written(self._fields, sheet.fields)
        self._fields, self.refresh = sheet.fields, sheet.refresh
        self._column.controls = [sheet.content]
        return True
