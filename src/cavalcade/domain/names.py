"""Names, initials and colours: what people call themselves, made safe to show to others."""

import hashlib
import re
import unicodedata
from collections.abc import Iterator
from typing import Final

from cavalcade.domain.fields import Text
from cavalcade.domain.unicode_marks import is_mark

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
_JOINER = "\u200d"
_NON_JOINER = "\u200c"

# What looks like a space and is none to Python: Hangul's fillers, the empty Braille cell, and a note and two
# hieroglyphs without ink.
_SPACE = re.compile("[\\s\u115f\u1160\u2800\u3164\uffa0\U0001d159\U00013441\U00013442]+")

# Turn the text around them the other way, whatever it is.
_OVERRIDES = frozenset("\u202d\u202e")

# Decide how the letters beside them are joined: Persian, Hindi, Sinhala, Mongolian and many emoji need them.
_JOINERS = frozenset("\u200c\u200d\u180e")

# The blocks of scripts that are written from right to left.
_LEFTWARD = re.compile(
    "[\u0590-\u061b\u061d-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]"
)

# Say which way something neutral goes, such as a bracket in a name of two scripts.
_DIRECTION_MARKS = frozenset("\u061c\u200e\u200f")

# Have neither ink nor place. Keyboards, address books and copying leave them in names. These are the code points with
# Default_Ignorable_Code_Point in DerivedCoreProperties.txt (Unicode 17.0), without the marks among them and without
# what is named above, and the annotations and the object of the block Specials.
_INVISIBLE = re.compile(
    "[\u00ad\u200b\u202a-\u202c\u2060-\u206f\ufeff\ufff0-\ufffc"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e001f\U000e0080-\U000e00ff\U000e01f0-\U000e0fff]"
)

# England's flag and its like: a black flag, the region in tags, and the tag that ends it.
_FLAG = re.compile("\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{1,6}\U000e007f")
_TAG = re.compile("[\U000e0020-\U000e007f]+")

# Written before the consonant that they are spoken after: Logical_Order_Exception in PropList.txt, Unicode 17.0.
_LEADING_VOWELS = frozenset(
    "\u0e40\u0e41\u0e42\u0e43\u0e44\u0ec0\u0ec1\u0ec2\u0ec3\u0ec4\u19b5\u19b6\u19b7\u19ba\uaab5\uaab6\uaab9\uaabb\uaabc"
)

# Make one letter of two consonants: Indic_Conjunct_Break=Linker in DerivedCoreProperties.txt, Unicode 17.0.
_LINKERS = frozenset(
    "\u094d\u09cd\u0acd\u0b4d\u0c4d\u0d4d\u1039\u17d2\u1a60\u1b44\u1bab\ua9c0\uaaf6"
    "\U00010a3f\U00011133\U000113d0\U0001193e\U00011a47\U00011a99\U00011f42"
)

# The same in Sinhala, whose sign makes a conjunct only before a joiner.
_SINHALA_LINK = "\u0dca\u200d"

# Scripts whose letters join up: Arabic, Syriac, N'Ko, Mandaic, Mongolian, Manichaean, Rohingya, Sogdian, Adlam.
_CURSIVE = re.compile(
    "[\u0600-\u074f\u0750-\u077f\u07c0-\u07ff\u0840-\u08ff\u1800-\u18af\ufb50-\ufdff\ufe70-\ufefc"
    "\U00010ac0-\U00010aff\U00010d00-\U00010d3f\U00010f30-\U00010f6f\U0001e900-\U0001e95f]"
)
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


def clean_name(text: str, longest: int = MAX_NAME_LENGTH) -> str:
    """Normalises a name for display.

    The rule does not depend on the Unicode version of the Python that runs it: code points that it does not know yet,
    such as next year's emoji, are letters to it.

    Args:
        text: What somebody typed.
        longest: How many characters it may have.

    Returns:
        The name in NFC, without what cannot be seen and is not needed, and with runs of white space and of what looks
        like it folded to one space; empty where nothing visible was left.

    Raises:
        ValueError: With a sentence that says what is allowed, where the name is too long or holds characters that could
            disturb the text around it (controls, text-direction overrides, lone surrogates, private use, noncharacters,
            stacks of marks).
    """
    name = visible_part(text) if len(text) <= MAX_RAW_LENGTH else text
    if len(name) > longest:
        raise ValueError(f"must have at most {longest} characters")
    refuse_stacked_marks(name)
    return name if has_ink(name) else ""


def refuse_stacked_marks(text: str) -> None:
    """Sees that marks do not grow over the lines above and below.

    Raises:
        ValueError: Where too many stand on one character.
    """
    marks = 0
    for character in text:
        if is_mark(character):
            marks += 1
        elif not _is_hidden(character):  # Marks stack up across a joiner, which takes no space.
            marks = 0
        if marks > MAX_COMBINING_MARKS:
            raise ValueError(f"must not stack more than {MAX_COMBINING_MARKS} marks on one character")


def has_ink(text: str) -> bool:
    """Whether anything of a text that was made visible can be seen by itself."""
    return any(not (is_mark(character) or _is_hidden(character) or character.isspace()) for character in text)


