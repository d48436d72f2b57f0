"""One set of words for everybody: each language says all of it, with the same placeholders."""

import re
from pathlib import Path

import pytest

from cavalcade.strings import LANGUAGES, choose, words

ROOT = Path(__file__).parents[2]
ENGLISH = words("en")._texts
PLACEHOLDER = re.compile(r"\{(\w+)\}")
OTHERS = [language for language in LANGUAGES if language != "en"]


def _placeholders(text: object) -> set[str]:
    return set(PLACEHOLDER.findall(str(text).replace("{'", "").replace("'}", "")))


@pytest.mark.parametrize("language", OTHERS)
def test_each_language_says_the_same_with_the_same_placeholders(language: str) -> None:
    texts = words(language)._texts
    assert list(texts) == list(ENGLISH)
    for key, text in texts.items():
        assert _placeholders(text) == _placeholders(ENGLISH[key]), key
        assert isinstance(text, str) == isinstance(ENGLISH[key], str), key


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_form_says_something_and_plurals_count(language: str) -> None:
    for key, text in words(language)._texts.items():
        forms = [text] if isinstance(text, str) else list(text.values())
        assert all(form.strip() or key == "language.group" for form in forms), key
        if not isinstance(text, str):
            assert set(text) == {"one", "other"}, key
            assert all("{count}" in form for form in forms), key


def test_the_files_are_the_languages_that_there_are() -> None:
    folder = ROOT / "src/cavalcade/strings"
    assert {path.stem for path in folder.glob("*.json")} == set(LANGUAGES)


def test_nothing_is_translated_that_nobody_says() -> None:
    sources = [*(ROOT / "page/src").rglob("*.ts"), *(ROOT / "src/cavalcade").rglob("*.py")]
    said = "\n".join(path.read_text() for path in sources)
    # Reasons and kinds are completed where they are said: `ending.${ending}`.
    begun = tuple(re.findall(r"[\"`']((?:[a-z]+\.)+)(?:\$\{|\{)", said))
    unsaid = [key for key in ENGLISH if key not in said and not key.startswith(begun)]
    assert unsaid == []


@pytest.mark.parametrize(
    ("language", "count", "said"),
    [
        ("en", 1, "1 person is here"),
        ("en", 0, "0 people are here"),
        ("de", 2, "2 Personen sind da"),
        ("fr", 0, "0 personne est là"),
        ("es", 1_200, "Hay 1200 personas"),
    ],
)
def test_says_how_many(language: str, count: int, said: str) -> None:
    assert words(language).say("join.here", count=count) == said


def test_numbers_are_written_as_readers_write_them() -> None:
    assert words("en").number(1234.5, 1) == "1,234.5"
    assert words("de").number(1234.5, 1) == "1.234,5"
    assert words("fr").number(1234.04, 1) == "1\u202f234"
    # The Real Academia and CLDR group from five digits on.
    assert words("es").number(1234.5, 1) == "1234,5"
    assert words("es").number(12_345) == "12.345"


def test_a_missing_text_or_value_is_an_error() -> None:
    for call in (lambda: words("en").say("no.such.text"), lambda: words("en").say("start.back"), lambda: words("fi")):
        with pytest.raises(KeyError):
            call()


@pytest.mark.parametrize(
    ("preferred", "chosen"),
    [(["fi-FI", "de-CH", "en"], "de"), (["fr_FR.UTF-8"], "fr"), (["fi", ""], "en"), ([], "en"), (["C"], "en")],
)
def test_chooses_the_first_language_that_there_is(preferred: list[str], chosen: str) -> None:
    assert choose(preferred) == chosen


def test_a_name_that_is_written_from_the_right_keeps_its_direction_to_itself() -> None:
    say = words("en").say
    assert say("news.left", name="محمد (2)") == "\u2068محمد (2)\u2069 left"
    assert say("news.left", name="שרה") == "\u2068שרה\u2069 left"
    assert say("news.left", name="Zoë 👩‍👧") == "Zoë 👩‍👧 left"
