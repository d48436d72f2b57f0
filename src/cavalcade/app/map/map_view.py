"""The live map: who is where, the camera that keeps them in the picture, and the ground beneath."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from enum import Enum, auto
from typing import Final

import flet as ft
import flet_map as fm

from cavalcade.app.camera import framing, glide, steering
from cavalcade.app.camera.framing import Camera, Padding, Point, Size, Spot
from cavalcade.app.camera.glide import Glide
from cavalcade.app.camera.steering import Scene, Steering
from cavalcade.app.map import layout
from cavalcade.app.map.ground import Ground, Tiles
from cavalcade.app.map.layout import Side
from cavalcade.app.map.marks import Mark
from cavalcade.app.map.place_marks import PlaceMarks
from cavalcade.app.session.people import Person
from cavalcade.app.session.places import PlaceView
from cavalcade.app.ui.guard import Guard
from cavalcade.app.ui.palette import Palette
from cavalcade.domain.geo import distance_m
from cavalcade.strings import Words

FOLLOW_ZOOM: Final = 14.5
"""How close the map comes to somebody who is followed, unless it is closer already."""

STEP_PX: Final = 1.0
"""Each step of each mark is a message to Flutter, which draws the whole map for it: shorter ones are not sent."""

EASE_MS: Final = 500
_ANSWER_WITHIN_S: Final = 5.0
_FLUTTER_ZOOM: Final = 1.0
"""Flutter's map counts zooms in tiles of 256 px, `camera.framing` in tiles of 512."""

_SOMEWHERE: Final = Camera(Point(48.0, 10.0), 3.0)


class Mode(Enum):
    """Who moves the camera."""

    EVERYONE = auto()
    FOLLOWING = auto()
    BY_HAND = auto()


