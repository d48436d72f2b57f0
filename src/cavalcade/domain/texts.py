"""What people write to each other, made safe to show: a few lines, under the rules of names."""

from typing import Final

from cavalcade.domain.fields import Text
from cavalcade.domain.names import has_ink, refuse_stacked_marks, visible_part

MAX_TEXT_LENGTH: Final = 500
MAX_LINES: Final = 5
MAX_RAW_LENGTH: Final = 2_000
"""How much is looked at, white space and what cannot be seen included."""


def clean_text(text: str, longest: int = MAX_TEXT_LENGTH) -> str:
    """Normalises a text for display, line by line as a name is.

    Args:
        text: What somebody typed; lines end with CR, LF or both.
        longest: How many characters it may have.

    Returns:
        The text in NFC, its lines parted by LF, without what cannot be seen and is not needed, with runs of white
        space in a line folded to one space, and without empty lines at its beginning and end.

    Raises:
        ValueError: With a sentence that says what is allowed, where the text is empty or too long, has too many lines,
            or holds what no name may.
    """
    if len(text) > MAX_RAW_LENGTH:
        raise ValueError(f"must have at most {longest} characters")
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    cleaned = "\n".join(map(visible_part, lines)).strip("\n")
    if len(cleaned) > longest:
        raise ValueError(f"must have at most {longest} characters")
    if cleaned.count("\n") >= MAX_LINES:
        raise ValueError(f"must have at most {MAX_LINES} lines")
    refuse_stacked_marks(cleaned)
    if not has_ink(cleaned):
        raise ValueError("must not be empty")
    return cleaned


TEXT: Final = Text(clean_text, longest=MAX_RAW_LENGTH, example="Fuel in 20 km?")
"""How a text is read from outside."""
