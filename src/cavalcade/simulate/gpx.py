"""Routes from GPX files, read with the standard library's own parser and without document types or entities.

Real files have bad parts: a point without a place, a track that was never recorded. What is good is taken, and what was
left out is said in a line.
"""

import codecs
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from xml.parsers import expat

from cavalcade.simulate.route import Route, RoutePoint

MAX_SIZE: Final = 64 * 1024 * 1024
"""The largest file read, bytes; a day's track of one fix a second has about 10 million."""

_UTF_32: Final = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)
_UTF_16: Final = (codecs.BOM_UTF16_BE, codecs.BOM_UTF16_LE + b"<")


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
        raise _no_track(path, reader.problem or "a route must lead somewhere: at least two places a metre apart")
    return Reading([route], [f"{path}: left out {reader.left_out}"] if reader.left_out else [])


def _parsed(path: Path) -> "_Reader":
    try:
        if path.stat().st_size > MAX_SIZE:
            raise GpxError(f"{path} is larger than {MAX_SIZE // 1024 // 1024} MB")
        data = path.read_bytes()
    except OSError as error:
        raise GpxError(f"{path} cannot be read: {error.strerror}") from error
    reader = _Reader()
    try:
        reader.read(data)
        if reader.problem is not None and not data.startswith(_UTF_16):
            # What a file says of its encoding may be wrong, and a name in another one need not cost the way.
            as_utf_8 = _Reader()
            as_utf_8.read(_text(data).encode(), "utf-8")
            reader = max(reader, as_utf_8, key=lambda one: one.size)
    except ValueError as error:
        raise _no_track(path, str(error)) from error
    return reader


def _text(data: bytes) -> str:
    encoding = "utf-32" if data.startswith(_UTF_32) else "utf-8"
    return data.decode(encoding, "replace").lstrip("\ufeff \t\r\n")


def _no_track(path: Path, problem: str) -> GpxError:
    return GpxError(f"{path} is not a GPX file with a track: {problem}")


class _Reader:
    """Collects the points of each track and each route, and what is wrong."""

    def __init__(self) -> None:
        self.tracks: list[list[RoutePoint]] = []
        self.routes: list[list[RoutePoint]] = []
        self.problem: str | None = None
        """What ended the file early."""
        self._wrong: Counter[str] = Counter()
        self._place: tuple[float, float] | None = None
        self._altitude: float | None = None
        self._text: list[str] | None = None

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
        wrong = self._wrong + Counter({"empty tracks or routes": sum(not points for points in self._lines)})
        parts = [f"{what} ({count})" for what, count in wrong.items()]
        if self.problem is not None:
            parts.append(f"what follows a fault in the file ({self.problem})")
        return ", ".join(parts)

    @property
    def size(self) -> int:
        """How many points there are."""
        return sum(map(len, self._lines))

    @property
    def _lines(self) -> Sequence[list[RoutePoint]]:
        return (*self.tracks, *self.routes)

    def read(self, data: bytes, encoding: str | None = None) -> None:
        """Reads as far as the file is XML.

        Args:
            data: The file.
            encoding: What it is in, whatever it says; None to believe it.

        Raises:
            ValueError: It has a document type.
        """
        parser = expat.ParserCreate(encoding, " ")
        parser.StartDoctypeDeclHandler = self._refuse_doctype
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        try:
            parser.Parse(data, True)
        except expat.ExpatError as error:
            # A receiver that ran out of power leaves a file without an end; the way until then is there.
            self.problem = str(error)

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
                self._place, self._altitude = self._read_place(attributes), None
            case "ele" if self._place is not None:
                self._text = []

    def _end(self, name: str) -> None:
        match name.rpartition(" ")[2]:
            case "ele" if self._text is not None:
                self._altitude, self._text = _number("".join(self._text)), None
            case "trkpt" | "rtept" as kind if self._place is not None:
                lines = self.tracks if kind == "trkpt" else self.routes
                if not lines:
                    lines.append([])
                lines[-1].append(RoutePoint(*self._place, self._altitude))
                self._place = None

    def _characters(self, text: str) -> None:
        if self._text is not None:
            self._text.append(text)

    def _read_place(self, attributes: dict[str, str]) -> tuple[float, float] | None:
        lat, lon = _number(attributes.get("lat", "")), _number(attributes.get("lon", ""))
        if lat is None or lon is None or not (-90 <= lat <= 90 and -180 <= lon <= 180):
            self._wrong["points without a place on the Earth"] += 1
            return None
        if lat == lon == 0:
            self._wrong["points at 0, 0, which are no fixes"] += 1
            return None
        return lat, lon


def _number(text: str) -> float | None:
    try:
        # Some programs write numbers as their language does.
        number = float(text.replace(",", "."))
    except ValueError:
        return None
    return number if math.isfinite(number) else None
