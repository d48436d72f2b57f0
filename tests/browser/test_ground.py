"""What lies beneath the people: streets where they can be had, and never nothing."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.async_api import Request, Route, WebSocketRoute, expect

from tests.browser.conftest import running_cavalcade

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from tests.browser.conftest import Phone

    NewPhone = Callable[..., Awaitable[Phone]]

HELSINKI_TILES = Path(__file__).parents[2] / "page" / "public" / "tiles" / "helsinki.pmtiles"
PLANET = "https://tiles.openfreemap.org/planet"
STYLES = "https://maps.example.org"
PICTURE = HELSINKI_TILES.parents[1] / "icon-192.png"
MAP_MS = 20_000
"""A software renderer on a busy machine takes its time for a map; until then people are on the sketch."""


# A vector tile that is all water: one layer of version 2 with one square, from corner to corner.
_SQUARE = bytes([0x18, 0x03, 0x22, 0x0E, 0x09, 0, 0, 0x1A, 0x80, 0x40, 0, 0, 0x80, 0x40, 0xFF, 0x3F, 0, 0x0F])
_LAYER = b"\x78\x02\x0a\x05water" + bytes([0x12, len(_SQUARE)]) + _SQUARE + b"\x28\x80\x20"
WATER = bytes([0x1A, len(_LAYER)]) + _LAYER


def _openfreemap(status: int, tile: bytes = b"") -> Callable[[Route], Awaitable[None]]:
    """An imitation of the default street map's server, which answers so wherever it is asked for a tile."""
    tile_json = {
        "tilejson": "3.0.0",
        "tiles": [f"{PLANET}/a_version/{{z}}/{{x}}/{{y}}.pbf"],
        "maxzoom": 14,
        "bounds": [-180, -85, 180, 85],
        "attribution": "<a href='https://openfreemap.org'>OpenFreeMap</a> © OpenStreetMap",
    }

    async def answer(route: Route) -> None:
        headers = {"Access-Control-Allow-Origin": "*"}
        if route.request.url == PLANET:
            await route.fulfill(content_type="application/json", body=json.dumps(tile_json), headers=headers)
        else:
            await route.fulfill(status=status, content_type="application/x-protobuf", body=tile, headers=headers)

    return answer


@pytest.fixture(scope="module")
async def own_tiles_url() -> AsyncIterator[str]:
    """A Cavalcade with a street map of its operator's own."""
    async with running_cavalcade(CAVALCADE_MAP_TILES=str(HELSINKI_TILES)) as url:
        yield url


@pytest.fixture(scope="module")
async def own_style_url() -> AsyncIterator[str]:
    """A Cavalcade whose operator names the styles of somebody else."""
    styles = {"CAVALCADE_MAP_STYLE": f"{STYLES}/light.json", "CAVALCADE_MAP_STYLE_DARK": f"{STYLES}/dark.json"}
    async with running_cavalcade(**styles) as url:
        yield url


async def test_without_a_street_map_the_built_in_shapes_and_rings_are_shown(
    cavalcade_url: str, new_phone: NewPhone
) -> None:
    phone = await new_phone()
    await phone.start(cavalcade_url)
    await expect(phone.page.locator(".ring-label")).to_have_count(3, timeout=MAP_MS)
    await expect(phone.page.locator(".maplibregl-ctrl-attrib")).to_contain_text("Natural Earth", timeout=MAP_MS)


@pytest.mark.parametrize("do_shapes_fail", [True, False], ids=["they_fail", "they_never_come"])
async def test_without_the_shapes_too_there_are_rings(
    cavalcade_url: str, new_phone: NewPhone, do_shapes_fail: bool
) -> None:
    phone = await new_phone()

    async def answer(route: Route) -> None:
        if do_shapes_fail:
            await route.abort()

    await phone.context.route("**/countries-*.json", answer)
    await phone.start(cavalcade_url)
    await expect(phone.page.locator(".streets .people-layer")).to_be_attached(timeout=MAP_MS)
    await expect(phone.page.locator(".streets .ring-label")).to_have_count(3, timeout=MAP_MS)


async def test_streets_take_the_place_of_the_built_in_shapes(cavalcade_url: str, new_phone: NewPhone) -> None:
    phone = await new_phone()
    await phone.context.route(f"{PLANET}**", _openfreemap(200, WATER))
    async with phone.page.expect_response(f"{PLANET}/a_version/**"):
        await phone.start(cavalcade_url)
    await expect(phone.avatar(1)).to_be_visible()
    await expect(phone.page.locator(".ring-label")).to_have_count(0)
    await expect(phone.page.locator(".maplibregl-ctrl-attrib")).to_contain_text("OpenStreetMap", timeout=MAP_MS)


async def test_streets_whose_tiles_do_not_come_give_way(cavalcade_url: str, new_phone: NewPhone) -> None:
    phone = await new_phone(theme="dark")
    await phone.context.route(f"{PLANET}**", _openfreemap(503))
    async with phone.page.expect_response(PLANET):
        await phone.start(cavalcade_url)
    await expect(phone.page.locator(".ring-label")).to_have_count(3, timeout=MAP_MS)
    await expect(phone.page.locator(".maplibregl-ctrl-attrib")).to_contain_text("Natural Earth", timeout=MAP_MS)


