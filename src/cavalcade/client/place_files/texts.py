"""The text of a file, whatever it is written in."""

import codecs
import re
from typing import Final

_DECLARED: Final = re.compile(rb"""<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z0-9_.:-]+)["']""")
_LATIN: Final = frozenset({"ascii", "iso8859-1"})
"""What is read as Windows' Western letters, as browsers do: files that say the one are written in the other."""


def decoded(data: bytes) -> str:
    """A file's text: a byte-order mark says how it is written, else zeros between the letters, else its first line.

    What says nothing of that is UTF-8. Bytes that mean nothing become U+FFFD.
    """
    return data.decode(_encoding(data), "replace").lstrip("\ufeff \t\r\n")


def _encoding(data: bytes) -> str:
    if data.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return "utf-32"
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    first, second = (*data[:2], 1, 1)[:2]
    if second == 0 and first != 0:
        return "utf-16-le"
    if first == 0 and second != 0:
        return "utf-16-be"
    declared = _DECLARED.match(data.lstrip(b"\xef\xbb\xbf \t\r\n")[:200])
    if data.startswith(codecs.BOM_UTF8) or declared is None:
        return "utf-8"
    try:
        name = codecs.lookup(declared[1].decode()).name
        b" ".decode(name)
    except (LookupError, UnicodeError):
        return "utf-8"
    # It is in no wide encoding, whatever it says.
    if name.startswith("utf"):
        return "utf-8"
    return "cp1252" if name in _LATIN else name
