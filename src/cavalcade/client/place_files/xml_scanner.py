"""Walks through the tags and texts of an XML file that may be broken anywhere.

What cannot be read is said, and the walk goes on behind it. Names come without their prefixes. Document types are
skipped and entities of theirs are unknown, so that nothing grows and nothing else is read.
"""

import re
from collections.abc import Mapping
from typing import Final, Protocol

# Each is tried at one place. None can match in two ways, so that no file takes long.
_SKIPPED: Final = re.compile(
    r"<!--.*?(?:-->|\Z)"
    r"|<\?.*?(?:\?>|\Z)"
    r"|(?i:<!DOCTYPE)[^\[>]*(?:\[[^\]]*(?:\][^>]*|\Z))?(?:>|\Z)",
    re.DOTALL,
)
_CDATA: Final = re.compile(r"<!\[CDATA\[(.*?)(?:\]\]>|\Z)", re.DOTALL)
_CLOSING: Final = re.compile(r"</([^\s<>/]+)\s*>")
_OPENING: Final = re.compile(
    r"""<([^\s<>/!?"'=]+)((?:\s+[^\s<>/"'=]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(/?)>""",
)
_ATTRIBUTE: Final = re.compile(r"""([^\s<>/"'=]+)\s*=\s*(?:"([^"<]*)"|'([^'<]*)')""")
_BEGUN: Final = re.compile(r"""<([^\s<>/!?"'=]+)""")
_ENTITY: Final = re.compile(r"&(?:(amp|lt|gt|quot|apos)|#([0-9]{1,7})|#[xX]([0-9a-fA-F]{1,6}));")
_NAMED: Final = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}
_LAST_CODE_POINT: Final = 0x10FFFF


class XmlHandler(Protocol):
    """Who is told."""

    def open(self, name: str, attributes: Mapping[str, str]) -> None:
        """A tag opens."""

    def close(self, name: str) -> None:
        """A tag closes."""

    def text(self, text: str) -> None:
        """A text stands here."""

    def broken(self, name: str | None) -> None:
        """Something is wrong with what stands here: the tag of this name, or something else."""


def scan(xml: str, handler: XmlHandler) -> None:
    """Tells a handler all that stands in an XML file, in order."""
    at = 0
    while at < len(xml):
        if (begins := xml.find("<", at)) != at:
            end = len(xml) if begins < 0 else begins
            text = _unescaped(xml[at:end])
            if text is None:
                handler.broken(None)
            else:
                handler.text(text)
            at = end
        elif opening := _OPENING.match(xml, at):
            at = opening.end()
            _open(_local(opening[1]), opening[2], handler, is_empty=bool(opening[3]))
        elif closing := _CLOSING.match(xml, at):
            at = closing.end()
            handler.close(_local(closing[1]))
        elif skipped := _SKIPPED.match(xml, at):
            at = skipped.end()
        elif data := _CDATA.match(xml, at):
            at = data.end()
            handler.text(data[1])
        elif begun := _BEGUN.match(xml, at):
            at = begun.end()
            handler.broken(_local(begun[1]))
        else:
            at += 1
            handler.broken(None)


def _open(name: str, written: str, handler: XmlHandler, *, is_empty: bool) -> None:
    attributes: dict[str, str] = {}
    for found in _ATTRIBUTE.finditer(written):
        value = _unescaped(found[3] if found[2] is None else found[2])
        if value is None or found[1] in attributes:
            handler.broken(name)
            return
        attributes[found[1]] = value
    handler.open(name, attributes)
    if is_empty:
        handler.close(name)


def _unescaped(raw: str) -> str | None:
    """A text with its entities put in; None where one is unknown, or an ampersand stands alone."""
    if "&" not in raw:
        return raw
    if "&" in _ENTITY.sub("", raw):
        return None
    codes = [int(found[2]) if found[2] else int(found[3], 16) for found in _ENTITY.finditer(raw) if not found[1]]
    if not all(0 < code <= _LAST_CODE_POINT for code in codes):
        return None
    return _ENTITY.sub(_character, raw)


def _character(found: re.Match[str]) -> str:
    if found[1]:
        return _NAMED[found[1]]
    return chr(int(found[2]) if found[2] else int(found[3], 16))


def _local(name: str) -> str:
    return name.partition(":")[2] or name
