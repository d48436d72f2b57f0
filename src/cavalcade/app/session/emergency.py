"""Whom one calls in an emergency, and the addresses that do so without any data; pure."""

import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import quote

from cavalcade.app.session.formatting import regions

EVERYWHERE: Final = "112"
"""It is answered in most of the world."""

NUMBERS: Final = {"US": "911", "CA": "911", "AU": "000", "NZ": "111", "JP": "119", "BR": "192"}
"""Where the telephone does not know it everywhere."""

MOST_DIGITS: Final = 20


def number_for(chosen: str, tags: Iterable[str]) -> str:
    """The number to call: the chosen one, else that of the first region that language tags name."""
    return chosen or NUMBERS.get(next(regions(tags), ""), EVERYWHERE)


def dialled(number: str) -> str:
    """What of a number can be dialled."""
    return re.sub(r"(?!^\+)\D", "", number.strip(), flags=re.ASCII)[:MOST_DIGITS]


def call_link(number: str) -> str:
    """Opens the telephone with a number."""
    return f"tel:{number}"


def message_link(contact: str, words: str) -> str:
    """Opens a text message that is ready to be sent, as RFC 5724 says it and as iPhones take it."""
    return f"sms:{contact}?&body={quote(words, safe='')}"
