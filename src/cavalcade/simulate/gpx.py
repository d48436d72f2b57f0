"""Routes from GPX files, read as `client.place_files` reads waypoints.

Real files have bad parts: a point without a place, a track that was never recorded. What is good is taken, and what was
left out is said in a line.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cavalcade.client.place_files.texts import decoded
from cavalcade.client.place_files.xml_scanner import scan
from cavalcade.simulate.route import Route, RoutePoint

MAX_SIZE: Final = 64 * 1024 * 1024
"""The largest file read, bytes; a day's track of one fix a second has about 10 million."""

_UNREADABLE: Final = "points that cannot be read"


class GpxError(Exception):
    """A file that no route can be made of; the message is fit for a person."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What files gave.

    Attributes:
        routes: One for each file that has one.
        left_out: A line for each file with something that could not be used, fit for a person.
    """

    routes: Sequence[Route]
    left_out: Sequence[str] = ()


def read_routes(path: Path) -> Reading:
    """Reads a GPX file, or every `.gpx` of a folder in the order of their names.

    Raises:
        GpxError: The file cannot be read or holds no route, or no file of the folder does.
    """
    if not path.is_dir():
        return _read(path)
    try:
        files = sorted(file for file in path.iterdir() if file.suffix.lower() == ".gpx")
    except OSError as error:
        raise GpxError(f"{path} cannot be read: {error.strerror}") from error
    if not files:
        raise GpxError(f"{path} holds no .gpx files")
    routes: list[Route] = []
    left_out: list[str] = []
    for file in files:
        try:
            reading = _read(file)
        except GpxError as error:
            left_out.append(str(error))
        else:
            routes += reading.routes
            left_out += reading.left_out
    if not routes:
        raise GpxError("; ".join(left_out))
    return Reading(routes, left_out)


def read_route(path: Path) -> Route:
    """Reads the longest track of a GPX file, or its longest route where no track leads anywhere.

    Raises:
        GpxError: The file cannot be read or holds neither.
    """
    return _read(path).routes[0]


def read_points(path: Path) -> list[RoutePoint]:
    """Reads the places of the longest track of a GPX file, or of its longest route where no track leads anywhere.

    Raises:
        GpxError: The file cannot be read or is not GPX.
    """
    return _parsed(path).best[1]


def _read(path: Path) -> Reading:
    reader = _parsed(path)
    route, _ = reader.best
    if route is None:
        problem = "a route must lead somewhere: at least two places a metre apart" if reader.is_gpx else "it is no GPX"
        raise GpxError(f"{path} is not a GPX file with a track: {problem}")
    return Reading([route], [f"{path}: left out {reader.left_out}"] if reader.left_out else [])


def _parsed(path: Path) -> "_Reader":
    try:
        if path.stat().st_size > MAX_SIZE:
            raise GpxError(f"{path} is larger than {MAX_SIZE // 1024 // 1024} MB")
        data = path.read_bytes()
    except OSError as error:
        raise GpxError(f"{path} cannot be read: {error.strerror}") from error
    reader = _Reader()
    scan(decoded(data), reader)
    return reader


class _Reader:
    """Collects the points of each track and each route, and what is wrong."""

    def __init__(self) -> None:
        self.tracks: list[list[RoutePoint]] = []
        self.routes: list[list[RoutePoint]] = []
        self.is_gpx = False
        self._is_whole = False
        self._wrong: Counter[str] = Counter()
        self._point: Mapping[str, str] | None = None
        """The attributes of the point that is open."""
        self._is_broken = False
        self._is_altitude = False
        self._altitude = ""

    @property
    def best(self) -> tuple[Route | None, list[RoutePoint]]:
        """The longest track, or else the longest route, that leads somewhere: as a route, and its points."""
        for lines in (self.tracks, self.routes):
            for points in sorted(lines, key=len, reverse=True):
                try:
                    return Route(points), points
                except ValueError:
                    continue
        return None, []

    @property
    def left_out(self) -> str:
        """What could not be used, for a person; empty where all could."""
        lines = (*self.tracks, *self.routes)
        wrong = self._wrong + Counter({"empty tracks or routes": sum(not points for points in lines)})
        if self._point is not None:
            wrong[_UNREADABLE] += 1
        parts = [f"{what} ({count})" for what, count in wrong.items()]
        return ", ".join(parts if self._is_whole else [*parts, "what follows the place where the file ends early"])

    def open(self, name: str, attributes: Mapping[str, str]) -> None:
        self.is_gpx |= name in {"gpx", "trk", "rte"}
        match name:
            case "trk":
                self.tracks.append([])
            case "rte":
                self.routes.append([])
            case "trkpt" | "rtept":
                self._begin(attributes, is_broken=False)
            case "ele":
                self._is_altitude, self._altitude = True, ""

    def close(self, name: str) -> None:
        match name:
            case "gpx":
                self._is_whole = True
            case "ele":
                self._is_altitude = False
            case "trkpt" | "rtept" if self._point is not None:
                self._finish(self.tracks if name == "trkpt" else self.routes, self._point)

    def text(self, text: str) -> None:
        if self._is_altitude:
            self._altitude += text

    def broken(self, name: str | None) -> None:
        if name in {"trkpt", "rtept"}:
            self._begin({}, is_broken=True)
        else:
            self._is_broken = True

    def _begin(self, attributes: Mapping[str, str], *, is_broken: bool) -> None:
        if self._point is not None:
            self._wrong[_UNREADABLE] += 1
        self._point, self._is_broken = attributes, is_broken
        self._is_altitude, self._altitude = False, ""

    def _finish(self, lines: list[list[RoutePoint]], attributes: Mapping[str, str]) -> None:
        self._point = None
        if self._is_broken:
            self._wrong[_UNREADABLE] += 1
            return
        lat, lon = _number(attributes.get("lat", "")), _number(attributes.get("lon", ""))
        if lat is None or lon is None or not (-90 <= lat <= 90 and -180 <= lon <= 180):
            self._wrong["points without a place on the Earth"] += 1
        elif lat == lon == 0:
            self._wrong["points at 0, 0, which are no fixes"] += 1
        else:
            if not lines:
                lines.append([])
            lines[-1].append(RoutePoint(lat, lon, _number(self._altitude)))


def _number(text: str) -> float | None:
    try:
        # Some programs write numbers as their language does.
        number = float(text.replace(",", "."))
    except ValueError:
        return None
    return number if math.isfinite(number) else None
