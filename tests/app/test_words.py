"""Whatever the app says is there to be said."""

import re
from pathlib import Path

import pytest

from cavalcade.app.device.location import Obstacle
from cavalcade.app.screens.notices import LOST_AFTER_MS
from cavalcade.app.session import advice
from cavalcade.app.session.advice import WayOn
from cavalcade.app.session.formatting import Format, Units, units_of
from cavalcade.app.session.participation import IMPATIENT, HostNotAway
from cavalcade.app.shell import TICK_S
from cavalcade.client import ErrorCode, ProtocolError, Rejected, SessionOver, Unreachable
from cavalcade.domain.errors import FieldError
from cavalcade.strings import LANGUAGES, words

APP = Path(__file__).parents[2] / "src" / "cavalcade" / "app"
FORMS = [Format(words(language), units) for language in LANGUAGES for units in Units]


def test_each_key_that_is_said_has_a_text() -> None:
    english = (APP.parent / "strings" / "en.json").read_text()
    # What is completed where it is said has a brace in it: `sharing.{state}`.
    said = {key for path in APP.rglob("*.py") for key in re.findall(r'say\(\s*"([^"{]+)"', path.read_text())}
    assert len(said) > 60
    assert [key for key in sorted(said) if f'"{key}"' not in english] == []


@pytest.mark.parametrize("form", FORMS, ids=lambda form: f"{form.words.language} {form.units}")
def test_every_problem_has_words_and_a_way_on(form: Format) -> None:
    errors = [Rejected(code) for code in ErrorCode] + [
        Unreachable(""),
        ProtocolError(""),
        SessionOver("ended"),
        ValueError(),
        KeyError(),
    ]
    told = [advice.of_error(error, form) for error in errors]
    told += [advice.of_obstacle(obstacle, form) for obstacle in Obstacle]
    told += [advice.of_end(reason, form) for reason in ("ended", "expired", "left", "replaced", "unauthorized", "x")]
    assert all(one.title and one.text for one in told)
    assert advice.of_error(Unreachable("secret"), form).way_on is WayOn.TRY_AGAIN
    assert "secret" not in advice.of_error(Unreachable("secret"), form).text


def test_limits_are_said_in_the_readers_language() -> None:
    german = Format(words("de"), Units.METRIC)
    detail = FieldError("/extend_s", "the session can be extended by at most 60 seconds now")
    told = advice.of_error(Rejected(ErrorCode.INVALID_REQUEST, errors=(detail,)), german)
    assert told.text == words("de").say("menu.longest")
    other = FieldError("/x", "something in English")
    assert "English" not in advice.of_error(Rejected(ErrorCode.INVALID_REQUEST, errors=(other,)), german).text
    assert "10" in advice.of_error(HostNotAway(), german).text


def test_a_lost_connection_is_said_within_ten_seconds() -> None:
    assert IMPATIENT.heartbeat_ms + IMPATIENT.silence_ms + LOST_AFTER_MS + TICK_S * 1_000 < 10_000


@pytest.mark.parametrize(
    ("tags", "units"),
    [
        (["en-GB"], Units.IMPERIAL),
        (["en", "de-DE"], Units.METRIC),
        (["en_US.UTF-8"], Units.IMPERIAL),
        (["en-IE", "en-US"], Units.METRIC),
        (["en-u-co-gb", "en-CA"], Units.METRIC),
        ([], Units.METRIC),
    ],
)
def test_units_follow_the_region(tags: list[str], units: Units) -> None:
    assert units_of(tags) is units


def test_numbers_are_said_as_a_person_would() -> None:
    here, there = Format(words("en"), Units.METRIC), Format(words("de"), Units.IMPERIAL)
    assert [here.age(ms) for ms in (0, 40_000, 125_000, 7_300_000)] == ["just now", "40 s ago", "2 min ago", "2 h ago"]
    assert [here.duration(ms) for ms in (-5, 50_000, 27_720_000, 273_600_000)] == [
        "0 s",
        "50 s",
        "7 h 42 min",
        "3 d 4 h",
    ]
    assert [here.distance(m) for m in (41.2, 853, 1_234, 38_000)] == ["41 m", "850 m", "1.2 km", "38 km"]
    assert (here.speed(12.5), here.compass(44), here.compass(359)) == ("45 km/h", "north-east", "north")
    assert there.distance(1_931) == "1,2 mi"