@pytest.mark.parametrize("status", [404, 204, 200], ids=["not_found", "no_content", "empty"])
async def test_where_tiles_have_nothing_there_are_rings(cavalcade_url: str, new_phone: NewPhone, status: int) -> None:
    phone = await new_phone()
    await phone.context.route(f"{PLANET}**", _openfreemap(status))
    async with phone.page.expect_response(f"{PLANET}/a_version/**"):
        await phone.start(cavalcade_url)
    await expect(phone.page.locator(".streets .ring-label")).to_have_count(3, timeout=MAP_MS)


LOSE = """() => {
  const canvas = document.querySelector(".maplibregl-canvas");
  window.graphics = canvas.getContext("webgl2").getExtension("WEBGL_lose_context");
  window.graphics.loseContext();
}"""


async def test_graphics_that_come_back_show_what_is_there_by_then(cavalcade_url: str, new_phone: NewPhone) -> None:
    anna, ben, cora = await new_phone(), await new_phone(east=100), await new_phone(east=300)
    link = await anna.start(cavalcade_url)
    await ben.join(link, "Ben")
    await cora.join(link, "Cora")
    await expect(anna.page.locator(".streets .avatar")).to_have_count(3, timeout=MAP_MS)
    await anna.page.evaluate(LOSE)
    await expect(anna.page.locator(".sketch .avatar")).to_have_count(3)
    await anna.page.emulate_media(color_scheme="dark")
    await cora.open_panel("menu")
    await cora.button("Leave the session").click()
    await expect(cora.page.get_by_role("heading", name="You left")).to_be_visible()
    await ben.move(400)
    await expect(anna.page.locator(".sketch .avatar")).to_have_count(2)
    await anna.page.evaluate("window.graphics.restoreContext()")
    await expect(anna.page.locator(".streets .avatar")).to_have_count(2, timeout=MAP_MS)
    await expect(anna.page.locator(".sketch")).to_have_count(0)
    await expect(anna.page.locator(".streets .ring-label")).to_have_count(3, timeout=MAP_MS)
    await expect(anna.page.locator(".streets")).to_have_css("background-color", "rgb(18, 23, 25)")
    await ben.move(500)
    await anna.open_panel("people")
    await expect(anna.row("Ben").locator(".whereabouts")).to_contain_text("500 m")


async def test_two_people_at_a_pole_are_in_view(cavalcade_url: str, new_phone: NewPhone) -> None:
    anna, ben = await new_phone(), await new_phone()
    await anna.context.set_geolocation({"latitude": 89.999, "longitude": 10, "accuracy": 6})
    await ben.context.set_geolocation({"latitude": 89.998, "longitude": 11, "accuracy": 6})
    link = await anna.start(cavalcade_url)
    await anna.page.locator(".panel-head .icon-button").click()
    await ben.join(link, "Ben")
    await expect(anna.page.locator(".streets .avatar")).to_have_count(2, timeout=MAP_MS)
    await anna.until("""[...document.querySelectorAll(".avatar-disc")].every((disc) => {
      const { top, bottom } = disc.getBoundingClientRect();
      const lowest = document.querySelector(".dock").getBoundingClientRect().top;
      return top > document.querySelector(".top").getBoundingClientRect().bottom && bottom < lowest;
    })""")


async def test_streets_of_ones_own_need_no_third_party(own_tiles_url: str, new_phone: NewPhone) -> None:
    phone = await new_phone()
    asked: list[str] = []
    phone.page.on("request", lambda request: asked.append(request.url))
    async with phone.page.expect_response(lambda response: response.url.endswith("/tiles/own.pmtiles")) as answered:
        await phone.start(own_tiles_url)
    assert (await answered.value).status == 206
    await expect(phone.page.locator(".maplibregl-ctrl-attrib")).to_contain_text("OpenStreetMap", timeout=MAP_MS)
    await expect(phone.page.locator(".ring-label")).to_have_count(0)
    await phone.screenshot("phone-light-streets")
    assert [url for url in asked if not url.startswith((own_tiles_url, "blob:", "data:"))] == []
    assert not any("whole_map_library" in url for url in asked), "it is for styles of somebody else's"


async def test_the_first_tiles_are_read_once(own_tiles_url: str, new_phone: NewPhone) -> None:
    phone = await new_phone()
    asked: list[str | None] = []

    def note(request: Request) -> None:
        if request.url.endswith("/tiles/own.pmtiles"):
            asked.append(request.headers.get("range"))

    phone.page.on("request", note)
    await phone.start(own_tiles_url)
    await expect(phone.page.locator(".streets .people-layer")).to_be_attached(timeout=MAP_MS)
    assert len(asked) >= 2, "the head of the archive, and a tile"
    assert len(asked) == len(set(asked)), f"asked for more than once: {asked}"


