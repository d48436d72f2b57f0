"""The waypoints of a GPX file, of any version and namespace."""

from collections.abc import Mapping, Sequence
from typing import Final, Protocol

from cavalcade.client.place_files.xml_scanner import scan

_TEXTS: Final = frozenset({"name", "desc", "cmt", "type", "sym"})


class Collects(Protocol):
    """Where waypoints go."""

    @property
    def is_empty(self) -> bool:
        """Whether no waypoint was found."""

    def leave_out(self, reason: str) -> None:
        """Counts a part that gave none."""

    def add(self, lat: object, lon: object, name: str | None, note: str | None, kinds: Sequence[str | None]) -> None:
        """Takes a waypoint as it stands in the file."""


def read_gpx(text: str, collected: Collects) -> None:
    """Adds the waypoints of a file; its tracks and routes are ways, and none."""
    reader = _Reader(collected)
    scan(text, reader)
    reader.end()


class _Reader:
    def __init__(self, collected: Collects) -> None:
        self._collected = collected
        self._within: list[str] = []
        self._attributes: Mapping[str, str] | None = None
        """Of the waypoint that is open."""
        self._texts: dict[str, str] = {}
        self._is_broken = False
        self._is_gpx = False

    def open(self, name: str, attributes: Mapping[str, str]) -> None:
        if name == "wpt":
            self._begin(attributes, is_broken=False)
        elif self._attributes is not None:
            self._within.append(name)
        elif name in {"trk", "rte"}:
            self._is_gpx = True
            self._collected.leave_out("lines")
        elif name == "gpx":
            self._is_gpx = True

    def close(self, name: str) -> None:
        if self._attributes is None:
            return
        if name == "wpt":
            self._is_broken |= bool(self._within)
            self._finish()
        elif not self._within or self._within.pop() != name:
            self._is_broken = True

    def text(self, text: str) -> None:
        if len(self._within) == 1 and (name := self._within[0]) in _TEXTS:
            self._texts[name] = self._texts.get(name, "") + text

    def broken(self, name: str | None) -> None:
        if name == "wpt":
            self._begin({}, is_broken=True)
        else:
            self._is_broken = True

    def end(self) -> None:
        """The file is over: a waypoint that is still open lacks its end."""
        self._abandon()
        if not self._is_gpx and self._collected.is_empty:
            self._collected.leave_out("unreadable")

    def _begin(self, attributes: Mapping[str, str], *, is_broken: bool) -> None:
        self._abandon()
        self._is_gpx = True
        self._attributes = attributes
        self._within, self._texts, self._is_broken = [], {}, is_broken

    def _abandon(self) -> None:
        if self._attributes is not None:
            self._is_broken = True
            self._finish()

    def _finish(self) -> None:
        attributes, self._attributes = self._attributes or {}, None
        texts = self._texts
        if self._is_broken:
            self._collected.leave_out("unreadable")
            return
        note = texts["desc"] if "desc" in texts else texts.get("cmt")
        kinds = (texts.get("type"), texts.get("sym"))
        self._collected.add(attributes.get("lat"), attributes.get("lon"), texts.get("name"), note, kinds)