def visible_part(text: str) -> str:
    """One line without what has no ink, in NFC and with single spaces.

    Raises:
        ValueError: Where it holds what no name may.
    """
    folded = _SPACE.sub(" ", text)
    if any(_is_refused(character) for character in folded):
        raise ValueError("must not contain control characters or text-direction overrides")
    name = unicodedata.normalize("NFC", _INVISIBLE.sub("", folded))
    flags = _FLAG.findall(name)
    bare = (_TAG.sub("", part) for part in _FLAG.split(name))
    name = "".join(part + flag for part, flag in zip(bare, [*flags, ""], strict=True))
    is_leftward = _LEFTWARD.search(name) is not None
    kept: list[str] = []
    for character in name:
        if character in _DIRECTION_MARKS and not is_leftward:
            continue
        # No script that is written with ASCII needs them.
        if character in _JOINERS and (not kept or kept[-1].isascii()):
            continue
        kept.append(character)
    # Marks may stand beside each other now that could not be composed before.
    name = _SPACE.sub(" ", unicodedata.normalize("NFC", "".join(kept)))
    return name.strip("".join(_JOINERS | _DIRECTION_MARKS) + " ")


def _is_refused(character: str) -> bool:
    """Whether no name may hold it. What these are has been settled for good in Unicode."""
    code = ord(character)
    is_noncharacter = code & 0xFFFE == 0xFFFE or 0xFDD0 <= code <= 0xFDEF
    return is_noncharacter or character in _OVERRIDES or unicodedata.category(character) in {"Cc", "Cs", "Co"}


def _is_hidden(character: str) -> bool:
    """Whether it takes no place, of what may stand in a name."""
    return character in _JOINERS or character in _DIRECTION_MARKS or _is_emoji_tag(character)


def clean_color(text: str) -> str:
    """Normalises a colour to lower-case `#rrggbb`.

    Raises:
        ValueError: Where it is anything else.
    """
    if not _COLOR.fullmatch(text):
        raise ValueError("must be a colour written as #rrggbb")
    return text.lower()


NAME: Final = Text(clean_name, longest=MAX_RAW_LENGTH, example="Anna Berg")
"""How a name is read from outside."""

COLOR: Final = Text(clean_color, pattern="^#[0-9a-fA-F]{6}$", example="#e5484d")
"""How a colour is read from outside."""


def initials(name: str) -> str:
    """Makes one or two user-perceived characters from a name: `Anna Berg` AB, `Anna` AN, an emoji stays whole."""
    words = [word for word in (list(_graphemes(part)) for part in name.split(" ")) if word]
    words = [trimmed for trimmed in ([g for g in word if _is_letter_like(g)] for word in words) if trimmed] or words
    if not words:
        return "?"
    first = words[0][0]
    if not _is_alphanumeric(first[0]):
        return first
    second = words[-1][0] if len(words) > 1 else (words[0][1] if len(words[0]) > 1 and _is_cased(first) else "")
    if second and not _is_alphanumeric(second[0]):
        second = ""
    # Two that join would look like a syllable of some other name.
    between = _NON_JOINER if second and _CURSIVE.match(first) and _CURSIVE.match(second) else ""
    return _capital(first) + between + _capital(second)


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
    return _is_alphanumeric(grapheme[0]) or _is_pictograph(grapheme[0])


def _is_alphanumeric(character: str) -> bool:
    """Whether it is a letter or a digit; what this Python does not know is a letter, except among emoji."""
    is_new = unicodedata.category(character) == "Cn" and not _is_pictograph(character)
    return character.isalnum() or is_new


def _is_pictograph(character: str) -> bool:
    """Whether it is a picture; the blocks of emoji have room for more of them than this Python may know."""
    code = ord(character)
    is_emoji = 0x1F000 <= code <= 0x1FAFF or 0x1FC00 <= code <= 0x1FFFD
    return unicodedata.category(character) == "So" or (is_emoji and not character.isalnum())


def _is_emoji_tag(character: str) -> bool:
    return 0xE0020 <= ord(character) <= 0xE007F


def _is_regional_indicator(character: str) -> bool:
    return 0x1F1E6 <= ord(character) <= 0x1F1FF


def _extends(character: str) -> bool:
    """Whether a character attaches to the one before it (a simplification of UAX #29 that is enough for initials)."""
    return (
        is_mark(character)
        or unicodedata.category(character) == "Mc"
        or 0x1F3FB <= ord(character) <= 0x1F3FF
        or _is_hidden(character)
    )


def _joins(cluster: str, character: str) -> bool:
    """Whether a character belongs to the user-perceived character that was begun."""
    if _extends(character):
        return True
    if cluster[-1] == _JOINER and _is_joinable(cluster[0]) and _is_joinable(character):
        return True
    if len(cluster) == 1 and _is_regional_indicator(cluster) and _is_regional_indicator(character):
        return True
    if set(cluster) <= _LEADING_VOWELS and character.isalpha():
        return True
    # UAX #29's GB9c: a conjunct is one letter to its readers.
    is_linked = cluster.rstrip(_JOINER)[-1:] in _LINKERS or cluster.endswith(_SINHALA_LINK)
    is_of_one_script = ord(cluster[0]) >> 7 == ord(character) >> 7
    return is_linked and is_of_one_script and cluster[0].isalpha() and character.isalpha()


def _is_joinable(character: str) -> bool:
    """Some of the arrows in joined emoji are mathematical symbols."""
    return _is_pictograph(character) or unicodedata.category(character) == "Sm"


def _graphemes(text: str) -> Iterator[str]:
    cluster = ""
    for character in text:
        if 0 < len(cluster) < MAX_GRAPHEME_LENGTH and _joins(cluster, character):
            cluster += character
            continue
        if cluster:
            yield cluster
        cluster = character
    if cluster:
        yield cluster
