"""Who is shown how, and in which order."""

from dataclasses import replace

from cavalcade.app.session.formatting import Format, Units
from cavalcade.app.session.people import FORGOTTEN_MS, STALE_MS, Known, ink_on, people
from cavalcade.domain.fix import Position
from cavalcade.domain.model import Participant, Role, Session, SessionState
from cavalcade.strings import words

NOW = 1_800_000_000_000
FORM = Format(words("en"), Units.METRIC)


def member(number: int, role: Role = Role.MEMBER, *, sharing: bool = True) -> Participant:
    return Participant(number, f"Rider {number}", f"R{number}", "#0f8a47", role, sharing, NOW + number)


def at(lat: float, lon: float, *, ago: int = 0, speed: int | None = 1_500, heading: int | None = 9_000) -> Position:
    return Position(NOW - ago, round(lat * 1e7), round(lon * 1e7), 50, speed, heading)


PEOPLE = {1: member(1, Role.HOST), 2: member(2), 3: member(3), 4: member(4, Role.VIEWER), 5: member(5, sharing=False)}
STATE = SessionState(Session("abcdefghij", "Trip", NOW, NOW + 10**7), PEOPLE, 5)
KNOWN = Known(
    STATE, {1: at(47.0, 9.0), 2: at(47.0, 9.01), 3: at(47.1, 9.0, ago=STALE_MS)}, frozenset({1, 2, 4, 5}), 2, NOW
)


def test_oneself_comes_first_then_the_host_and_viewers_last() -> None:
    assert [one.id for one in people(KNOWN, FORM)] == [2, 1, 3, 5, 4]


def test_each_is_said_what_they_are_doing() -> None:
    said = {one.id: one.status for one in people(KNOWN, FORM)}
    assert said == {2: "54 km/h", 1: "54 km/h", 3: "Last seen 30 s ago", 4: "Connected", 5: "Sharing off"}
    offline = {one.id: one.status for one in people(replace(KNOWN, present=None), FORM)}
    assert offline[1] == "Position from just now"
    assert offline[4] == "Not connected"


def test_an_old_position_is_pale_with_its_age_and_loses_its_heading_and_then_the_camera() -> None:
    third = next(one for one in people(KNOWN, FORM) if one.id == 3)
    assert (third.is_stale, third.note, third.heading) == (True, "30 s ago", None)
    assert third.sighting is not None
    later = next(one for one in people(replace(KNOWN, now=NOW + FORGOTTEN_MS), FORM) if one.id == 3)
    assert later.sighting is None


def test_the_others_have_a_distance_and_a_direction_from_oneself() -> None:
    host = next(one for one in people(KNOWN, FORM) if one.id == 1)
    assert host.away == "760 m"
    assert host.direction is not None
    assert FORM.compass(host.direction) == "west"


def test_ink_can_be_read_on_every_colour() -> None:
    assert (ink_on("#ffffff"), ink_on("#000000"), ink_on("#ffcd00")) == ("#14181a", "#ffffff", "#14181a")
