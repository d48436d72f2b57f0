"""Makes what the app ships beside its code, and the page's letters. Run it after one of their sources changed.

Everything comes from one place: the shapes and fonts from the packages that the page is built with (`make page` fetches
them), the icon from the lines below, which are those of page/public/favicon.svg. The fonts need fontTools and Brotli:

    uv run --no-project --with fonttools --with brotli python tools/make_app_assets.py
"""

import json
import math
import struct
import sys
import zlib
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

ROOT = Path(__file__).parent.parent
MODULES = ROOT / "page" / "node_modules"
ASSETS = ROOT / "src" / "cavalcade" / "app" / "assets"
LETTERS = ROOT / "page" / "src" / "style" / "letters"
ICONS = ROOT / "mobile" / "assets"

SIGNAL, INK = (0xFF, 0xCD, 0x00), (0x14, 0x18, 0x1A)
Color = tuple[int, int, int]
FACES = {
    "Barlow-Medium": ("barlow", 500),
    "Barlow-SemiBold": ("barlow", 600),
    "BarlowSemiCondensed-Bold": ("barlow-semi-condensed", 700),
}
PAGE_FACES = (
    ("barlow", "latin", 500),
    ("barlow", "latin", 600),
    ("barlow", "latin-ext", 600),
    ("barlow-semi-condensed", "latin", 700),
)
LATIN = ["U+20-7E", "U+A0-FF", "U+131", "U+152-153", "U+2000-206F", "U+20AC", "U+2122", "U+2212"]
DIGITS = 2
"""Decimals of a degree: about a kilometre, which is finer than the source is drawn."""


def world(topology: dict) -> dict:
    """The outer lines of all countries, flat lists of longitude and latitude."""
    scale, translate = topology["transform"]["scale"], topology["transform"]["translate"]
    arcs = []
    for arc in topology["arcs"]:
        x = y = 0
        line = []
        for dx, dy in arc:
            x, y = x + dx, y + dy
            line.append((x * scale[0] + translate[0], y * scale[1] + translate[1]))
        arcs.append(line)

    def ring(indices: list[int]) -> list[tuple[float, float]]:
        points: list[tuple[float, float]] = []
        for index in indices:
            line = arcs[index] if index >= 0 else arcs[~index][::-1]
            points += line[1:] if points else line
        return points

    outlines = []
    for country in topology["objects"]["countries"]["geometries"]:
        polygons = [country["arcs"]] if country["type"] == "Polygon" else country["arcs"]
        for polygon in polygons:
            rounded = [(round(lon, DIGITS), round(max(-85.0, lat), DIGITS)) for lon, lat in ring(polygon[0])]
            kept = [rounded[0], *(b for a, b in pairwise(rounded) if a != b)]
            if len(kept) >= 4:
                outlines.append([number for point in kept for number in point])
    return {"source": "Natural Earth 1:110m, public domain, by way of world-atlas", "outlines": outlines}


def dots() -> list[tuple[float, float, float]]:
    """The mark's discs as (x, y, radius) in a square from -0.5 to 0.5: three riders and the dotted way they took."""
    riders = [(15.0, 49.0, 6.0), (30.0, 34.0, 7.0), (48.0, 15.0, 8.5)]
    way = [((14, 52), (14, 34), (30, 40), (32, 28)), ((32, 28), (34, 17), (42, 13), (51, 13))]
    points = [
        tuple(
            (1 - t) ** 3 * a + 3 * (1 - t) ** 2 * t * b + 3 * (1 - t) * t * t * c + t**3 * d
            for a, b, c, d in zip(*curve, strict=True)
        )
        for curve in way
        for t in (step / 200 for step in range(200))
    ]
    walked, due, dotted = 0.0, 0.0, []
    for here, there in pairwise(points):
        if walked >= due:
            due += 7
            if all(math.dist(here, rider[:2]) > rider[2] + 3.4 for rider in riders):
                dotted.append((*here, 1.9))
        walked += math.dist(here, there)
    return [(x / 64 - 0.5, y / 64 - 0.5, radius / 64) for x, y, radius in [*riders, *dotted]]


