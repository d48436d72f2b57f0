"""Routes from GPX files, read with the standard library's own parser and without document types or entities."""

import math
from pathlib import Path
from typing import Final
from xml.parsers import expat

from cavalcade.simulate.route import Route, RoutePoint

MAX_SIZE: Final = 64 * 1024 * 1024
"""The largest file read, bytes; a day's track of one fix a second has about 10 million."""


class GpxError(Exception):
    """A file that no route can be made of; the message is fit for a person."""


def read_routes(path: Path) -> list[Route]:
    """Reads a GPX file, or every `.gpx` of a folder in the order of their names.

    Raises:
        GpxError: A file cannot be read or holds no route, or the folder holds no file.
    """
    if not path.is_dir():
        return [read_route(path)]
    files = sorted(file for file in path.iterdir() if file.suffix.lower() == ".gpx")
    if not files:
        raise GpxError(f"{path} holds no .gpx files")
    return [read_route(file) for file in files]


def read_route(path: Path) -> Route:
    """Reads the longest track of a GPX file, or its longest route where it has no track.

    Raises:
        GpxError: The file cannot be read or holds neither.
    """
    try:
        return Route(read_points(path))
    except ValueError as error:
        raise _no_track(path, error) from error


def read_points(path: Path) -> list[RoutePoint]:
    """Reads the places of the longest track of a GPX file, or of its longest route where it has no track.

    Raises:
        GpxError: The file cannot be read or is not GPX.
    """
    try:
        if path.stat().st_size > MAX_SIZE:
            raise GpxError(f"{path} is larger than {MAX_SIZE // 1024 // 1024} MB")
        data = path.read_bytes()
    except OSError as error:
        raise GpxError(f"{path} cannot be read: {error.strerror}") from error
    reader = _Reader()
    try:
        reader.read(data)
    except (expat.ExpatError, ValueError) as error:
        raise _no_track(path, error) from error
    return max(reader.tracks or reader.routes, key=len, default=[])


def _no_track(path: Path, error: Exception) -> GpxError:
    return GpxError(f"{path} is not a GPX file with a track: {error}")


class _Reader:
    """Collects the points of each track and each route."""

    def __init__(self) -> None:
        self.tracks: list[list[RoutePoint]] = []
        self.routes: list[list[RoutePoint]] = []
        self._place: tuple[float, float] | None = None
        self._altitude: float | None = None
        self._text: list[str] | None = None

    def read(self, data: bytes) -> None:
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.StartDoctypeDeclHandler = self._refuse_doctype
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        parser.Parse(data, True)

    @staticmethod
    def _refuse_doctype(*_: object) -> None:
        # A document type can define entities, which grow without bound or read other files.
        raise ValueError("it has a document type, which GPX files do not need")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        match name.rpartition(" ")[2]:
            case "trk":
                self.tracks.append([])
            case "rte":
                self.routes.append([])
            case "trkpt" | "rtept":
                self._place, self._altitude = _place(attributes), None
            case "ele" if self._place is not None:
                self._text = []

    def _end(self, name: str) -> None:
        match name.rpartition(" ")[2]:
            case "ele" if self._text is not None:
                self._altitude, self._text = _number("".join(self._text)), None
            case "trkpt" if self._place is not None and self.tracks:
                self.tracks[-1].append(RoutePoint(*self._place, self._altitude))
                self._place = None
            case "rtept" if self._place is not None and self.routes:
                self.routes[-1].append(RoutePoint(*self._place, self._altitude))
                self._place = None

    def _characters(self, text: str) -> None:
        if self._text is not None:
            self._text.append(text)


def _place(attributes: dict[str, str]) -> tuple[float, float]:
    lat, lon = _number(attributes.get("lat", "")), _number(attributes.get("lon", ""))
    if lat is None or lon is None or not (-90 <= lat <= 90 and -180 <= lon <= 180):
        raise ValueError("a point has no place on the Earth")
    return lat, lon


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