async def test_where_streets_are_is_asked_before_the_map_library(own_tiles_url: str, new_phone: NewPhone) -> None:
    """On a slow line the library takes seconds, and what is asked for after it comes after it."""
    phone = await new_phone()
    link = await phone.start(own_tiles_url)
    await phone.page.goto("about:blank")
    asked: list[str] = []
    is_asked = asyncio.Event()

    def note(request: Request) -> None:
        name = request.url.rpartition("/")[2]
        asked.append(name.partition("-")[0])
        if name == "own.pmtiles":
            is_asked.set()

    async def open_late(socket: WebSocketRoute) -> None:
        await is_asked.wait()
        socket.connect_to_server()

    phone.page.on("request", note)
    await phone.page.route_web_socket("**/socket/websocket**", open_late)
    await phone.page.goto(link)
    await expect(phone.page.locator(".streets .people-layer")).to_be_attached(timeout=MAP_MS)
    assert asked.index("own.pmtiles") < asked.index("lean_map_library")


NOTE_WHEN = """
    window.isOpen = false;
    const Native = window.WebSocket;
    window.WebSocket = class extends Native {
        constructor(...given) {
            super(...given);
            this.addEventListener("open", () => { window.isOpen = true; });
        }
    };
    new MutationObserver((_, observer) => {
        if (!document.querySelector(".map")) return;
        window.drawnAt = performance.now();
        observer.disconnect();
    }).observe(document, { childList: true, subtree: true });
"""


async def test_what_draws_streets_is_asked_for_before_the_page_is_drawn(
    own_tiles_url: str, new_phone: NewPhone
) -> None:
    """A slow phone draws the page for a quarter of a second, in which a slow line would lie idle."""
    phone = await new_phone()
    link = await phone.start(own_tiles_url)
    await phone.page.goto("about:blank")

    async def hold(route: Route) -> None:
        await phone.until("window.isOpen")
        await route.continue_()

    await phone.page.add_init_script(NOTE_WHEN)
    await phone.page.route("**/assets/index-*.js", hold)
    await phone.page.goto(link)
    await expect(phone.page.locator(".streets .people-layer")).to_be_attached(timeout=MAP_MS)
    asked_at = await phone.page.evaluate(
        "performance.getEntriesByType('resource').find(({ name }) => name.includes('lean_map_library')).startTime"
    )
    assert asked_at < await phone.page.evaluate("window.drawnAt")


async def test_beyond_a_region_of_streets_there_are_rings_again(own_tiles_url: str, new_phone: NewPhone) -> None:
    phone = await new_phone()
    await phone.move(20_000)
    await phone.start(own_tiles_url)
    await expect(phone.page.locator(".ring-label")).to_have_count(3, timeout=MAP_MS)


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_a_style_of_somebody_elses_is_shown_as_it_is(own_style_url: str, new_phone: NewPhone, theme: str) -> None:
    """It may be of anything that the map library knows, of which the page's own style needs a part."""
    phone = await new_phone(theme=theme)
    asked: list[str] = []
    phone.page.on("request", lambda request: asked.append(request.url.rpartition("/")[2].partition("-")[0]))
    point = {"type": "Feature", "properties": {}, "geometry": {"type": "Point", "coordinates": [24.94, 60.17]}}
    corners = [[24.9, 60.2], [25.0, 60.2], [25.0, 60.1], [24.9, 60.1]]
    house = {
        "type": "Feature",
        "properties": {},
        "geometry": {"type": "Polygon", "coordinates": [[*corners, corners[0]]]},
    }
    shapes = {"type": "FeatureCollection", "features": [point, house]}
    style = {
        "version": 8,
        "projection": {"type": "globe"},
        "sky": {"atmosphere-blend": 0.8},
        "sources": {
            "shapes": {"type": "geojson", "data": shapes, "attribution": f"The {theme} one"},
            "picture": {"type": "image", "url": f"{STYLES}/picture.png", "coordinates": corners},
        },
        "layers": [
            {"id": "picture", "type": "raster", "source": "picture"},
            {"id": "heat", "type": "heatmap", "source": "shapes", "filter": ["==", ["geometry-type"], "Point"]},
            {"id": "houses", "type": "fill-extrusion", "source": "shapes", "paint": {"fill-extrusion-height": 9}},
            {"id": "near", "type": "circle", "source": "shapes", "filter": ["<", ["distance", point["geometry"]], 9]},
        ],
    }

    async def answer(route: Route) -> None:
        headers = {"Access-Control-Allow-Origin": "*"}
        if route.request.url == f"{STYLES}/{theme}.json":
            await route.fulfill(json=style, headers=headers)
        else:
            await route.fulfill(path=PICTURE, headers=headers)

    await phone.context.route(f"{STYLES}/**", answer)
    await phone.start(own_style_url)
    await expect(phone.page.locator(".streets .people-layer")).to_be_attached(timeout=MAP_MS)
    await expect(phone.page.locator(".maplibregl-ctrl-attrib")).to_contain_text(f"The {theme} one", timeout=MAP_MS)
    await phone.screenshot(f"phone-{theme}-somebody-elses")
    assert {"whole_map_library", "picture.png"} <= set(asked)
    assert not {"lean_map_library", "street_worker"} & set(asked)
