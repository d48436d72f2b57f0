"""A domain names the phone apps that may open its links, where their operator did."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from cavalcade.settings import SettingsError
from cavalcade.stack import caddy, programs
from cavalcade.stack.app_links import ANDROID, IOS, AppLinks
from tests.stack.doors import free_ports, running

if TYPE_CHECKING:
    from pathlib import Path

WELL_KNOWN = ASSET_LINKS, SITE_ASSOCIATION = "/.well-known/assetlinks.json", "/.well-known/apple-app-site-association"
PRINT = ":".join(f"{byte:02X}" for byte in range(32))


async def asked(links: AppLinks, directory: Path) -> dict[str, httpx.Response]:
    """What a system reads that has installed an app, and what the page is told of it."""
    [port] = free_ports(1)
    (directory / "page").mkdir()
    (directory / "page" / "index.html").write_text("{{ placeholder `http.vars.app_systems` | html }}")
    text = caddy.configuration(
        caddy.local_door(port),
        storage=directory / "caddy",
        backend=programs.backend("services", directory, 1),
        page=directory / "page",
        links=links,
    )
    async with running(text, directory, port), httpx.AsyncClient(base_url=f"http://localhost:{port}") as client:
        return {path: await client.get(path) for path in ("/", *WELL_KNOWN)}


async def test_named_apps_may_open_links(directory: Path) -> None:
    links = AppLinks.from_environment(
        {ANDROID: f"org.cavalcade.app={PRINT.lower()},{PRINT}", IOS: "ABCDE12345.org.cavalcade.app"}
    )
    said = await asked(links, directory)
    assert said["/"].text == "android ios"
    assert {said[path].headers["content-type"] for path in WELL_KNOWN} == {"application/json"}
    # As https://developer.android.com/training/app-links and Apple's "Supporting associated domains" want them.
    assert said[ASSET_LINKS].json() == [
        {
            "relation": ["delegate_permission/common.handle_all_urls"],
            "target": {
                "namespace": "android_app",
                "package_name": "org.cavalcade.app",
                "sha256_cert_fingerprints": [PRINT, PRINT],
            },
        }
    ]
    assert said[SITE_ASSOCIATION].json() == {
        "applinks": {"details": [{"appIDs": ["ABCDE12345.org.cavalcade.app"], "components": [{"/": "/j"}]}]}
    }


async def test_without_names_there_is_nothing(directory: Path) -> None:
    said = await asked(AppLinks.from_environment({}), directory)
    assert said["/"].text == ""
    assert {said[path].status_code for path in WELL_KNOWN} == {404}


@pytest.mark.parametrize(
    "environment",
    [
        {ANDROID: "org.cavalcade.app"},
        {ANDROID: f"app={PRINT}"},
        {ANDROID: "org.cavalcade.app=AA:BB"},
        {ANDROID: f"org.cavalcade.app={PRINT}`}}"},
        {IOS: "org.cavalcade.app"},
        {IOS: "ABCDE12345.org.cavalcade.app` }"},
    ],
)
def test_anything_else_is_refused(environment: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match=next(iter(environment))):
        AppLinks.from_environment(environment)