def mark(size: int, *, scale: float, ground: Color | None, ink: Color, corner: float) -> bytes:
    """The mark as a PNG with smooth edges.

    Args:
        size: Pixels on a side.
        scale: The mark's share of it.
        ground: What is behind it, or None for nothing.
        ink: The mark's colour.
        corner: The radius of the ground's corners, as a share of the size.
    """
    discs = [((x * scale + 0.5) * size, (y * scale + 0.5) * size, radius * scale * size) for x, y, radius in dots()]
    inner = (0.5 - corner) * size
    under = ground or ink
    rows = bytearray()
    for y in range(size):
        rows.append(0)
        near = [disc for disc in discs if abs(y + 0.5 - disc[1]) <= disc[2] + 1]
        for x in range(size):
            inked = max((_cover(math.hypot(x + 0.5 - u, y + 0.5 - v) - r) for u, v, r in near), default=0.0)
            opaque = inked
            if ground:
                aside = max(abs(x + 0.5 - size / 2) - inner, 0.0), max(abs(y + 0.5 - size / 2) - inner, 0.0)
                opaque = _cover(math.hypot(*aside) - corner * size) if corner else 1.0
            rows += bytes(round(under[i] + (ink[i] - under[i]) * inked) for i in range(3))
            rows.append(round(255 * opaque))
    return png(size, bytes(rows))


def _cover(outside: float) -> float:
    """How much of a pixel is covered by what ends so many pixels from its middle."""
    return min(1.0, max(0.0, 0.5 - outside))


def png(size: int, rows: bytes) -> bytes:
    """A PNG of 8-bit RGBA rows, each with its filter byte."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", size, size, 8, 6, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b"")


def fonts(folder: Path) -> None:
    """The page's faces as TrueType, which is what Flutter reads on phones; Latin and extended Latin in one file."""
    from fontTools.merge import Merger, Options  # noqa: PLC0415 - only this part needs it
    from fontTools.ttLib import TTFont  # noqa: PLC0415

    for face, (package, weight) in FACES.items():
        parts = []
        for subset in ("latin", "latin-ext"):
            font = TTFont(MODULES / "@fontsource" / package / "files" / f"{package}-{subset}-{weight}-normal.woff2")
            font.flavor = None
            parts.append(folder / f".{face}-{subset}.ttf")
            font.save(parts[-1])
        merged = Merger(options=Options(drop_tables=["GSUB", "GPOS", "GDEF"])).merge([str(part) for part in parts])
        merged.save(folder / f"{face}.ttf")
        for part in parts:
            part.unlink()
    _write_license(folder)


def letters(folder: Path) -> None:
    """The page's faces, nearly half as large as they come: hints are for screens coarser than any phone's."""
    from fontTools import subset  # noqa: PLC0415 - only this part needs it

    for package, range_, weight in PAGE_FACES:
        name = f"{package}-{range_}-{weight}-normal.woff2"
        wanted = f"--unicodes={','.join(LATIN) if range_ == 'latin' else '*'}"
        features = "--layout-features=kern,liga,locl,ccmp,mark,mkmk,tnum"
        source = MODULES / "@fontsource" / package / "files" / name
        subset.main([
            str(source), wanted, features, "--no-hinting", "--flavor=woff2", f"--output-file={folder / name}",
        ])  # fmt: skip
    _write_license(folder)


def _write_license(folder: Path) -> None:
    license_text = (MODULES / "@fontsource" / "barlow" / "LICENSE").read_text()
    (folder / "OFL.txt").write_text(license_text)


def main() -> None:
    """Makes everything, or what the arguments name."""
    parts: dict[str, Callable[[], None]] = {
        "world": _write_world,
        "icons": _write_icons,
        "fonts": lambda: fonts(ASSETS / "fonts"),
        "letters": lambda: letters(LETTERS),
    }
    LETTERS.mkdir(parents=True, exist_ok=True)
    (ASSETS / "fonts").mkdir(parents=True, exist_ok=True)
    ICONS.mkdir(parents=True, exist_ok=True)
    for name in sys.argv[1:] or parts:
        parts[name]()


def _write_world() -> None:
    topology = json.loads((MODULES / "world-atlas" / "countries-110m.json").read_text())
    text = json.dumps(world(topology), separators=(",", ":"))
    (ASSETS / "world.json").write_text(text + "\n")


def _write_icons() -> None:
    (ICONS / "icon.png").write_bytes(mark(1024, scale=0.86, ground=SIGNAL, ink=INK, corner=0))
    # Android's adaptive icons show the middle two thirds of the foreground.
    (ICONS / "icon_android.png").write_bytes(mark(1024, scale=0.60, ground=None, ink=INK, corner=0))
    (ICONS / "splash.png").write_bytes(mark(768, scale=0.86, ground=SIGNAL, ink=INK, corner=0.22))
    (ASSETS / "mark.png").write_bytes(mark(192, scale=0.86, ground=SIGNAL, ink=INK, corner=0.22))


if __name__ == "__main__":
    main()
