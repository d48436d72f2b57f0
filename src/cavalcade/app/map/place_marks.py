"""Places on the map: a sign on a plate, beneath the people."""

from collections.abc import Callable, Sequence
from typing import Final

import flet as ft
import flet_map as fm

from cavalcade.app.session.places import PlaceView
from cavalcade.app.ui import parts
from cavalcade.app.ui.guard import Guard
from cavalcade.app.ui.palette import Palette
from cavalcade.client import PlaceKind

SIZE: Final = 40.0
SIGNS: Final = {
    PlaceKind.MEET: ft.Icons.FLAG,
    PlaceKind.FUEL: ft.Icons.LOCAL_GAS_STATION,
    PlaceKind.FOOD: ft.Icons.RESTAURANT,
    PlaceKind.VIEW: ft.Icons.LANDSCAPE,
    PlaceKind.HAZARD: ft.Icons.WARNING_AMBER,
    PlaceKind.PARKING: ft.Icons.LOCAL_PARKING,
    PlaceKind.CAMP: ft.Icons.CABIN,
    PlaceKind.NOTE: ft.Icons.STICKY_NOTE_2_OUTLINED,
}


class PlaceMarks:
    """All marks; each is made again only where it would look different.

    Attributes:
        layer: What the map holds.
    """

    def __init__(self, palette: Palette, guard: Guard, on_select: Callable[[int], None]) -> None:
        """Shows nothing yet.

        Args:
            palette: The appearance.
            guard: Through which Flet calls.
            on_select: Called with which place was tapped.
        """
        self._palette = palette
        self._guard = guard
        self._on_select = on_select
        self._shown: dict[int, tuple[PlaceView, fm.Marker]] = {}
        self.layer = fm.MarkerLayer(markers=[], rotate=True)

    def show(self, places: Sequence[PlaceView]) -> None:
        """Shows these; of two on one spot the one where the group meets, or the nearer one, lies above."""
        shown = {
            place.id: (place, known[1])
            if (known := self._shown.get(place.id)) is not None and _look(known[0]) == _look(place)
            else (place, self._mark(place))
            for place in places
        }
        if [marker for _, marker in shown.values()] != [marker for _, marker in self._shown.values()]:
            self.layer.markers = [marker for _, marker in reversed(shown.values())]
        self._shown = shown

    def paint(self, palette: Palette) -> None:
        """Draws the same in another appearance."""
        self._palette = palette
        places, self._shown = [place for place, _ in self._shown.values()], {}
        self.show(places)

    def _mark(self, place: PlaceView) -> fm.Marker:
        palette, is_hazard = self._palette, place.kind is PlaceKind.HAZARD
        tap = self._guard(self._on_select, place.id)
        plate = ft.Container(
            ft.Icon(SIGNS[place.kind], size=22, color=palette.danger if is_hazard else palette.ink),
            width=SIZE,
            height=SIZE,
            border_radius=11,
            bgcolor=palette.signal if place.is_called else palette.card,
            border=ft.Border.all(2, palette.danger if is_hazard else palette.ink_soft),
            alignment=ft.Alignment.CENTER,
            shadow=parts.shadow(palette, 6),
            on_click=tap,
        )
        return fm.Marker(
            content=ft.Semantics(
                container=True, label=place.said, button=True, exclude_semantics=True, on_tap=tap, content=plate
            ),
            coordinates=fm.MapLatitudeLongitude(*place.point),
            width=SIZE,
            height=SIZE,
        )


def _look(place: PlaceView) -> tuple[object, ...]:
    """What a mark's drawing depends on, where it is included."""
    return place.kind, place.said, place.point, place.is_called
