"""Walks through the tags and texts of an XML file that may be broken anywhere.

What cannot be read is said, and the walk goes on behind it. Names come without their prefixes. Document types are
skipped and entities of theirs are unknown, so that nothing grows and nothing else is read.
"""

import re
from collections.abc import Mapping
from typing import Final, Protocol

_TOKEN: Final = re.compile(
    r"""
    ([^<]+)                                                                             # 1 a text
    | <([^\s<>/!?"'=]+)((?:\s+[^\s<>/"'=]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(/?)>        # 2-4 a tag that opens
    | </([^\s<>/]+)\s*>                                                                 # 5 a tag that closes
    | (<!--.*?(?:-->|\Z) | <\?.*?(?:\?>|\Z)                                             # 6 what is skipped
        | (?i:<!DOCTYPE)[^\[>]*(?:\[[^\]]*(?:\][^>]*|\Z))?(?:>|\Z))
    | <!\[CDATA\[(.*?)(?:\]\]>|\Z)                                                      # 7 a text as it stands
    | <([^\s<>/!?"'=]+)                                                                 # 8 the beginning of a tag
    | <
    """,
    re.DOTALL | re.VERBOSE,
)
"""What stands at a place, whatever stands there. Nothing matches in two ways, so that no file takes long."""

_ATTRIBUTE: Final = re.compile(r"""([^\s<>/"'=]+)\s*=\s*(?:"([^"<]*)"|'([^'<]*)')""")
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
    for found in _TOKEN.finditer(xml):
        match found.lastindex:
            case 1:
                text = _unescaped(found[1])
                if text is None:
                    handler.broken(None)
                else:
                    handler.text(text)
            case 4:
                _open(_local(found[2]), found[3], handler, is_empty=bool(found[4]))
            case 5:
                handler.close(_local(found[5]))
            case 6:
                pass
            case 7:
                handler.text(found[7])
            case 8:
                handler.broken(_local(found[8]))
            case _:
                handler.broken(None)


def _open(name: str, written: str, handler: XmlHandler, *, is_empty: bool) -> None:
    attributes: dict[str, str] = {}
    for found in _ATTRIBUTE.finditer(written) if written else ():
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
    return name if ":" not in name else name.partition(":")[2] or name
