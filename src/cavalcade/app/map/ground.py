"""What lies beneath the people: streets from raster tiles, and country shapes with range rings where none come."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import flet_map as fm

from cavalcade.app.camera.framing import Camera, Point, Size, metres_per_pixel
from cavalcade.app.map import world
from cavalcade.app.map.rings import RINGS, ring_step
from cavalcade.app.ui.guard import Guard
from cavalcade.app.ui.palette import Palette

TOLERATED_FAILURES: Final = 3
"""So many tiles that did not come, and the streets count as missing; those that come later cover the shapes."""

SHAPES_DOWN_TO_ZOOM: Final = 9.0
"""Closer than this, coasts that are drawn for the whole world are hundreds of metres off."""

USER_AGENT: Final = "org.cavalcade.app"


@dataclass(frozen=True, slots=True)
class Tiles:
    """Where streets come from.

    The defaults are OpenStreetMap's own servers. Their policy asks clients to say their name, to show the attribution
    and to use them lightly; people who run Cavalcade for many others name other servers. Tiles that were seen are kept,
    by Flutter's map on a device and by the browser elsewhere, for as long as their server says.

    Attributes:
        url: With `{z}`, `{x}` and `{y}`.
        attribution: Who made the map.
        max_zoom: The closest zoom that the source has.
    """

    url: str = "https://tile.openstreetmap.org/{z}/{x}/{y}.png"
    attribution: str = "OpenStreetMap contributors"
    max_zoom: int = 19


class Ground:
    """The layers beneath the people.

    Attributes:
        layers: In the order of drawing.
    """

    def __init__(self, palette: Palette, tiles: Tiles, guard: Guard, on_change: Callable[[], None]) -> None:
        """Begins with streets alone.

        Args:
            palette: The appearance.
            tiles: Where streets come from.
            guard: Through which Flet calls.
            on_change: Called when there are other layers.
        """
        self._palette = palette
        self._on_change = on_change
        self._failures = 0
        self._camera: Camera | None = None
        self._me: Point | None = None
        self._drawn: tuple[object, ...] = ()
        self._tiles = fm.TileLayer(
            url_template=tiles.url,
            user_agent_package_name=USER_AGENT,
            max_native_zoom=tiles.max_zoom,
            on_image_error=guard(self._tile_failed),
        )
        self._attribution = tiles.attribution
        self._shapes = fm.PolygonLayer(polygons=[], polygon_labels=False)
        self._rings = fm.CircleLayer(circles=[])
        self.layers = self._make_layers()

    @property
    def is_bare(self) -> bool:
        """Whether streets are missing."""
        return self._failures >= TOLERATED_FAILURES

    @property
    def attribution(self) -> str | None:
        """Who made the streets; None where there are none."""
        return None if self.is_bare else self._attribution

    @property
    def background(self) -> str:
        """The colour beneath everything: from close by nothing is known of what is land."""
        is_far = self._camera is not None and self._camera.zoom < SHAPES_DOWN_TO_ZOOM
        return self._palette.sea if is_far and self.is_bare else self._palette.land

    def look(self, camera: Camera, size: Size, me: Point | None) -> None:
        """The camera has moved, or oneself has."""
        self._camera, self._me = camera, me
        if self.is_bare:
            self._draw(camera, size, me)

    def paint(self, palette: Palette) -> None:
        """Shows the same in another appearance; the streets stay, and are not asked for again."""
        self._palette = palette
        self._drawn = ()
        self._lay()

    def _tile_failed(self) -> None:
        self._failures += 1
        if self._failures == TOLERATED_FAILURES:
            self._lay()

    def _lay(self) -> None:
        if self.is_bare and self._camera is not None:
            self._draw(self._camera, Size(1280, 1280), self._me)
        self.layers = self._make_layers()
        self._on_change()

    def _draw(self, camera: Camera, size: Size, me: Point | None) -> None:
        """Draws shapes near the camera and rings around oneself; again only where they differ from before."""
        has_shapes = camera.zoom < SHAPES_DOWN_TO_ZOOM
        reach = min(180.0, 360 * max(size) / (512 * 2**camera.zoom)) if has_shapes else 0.0
        around = me or camera.center
        step = ring_step(metres_per_pixel(around.lat, round(camera.zoom)))
        cell = (round(camera.center.lat / 10), round(camera.center.lon / 10), round(camera.zoom)) if has_shapes else ()
        drawn = (has_shapes, cell, step, around)
        if drawn == self._drawn:
            return
        if self._drawn[:2] != drawn[:2]:
            self._shapes.polygons = self._land(camera, reach) if has_shapes else []
        self._drawn = drawn
        self._rings.circles = [self._ring(around, step * number) for number in range(1, RINGS + 1)] if step else []
        self._on_change()

    def _land(self, camera: Camera, reach: float) -> list[fm.PolygonMarker]:
        return [
            fm.PolygonMarker(
                coordinates=[fm.MapLatitudeLongitude(lat, lon) for lat, lon in outline],
                color=self._palette.land,
                border_color=self._palette.border,
                border_stroke_width=1,
            )
            for outline in world.near(camera.center, reach + 20)
        ]

    def _cover(self, color: str) -> fm.PolygonMarker:
        # Flutter's map draws a line over more than half the world, or along the antimeridian, the other way round.
        across = (-179.9, -90.0, 0.0, 90.0, 179.9)
        corners = [*((85.0, lon) for lon in across), *((-85.0, lon) for lon in reversed(across))]
        return fm.PolygonMarker(
            coordinates=[fm.MapLatitudeLongitude(lat, lon) for lat, lon in corners], color=color, border_stroke_width=0
        )

    def _ring(self, around: Point, radius: float) -> fm.CircleMarker:
        return fm.CircleMarker(
            radius=radius,
            coordinates=fm.MapLatitudeLongitude(*around),
            use_radius_in_meter=True,
            color="#00000000",
            border_color=self._palette.ring,
            border_stroke_width=1.2,
        )

    def _make_layers(self) -> list[fm.MapLayer]:
        bare: list[fm.MapLayer] = [self._shapes] if self.is_bare else []
        dim: list[fm.MapLayer] = []
        if self._palette.dim is not None and not self.is_bare:
            dim = [fm.PolygonLayer(polygons=[self._cover(self._palette.dim)], polygon_labels=False)]
        return [*bare, self._tiles, *dim, *([self._rings] if self.is_bare else [])]
