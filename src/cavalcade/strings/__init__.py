"""What people read, in four languages: one file of words for each, which the page and the app both take theirs from.

A file maps keys to texts. `{name}` in a text is a placeholder; a text that depends on a number is an object with the
plural forms `one` and `other`, chosen by the placeholder `count`.
"""

import json
import re
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from typing import Final

LANGUAGES: Final = ("en", "de", "es", "fr")
"""The languages that there are, the one to fall back to first."""

_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\u200f\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]")


def _isolated(value: str) -> str:
    """A name that is written from the right keeps its direction to itself: what stands around it stays where it is."""
    return f"\u2068{value}\u2069" if _RIGHT_TO_LEFT.search(value) else value


class Words:
    """The words of one language.

    Attributes:
        language: Its code, one of `LANGUAGES`.
    """

    def __init__(self, language: str, texts: Mapping[str, str | Mapping[str, str]]) -> None:
        self.language = language
        self._texts = texts

    def say(self, key: str, **values: str | float) -> str:
        """Says something.

        Args:
            key: Which text, such as `start.title`.
            values: What stands in for the placeholders; `count` also chooses between singular and plural. Numbers are
                written without a fraction.

        Raises:
            KeyError: Where there is no such text, or a placeholder has no value.
        """
        text = self._texts[key]
        if not isinstance(text, str):
            text = text["one" if self._is_singular(values["count"]) else "other"]
        return text.format_map({name: self._written(value) for name, value in values.items()})

    def number(self, value: float, digits: int = 0) -> str:
        """A number as readers of the language write it, with at most so many digits after the point."""
        text = f"{value:,.{digits}f}"
        whole, _, fraction = text.partition(".")
        fraction = fraction.rstrip("0")
        # Spanish writes four digits together, as CLDR has it and browsers do.
        is_short = self.language == "es" and len(whole.lstrip("-")) <= len("1,234")
        grouped = whole.replace(",", "" if is_short else self.say("language.group"))
        return f"{grouped}{self.say('language.decimal')}{fraction}" if fraction else grouped

    def _written(self, value: str | float) -> str:
        return _isolated(value) if isinstance(value, str) else self.number(value)

    def _is_singular(self, count: str | float) -> bool:
        """Follows the plural rules of CLDR for whole numbers: French counts nothing as singular."""
        number = float(count)
        return number in {0, 1} if self.language == "fr" else number == 1


@cache
def words(language: str) -> Words:
    """The words of a language.

    Raises:
        KeyError: Where it is not one of `LANGUAGES`.
    """
    if language not in LANGUAGES:
        raise KeyError(language)
    return Words(language, json.loads(files(__name__).joinpath(f"{language}.json").read_text("utf-8")))


def choose(preferred: Iterable[str]) -> str:
    """The first language of a list that there is, else English.

    Args:
        preferred: Language tags such as `de-CH` or `de_DE.UTF-8`, the dearest first.
    """
    codes = (tag.lower().replace("_", "-").partition("-")[0] for tag in preferred)
    return next((code for code in codes if code in LANGUAGES), LANGUAGES[0])
