"""Where the page's streets come from, and that the policy allows that and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

import pytest

from cavalcade.settings import MAP_SOURCES, MAP_STYLE, MAP_STYLE_DARK, MAP_TILES, SettingsError, StreetMap
from cavalcade.stack.street_map import HELSINKI, OPEN_FREE_MAP, content_security_policy, page_configuration

if TYPE_CHECKING:
    from pathlib import Path

STYLE = "https://maps.example.org/light.json"
SOCKETS = "wss://convoy.example.org"
DARK = "https://dark.example.org:8443/style.json"


def told(environment: dict[str, str], *, demo: bool = False) -> tuple[dict[str, str], dict[str, list[str]]]:
    """What the page is told, and what it may load."""
    streets = StreetMap.from_environment(environment)
    policy = content_security_policy(streets, SOCKETS, demo=demo)
    directives = {name: sources for name, *sources in (part.split() for part in policy.split("; "))}
    return dict(parse_qsl(page_configuration(streets, demo=demo), strict_parsing=True)), directives


def test_streets_come_from_openfreemap() -> None:
    page, policy = told({})
    assert page == {"tiles": OPEN_FREE_MAP}
    assert policy["connect-src"] == ["'self'", SOCKETS, "https://tiles.openfreemap.org"]


def test_the_convoy_rides_on_streets_that_need_no_third_party() -> None:
    page, policy = told({}, demo=True)
    assert page == {"tiles": HELSINKI}
    assert policy["connect-src"] == ["'self'", SOCKETS]
    assert {source for sources in policy.values() for source in sources if "//" in source} == {SOCKETS}


def test_a_file_of_ones_own_is_served_from_here(tmp_path: Path) -> None:
    file = tmp_path / "spain.pmtiles"
    file.write_bytes(b"PMTiles")
    for demo in (False, True):
        page, policy = told({MAP_TILES: str(file)}, demo=demo)
        assert page == {"tiles": "/tiles/own.pmtiles"}
        assert policy["connect-src"] == ["'self'", SOCKETS]


def test_a_style_of_somebody_elses_may_load_from_where_it_says() -> None:
    page, policy = told({MAP_STYLE: STYLE, MAP_STYLE_DARK: DARK, MAP_SOURCES: "https://t.example.org/a, https://u.org"})
    assert page == {"style": STYLE, "style_dark": DARK}
    elsewhere = ["https://dark.example.org:8443", "https://maps.example.org", "https://t.example.org", "https://u.org"]
    assert policy["connect-src"] == ["'self'", SOCKETS, *elsewhere]
    assert policy["img-src"] == ["'self'", "data:", "blob:", *elsewhere]
    assert policy["default-src"] == ["'self'"]


@pytest.mark.parametrize(
    ("environment", "problem"),
    [
        ({MAP_TILES: "/nowhere/spain.pmtiles"}, "CAVALCADE_MAP_TILES must be a .pmtiles file"),
        ({MAP_TILES: "https://x.org/a; script-src *"}, "CAVALCADE_MAP_TILES must be an address"),
        ({MAP_TILES: "ftp://x.org/a.pmtiles"}, "CAVALCADE_MAP_TILES must be an address"),
        ({MAP_STYLE: "light.json"}, "CAVALCADE_MAP_STYLE must be an address"),
        ({MAP_STYLE_DARK: DARK}, "CAVALCADE_MAP_STYLE_DARK goes with CAVALCADE_MAP_STYLE"),
        ({MAP_STYLE: STYLE, MAP_TILES: STYLE}, "exclude each other"),
        ({MAP_STYLE: STYLE, MAP_SOURCES: "*"}, "CAVALCADE_MAP_SOURCES must be an address"),
    ],
)
def test_what_cannot_be_used_is_refused_by_name(environment: dict[str, str], problem: str) -> None:
    with pytest.raises(SettingsError, match=problem):
        StreetMap.from_environment(environment)
