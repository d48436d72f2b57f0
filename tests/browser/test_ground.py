"""What lies beneath the people: streets where they can be had, and never nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from playwright.async_api import Route, expect

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.browser.conftest import Phone

    NewPhone = Callable[..., Awaitable[Phone]]

PLAIN = {"id": "background", "type": "background", "paint": {"background-color": "#f4e8d0"}}


def _tile_server(tiles: bool) -> Callable[[Route], Awaitable[None]]:
    """An imitation of the street map's server: a style whose tiles may or may not come."""
    if tiles:
        source = {"type": "geojson", "data": {"type": "FeatureCollection", "features": []}}
        layer = {"id": "streets", "type": "line", "source": "streets"}
    else:
        source = {"type": "raster", "tiles": ["https://tiles.openfreemap.org/{z}/{x}/{y}.png"]}
        layer = {"id": "streets", "type": "raster", "source": "streets"}
    sources = {"streets": source | {"attribution": "© OpenStreetMap contributors"}}
    style = {"version": 8, "sources": sources, "layers": [PLAIN, layer]}

    async def answer(route: Route) -> None:
        headers = {"Access-Control-Allow-Origin": "*"}
        if "/styles/" in route.request.url:
            await route.fulfill(content_type="application/json", body=json.dumps(style), headers=headers)
        else:
            await route.fulfill(status=503, headers=headers)

    return answer


async def test_without_a_street_map_the_built_in_shapes_and_rings_are_shown(
    cavalcade_url: str, new_phone: NewPhone
) -> None:
    phone = await new_phone()
    await phone.start(cavalcade_url)
    await expect(phone.page.locator(".ring-label")).to_have_count(3)
    await expect(phone.page.locator(".maplibregl-ctrl-attrib")).to_contain_text("Natural Earth")


async def test_streets_take_the_place_of_the_built_in_shapes(cavalcade_url: str, new_phone: NewPhone) -> None:
    phone = await new_phone()
    await phone.context.route("https://tiles.openfreemap.org/**", _tile_server(tiles=True))
    async with phone.page.expect_response("https://tiles.openfreemap.org/styles/liberty"):
        await phone.start(cavalcade_url)
    await expect(phone.avatar(1)).to_be_visible()
    await expect(phone.page.locator(".ring-label")).to_have_count(0)
    await expect(phone.page.locator(".maplibregl-ctrl-attrib")).to_contain_text("OpenStreetMap")


async def test_streets_whose_tiles_do_not_come_give_way(cavalcade_url: str, new_phone: NewPhone) -> None:
    phone = await new_phone(theme="dark")
    await phone.context.route("https://tiles.openfreemap.org/**", _tile_server(tiles=False))
    async with phone.page.expect_response("https://tiles.openfreemap.org/styles/dark"):
        await phone.start(cavalcade_url)
    await expect(phone.page.locator(".ring-label")).to_have_count(3)
    await expect(phone.page.locator(".maplibregl-ctrl-attrib")).to_contain_text("Natural Earth")
