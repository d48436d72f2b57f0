"""Painted in another appearance, things look as if they had been made in it, and keep what one looks at."""

import dataclasses
import re
from pathlib import Path
from typing import Any

import flet as ft
import flet_map as fm
import pytest

from cavalcade.app.camera.framing import Camera, Point, Size
from cavalcade.app.device.store import DiskStore
from cavalcade.app.map.ground import TOLERATED_FAILURES, Ground, Tiles
from cavalcade.app.map.map_view import MapView, Mode
from cavalcade.app.screens.base import ScreenContext, keep_written
from cavalcade.app.screens.live_session import SessionScreen
from cavalcade.app.screens.people_list import PeopleList
from cavalcade.app.session.controller import AppDefaults, Controller
from cavalcade.app.session.people import people
from cavalcade.app.ui.guard import Guard
from cavalcade.app.ui.palette import DARK, LIGHT, Palette
from cavalcade.app.ui.parts import Slot
from cavalcade.strings import words
from tests.app.sources import MovedByHand
from tests.app.test_guard import NoDevice
from tests.app.test_people import FORM, KNOWN, NOW

COLOR = re.compile(r"#(?:[0-9a-f]{2})?[0-9a-f]{6}")
GUARD = Guard(lambda _: None)


def colors(thing: object) -> list[str]:
    """All colours of a control and of whatever is in it, in their order."""
    if isinstance(thing, str):
        return [thing] if COLOR.fullmatch(thing) else []
    if isinstance(thing, list | tuple):
        return [color for one in thing for color in colors(one)]
    if dataclasses.is_dataclass(thing) and not isinstance(thing, type):
        return [color for one in dataclasses.fields(thing) for color in colors(getattr(thing, one.name, None))]
    return []


@pytest.fixture
def surroundings(tmp_path: Path) -> dict[Palette, ScreenContext]:
    app = Controller(DiskStore(tmp_path), lambda _: MovedByHand(), AppDefaults("http://localhost:1"), lambda _: None)
    return {palette: ScreenContext(app, NoDevice(), GUARD, palette, Tiles(), lambda: None) for palette in (LIGHT, DARK)}


def a_map(palette: Palette) -> MapView:
    view = MapView(palette, words("en"), Tiles(), GUARD, lambda _: None, lambda _: None, lambda: None)
    view.show(people(KNOWN, FORM), NOW)
    return view


def markers(view: MapView) -> list[fm.Marker]:
    layer = view.control.layers[-1]
    assert isinstance(layer, fm.MarkerLayer)
    return layer.markers


async def test_the_map_changes_its_colours_and_nothing_else() -> None:
    view = a_map(LIGHT)
    assert view.follow(2)
    control, marks = view.control, markers(view)
    view.paint(DARK, words("en"))
    assert colors(view.control) == colors(a_map(DARK).control) != colors(a_map(LIGHT).control)
    assert (view.mode, view.followed, view.control) == (Mode.FOLLOWING, 2, control)
    assert [id(mark) for mark in markers(view)] == [id(mark) for mark in marks]


@pytest.mark.parametrize("failures", [0, TOLERATED_FAILURES])
async def test_the_ground_keeps_its_streets(failures: int) -> None:
    def ground(palette: Palette) -> Ground:
        made = Ground(palette, Tiles(), GUARD, lambda: None)
        made.look(Camera(Point(48, 10), 4), Size(390, 844), Point(48, 10))
        return made

    painted, made = ground(LIGHT), ground(DARK)
    streets: Any = painted.layers[0]
    for one in (painted, made):
        tiles: Any = one.layers[0]
        for _ in range(failures):
            await tiles.on_image_error(None)
    painted.paint(DARK)
    assert streets in painted.layers
    assert colors(painted.layers) == colors(made.layers) != []
    assert painted.background == made.background


async def test_the_list_keeps_its_column(surroundings: dict[Palette, ScreenContext]) -> None:
    painted, made = (PeopleList(surroundings[palette], lambda _: None) for palette in (LIGHT, DARK))
    painted.show(people(KNOWN, FORM))
    column = painted.control
    painted.paint(surroundings[DARK])
    for one in (painted, made):
        one.show(people(KNOWN, FORM))
    assert colors(painted.control) == colors(made.control) != []
    assert painted.control is column


async def test_the_session_keeps_its_map(surroundings: dict[Palette, ScreenContext]) -> None:
    screen = SessionScreen(surroundings[LIGHT])
    control, view = screen.control, screen.map.control
    screen.paint(surroundings[DARK])
    assert colors(screen.control) == colors(SessionScreen(surroundings[DARK]).control)
    assert (screen.control, screen.map.control) == (control, view)


def test_a_place_that_forgot_its_look_is_filled_again() -> None:
    slot = Slot()
    slot.fill("look", lambda: ft.Text("light"))
    slot.fill("look", lambda: ft.Text("kept"))
    assert getattr(slot.control.content, "value", "") == "light"
    slot.forget()
    slot.fill("look", lambda: ft.Text("dark"))
    assert getattr(slot.control.content, "value", "") == "dark"


def test_what_was_written_is_in_the_field_that_takes_its_place() -> None:
    before, after = ft.TextField(value="Zo"), ft.TextField(value="")
    keep_written([before], [after])
    assert after.value == "Zo"