class MapView:
    """Draws people and moves the camera. Its methods only change controls; `update` sends what was changed.

    Attributes:
        mode: Who moves the camera.
        followed: Who is kept in the middle, in the mode `FOLLOWING`.
        control: What the screen holds.
    """

    def __init__(  # noqa: PLR0917
        self,
        palette: Palette,
        words: Words,
        tiles: Tiles,
        guard: Guard,
        on_select: Callable[[int], None],
        on_place: Callable[[int], None],
        on_mode: Callable[[], None],
    ) -> None:
        """An empty map.

        Args:
            palette: The appearance.
            words: What is said to those who hear the screen.
            tiles: Where streets come from.
            guard: Through which Flet calls.
            on_select: Called with whom somebody tapped.
            on_place: Called with which place somebody tapped.
            on_mode: Called when a hand took the camera over.
        """
        self.mode = Mode.EVERYONE
        self.followed: int | None = None
        self._palette = palette
        self._words = words
        self._guard = guard
        self._on_select = on_select
        self._on_mode = on_mode
        self._people: Sequence[Person] = ()
        self._marks: dict[int, Mark] = {}
        self._glides: dict[int, Glide] = {}
        self._sides: dict[int, Side] = {}
        self._steering = Steering()
        self._camera = _SOMEWHERE
        self._size = Size(390, 844)
        self._padding = Padding(0, 0, 0, 0)
        self._wants_fit = False
        self._is_reframed = False
        self._is_ready = self._is_changed = False
        self._moving = asyncio.Event()
        self._layer = fm.MarkerLayer(markers=[], rotate=True)
        self._places = PlaceMarks(palette, guard, on_place)
        self._ground = Ground(palette, tiles, guard, self._ground_changed)
        self._map = fm.Map(
            expand=True,
            initial_center=_position(_SOMEWHERE.center),
            initial_zoom=_SOMEWHERE.zoom + _FLUTTER_ZOOM,
            min_zoom=1,
            max_zoom=19,
            bgcolor=self._ground.background,
            layers=[*self._ground.layers, self._places.layer, self._layer],
            interaction_configuration=fm.InteractionConfiguration(
                flags=fm.InteractionFlag.ALL & ~fm.InteractionFlag.ROTATE
            ),
            on_init=guard(self._ready),
            on_position_change=guard(self._moved),
        )
        self.control = self._map

    def resize(self, size: Size, padding: Padding) -> None:
        """The picture has another size, or panels cover another part of it."""
        if (size, padding) != (self._size, self._padding):
            self._size, self._padding = size, padding
            self._is_reframed = True

    def show(self, people: Sequence[Person], now: int) -> None:
        """Draws everybody as they are now.

        Args:
            people: All of them.
            now: ms on the server's clock.
        """
        self._people = people
        clock = _clock()
        here = {person.id: person for person in people if person.point is not None}
        changed = False
        for gone in self._marks.keys() - here.keys():
            del self._marks[gone], self._glides[gone]
            changed = True
        for one, person in here.items():
            assert person.point is not None
            if one in self._marks:
                self._glides[one].move_to(person.point, clock)
                self._marks[one].show(person)
            else:
                self._glides[one] = Glide(person.point, clock)
                self._marks[one] = Mark(
                    person, person.point, self._palette, self._words, self._guard(self._on_select, one)
                )
                changed = True
        if changed:
            # Oneself above all, and fresh positions above old ones.
            order = sorted(here.values(), key=lambda one: (one.is_me, not one.is_stale, -one.id))
            self._layer.markers = [self._marks[one.id].marker for one in order]
        self._steer(now)
        self._arrange()
        self._is_changed = True
        self._moving.set()

    def show_places(self, places: Sequence[PlaceView]) -> None:
        """Draws the places, beneath the people."""
        self._places.show(places)

    def paint(self, palette: Palette, words: Words) -> None:
        """Draws the same in another appearance or language; the camera, and who moves it, stay."""
        self._palette, self._words = palette, words
        self._ground.paint(palette)
        self._places.paint(palette)
        for mark in self._marks.values():
            mark.paint(palette, words)

    def show_everyone(self) -> None:
        """Keeps everybody in the picture from now on."""
        self.mode, self.followed = Mode.EVERYONE, None
        self._steering = replace(self._steering, camera=self._camera)
        self._wants_fit = True

    def follow(self, one: int) -> bool:
        """Keeps one person in the middle from now on; False where nothing is known of where they are."""
        if one not in self._glides:
            return False
        self.mode, self.followed = Mode.FOLLOWING, one
        self._center(zoom=max(self._camera.zoom, FOLLOW_ZOOM))
        return True

    async def animate(self, seen: Callable[[], Awaitable[None]]) -> None:
        """Moves markers smoothly, in steps; runs for as long as the map is shown.

        Args:
            seen: Returns once somebody can look at the map.
        """
        before: list[int] = []
        while True:
            await seen()
            await self._moving.wait()
            now = _clock()
            moving = [one for one, motion in self._glides.items() if motion.is_moving(now)]
            steps = {
                one: at for one, motion in self._glides.items() if self._is_step(one, at := motion.at(now), moving)
            }
            for one, at in steps.items():
                self._marks[one].move(at)
            if steps or self._is_changed:
                self._is_changed = False
                self.update()
            # The step that a motion ends with is one, too.
            if self.mode is Mode.FOLLOWING and self.followed in {*before, *moving}:
                self._center()
            before = moving
            if not moving:
                self._moving.clear()
            await asyncio.sleep(glide.step_s(len(moving)))

    def _is_step(self, one: int, at: Point, moving: Sequence[int]) -> bool:
        """Whether a mark is to be moved: by less than can be seen it is not, but to where its motion ends."""
        shown = self._marks[one].at
        if at == shown or one not in moving:
            return at != shown
        metres = STEP_PX * framing.metres_per_pixel(at.lat, self._camera.zoom)
        return distance_m(*shown, *at) >= metres

    def update(self) -> None:
        """Sends what was changed, once the map is on the screen."""
        if self._is_ready:
            self._layer.update()

    def _arrange(self) -> None:
        """Draws discs that would lie on one another apart, and names where there is room."""
        spots = {
            one: framing.to_screen(self._camera, motion.target, self._size) for one, motion in self._glides.items()
        }
        me = next((person.id for person in self._people if person.is_me), None)
        offsets = layout.spread(spots, me)
        ranked = sorted(self._people, key=lambda one: (not one.is_me, one.id != self.followed, one.is_stale))
        labels = [
            self._marks[one.id].label(Spot(spots[one.id].x + offsets[one.id].x, spots[one.id].y + offsets[one.id].y))
            for one in ranked
            if one.id in spots
        ]
        self._sides = layout.place_labels(labels, self._size, self._sides)
        for one, mark in self._marks.items():
            mark.arrange(offsets[one], self._sides[one])

    def _steer(self, now: int) -> None:
        if self.mode is not Mode.EVERYONE or not self._is_ready:
            return
        sightings = [sighting for person in self._people if (sighting := person.sighting) is not None]
        scene = Scene(
            now,
            sightings,
            self._size,
            self._padding,
            is_wanted=self._wants_fit,
            is_reframed=self._is_reframed,
        )
        self._steering, move = steering.steer(self._steering, scene)
        self._is_reframed = self._is_reframed and not sightings
        if move is not None:
            self._wants_fit = False
            self._go(move.camera, ease_ms=EASE_MS if move.is_eased else 0)

    def _center(self, zoom: float | None = None) -> None:
        if self.followed in self._glides:
            at = self._glides[self.followed].at(_clock())
            self._go(
                framing.center_camera(
                    at,
                    self._camera.zoom if zoom is None else zoom,
                    framing.roomy_padding(self._size, self._padding),
                ),
                ease_ms=EASE_MS if zoom is not None else 150,
            )

    def _go(self, camera: Camera, *, ease_ms: int) -> None:
        self._camera = camera
        self._ground.look(camera, self._size, self._me())
        if self._is_ready:
            self._guard.begin(self._send, camera, ease_ms)

    async def _send(self, camera: Camera, ease_ms: int) -> None:
        # A page that is reloaded meanwhile never answers; it asks for its camera again.
        with suppress(TimeoutError):
            async with asyncio.timeout(_ANSWER_WITHIN_S):
                await self._map.move_to(
                    _position(camera.center),
                    zoom=camera.zoom + _FLUTTER_ZOOM,
                    animation_duration=ft.Duration(milliseconds=max(1, ease_ms)),
                    animation_curve=ft.AnimationCurve.EASE_IN_OUT,
                    cancel_ongoing_animations=True,
                )

    def _ready(self) -> None:
        self._is_ready = True
        self._wants_fit = self._wants_fit or self._steering.camera is not None
        self._moving.set()
        self._go(self._camera, ease_ms=0)
        self._on_mode()

    def _moved(self, event: fm.MapPositionChangeEvent) -> None:
        if not event.has_gesture:
            return
        center = event.camera.center
        self._camera = Camera(Point(center.latitude, center.longitude), event.camera.zoom - _FLUTTER_ZOOM)
        self._ground.look(self._camera, self._size, self._me())
        if self.mode is not Mode.BY_HAND:
            self.mode, self.followed = Mode.BY_HAND, None
            self._on_mode()

    def _me(self) -> Point | None:
        return next((person.point for person in self._people if person.is_me), None)

    @property
    def attribution(self) -> str:
        """Who made what lies beneath the people."""
        return self._ground.attribution or self._words.say("map.builtIn")

    def _ground_changed(self) -> None:
        self._map.layers = [*self._ground.layers, self._places.layer, self._layer]
        self._map.bgcolor = self._ground.background
        if self._is_ready:
            self._map.update()


def _position(point: Point) -> fm.MapLatitudeLongitude:
    return fm.MapLatitudeLongitude(latitude=point.lat, longitude=point.lon)


def _clock() -> int:
    return int(time.monotonic() * 1000)
