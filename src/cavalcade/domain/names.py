"""Names, initials and colours: what people call themselves, made safe to show to others."""

import hashlib
import re
import unicodedata
from collections.abc import Iterator

MAX_NAME_LENGTH = 48
MAX_COMBINING_MARKS = 4
MAX_RAW_LENGTH = 256
"""How much text is looked at, white space included: normalising takes quadratic time for long runs of marks."""

MAX_GRAPHEME_LENGTH = 16
"""Code points in one user-perceived character; the longest emoji in use has 10."""

PALETTE = (
    "#e5484d", "#0b84f3", "#2f9e44", "#d97706", "#8e4ec6", "#0c8599",
    "#d6409f", "#5c7c0a", "#b4530a", "#4263eb", "#a18072", "#087f5b",
)  # fmt: skip
"""Default colours, in the order in which participants get them; each keeps white initials readable."""

_COLOR = re.compile(r"#[0-9a-fA-F]{6}")
_SPACE = re.compile(r"\s+")
_JOINER = "\u200d"
_INVISIBLE_ALLOWED = frozenset("\u200c\u200d")
_BLANKS = frozenset("\u115f\u1160\u2800\u3164\uffa0")
_ADJECTIVES = (
    "Amber", "Autumn", "Bold", "Bright", "Calm", "Clear", "Coastal", "Copper", "Crimson", "Dawn", "Distant", "Early",
    "Golden", "Green", "High", "Jade", "Keen", "Long", "Lucky", "Merry", "Misty", "Northern", "Open", "Polar", "Quiet",
    "Rapid", "Silver", "Southern", "Steady", "Summer", "Sunny", "Wild",
)  # fmt: skip
_NOUNS = (
    "Bridge", "Canyon", "Caravan", "Comet", "Convoy", "Crossing", "Divide", "Falcon", "Ferry", "Forest", "Harbour",
    "Heron", "Highway", "Hill", "Horizon", "Lagoon", "Lantern", "Meadow", "Mile", "Pass", "Pilgrim", "Pine", "Ridge",
    "River", "Road", "Summit", "Swift", "Trail", "Valley", "Voyage", "Way", "Wind",
)  # fmt: skip


def clean_name(text: str) -> str:
    """Normalises a name for display.

    Args:
        text: What somebody typed.

    Returns:
        The name in NFC with runs of white space folded to one space; empty where nothing visible was left.

    Raises:
        ValueError: With a sentence that says what is allowed, where the name is too long or holds characters that could
            disturb the text around it (controls, text-direction overrides, lone surrogates, stacks of marks).
    """
    name = _SPACE.sub(" ", unicodedata.normalize("NFC", text)).strip() if len(text) <= MAX_RAW_LENGTH else text
    if len(name) > MAX_NAME_LENGTH:
        raise ValueError(f"must have at most {MAX_NAME_LENGTH} characters")
    marks = 0
    visible = False
    for character in name:
        category = unicodedata.category(character)
        if category in {"Cc", "Cs", "Co", "Cn", "Zl", "Zp"} or (
            category == "Cf" and character not in _INVISIBLE_ALLOWED and not _is_emoji_tag(character)
        ):
            raise ValueError("must not contain control characters or text-direction overrides")
        if category in {"Mn", "Me"}:
            marks += 1
        elif category != "Cf":  # Marks stack up across a joiner, which takes no space.
            marks = 0
        if marks > MAX_COMBINING_MARKS:
            raise ValueError(f"must not stack more than {MAX_COMBINING_MARKS} marks on one character")
        visible = visible or (category[0] in "LNPS" and character not in _BLANKS)
    return name if visible else ""


def clean_color(text: str) -> str:
    """Normalises a colour to lower-case `#rrggbb`.

    Raises:
        ValueError: Where it is anything else.
    """
    if not _COLOR.fullmatch(text):
        raise ValueError("must be a colour written as #rrggbb")
    return text.lower()


def initials(name: str) -> str:
    """Makes one or two user-perceived characters from a name: `Anna Berg` AB, `Anna` AN, an emoji stays whole."""
    words = [word for word in (list(_graphemes(part)) for part in name.split(" ")) if word]
    words = [trimmed for trimmed in ([g for g in word if _is_letter_like(g)] for word in words) if trimmed] or words
    if not words:
        return "?"
    first = words[0][0]
    if not first[0].isalnum():
        return first
    second = words[-1][0] if len(words) > 1 else (words[0][1] if len(words[0]) > 1 and _is_cased(first) else "")
    if second and not second[0].isalnum():
        second = ""
    return _capital(first) + _capital(second)


def default_participant_name(participant: int) -> str:
    """The name of someone who gave none."""
    return f"Traveller {participant}"


def default_session_name(session_id: str) -> str:
    """A friendly name for a session that was given none, always the same for the same id."""
    digest = hashlib.sha256(session_id.encode()).digest()
    return f"{_ADJECTIVES[digest[0] % len(_ADJECTIVES)]} {_NOUNS[digest[1] % len(_NOUNS)]}"


def default_color(participant: int) -> str:
    """The colour of someone who chose none; neighbours in order of joining differ."""
    return PALETTE[(participant - 1) % len(PALETTE)]


def _capital(grapheme: str) -> str:
    """Title case, which leaves scripts alone whose capitals do not begin words (Georgian)."""
    capital = grapheme.title()
    return capital if len(capital) == len(grapheme) else grapheme


def _is_cased(grapheme: str) -> bool:
    return grapheme.upper() != grapheme.lower()


def _is_letter_like(grapheme: str) -> bool:
    """Letters, digits and pictographs; not punctuation or brackets around a word."""
    return grapheme[0].isalnum() or unicodedata.category(grapheme[0]) == "So"


def _is_pictograph(character: str) -> bool:
    """Whether it may be part of a joined emoji; some of the arrows in them are mathematical symbols."""
    return unicodedata.category(character) in {"So", "Sm"}


def _is_emoji_tag(character: str) -> bool:
    return 0xE0020 <= ord(character) <= 0xE007F


def _is_regional_indicator(character: str) -> bool:
    return 0x1F1E6 <= ord(character) <= 0x1F1FF


def _extends(character: str) -> bool:
    """Whether a character attaches to the one before it (a simplification of UAX #29 that is enough for initials)."""
    return (
        unicodedata.category(character) in {"Mn", "Mc", "Me"}
        or 0x1F3FB <= ord(character) <= 0x1F3FF
        or _is_emoji_tag(character)
        or character in _INVISIBLE_ALLOWED
    )


def _graphemes(text: str) -> Iterator[str]:
    cluster = ""
    for character in text:
        joins = 0 < len(cluster) < MAX_GRAPHEME_LENGTH and (
            _extends(character)
            or (cluster[-1] == _JOINER and _is_pictograph(cluster[0]) and _is_pictograph(character))
            or (len(cluster) == 1 and _is_regional_indicator(cluster) and _is_regional_indicator(character))
        )
        if joins:
            cluster += character
            continue
        if cluster:
            yield cluster
        cluster = character
    if cluster:
        yield cluster
