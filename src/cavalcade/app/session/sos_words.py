"""SOS in words: who needs help, where, and who does what; pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cavalcade.app.session.formatting import Format
from cavalcade.app.session.people import Known
from cavalcade.app.session.sos import Side
from cavalcade.domain.features.sos import CALL, Sos, SosAnswer
from cavalcade.domain.fix import Fix
from cavalcade.domain.geo import bearing, distance_m
from cavalcade.domain.model import Role


@dataclass(frozen=True, slots=True)
class Place:
    """Where somebody is.

    Attributes:
        lat: Degrees north.
        lon: Degrees east.
        accuracy: Metres; None where it is not known.
        at: Since when that is so, ms on the server's clock.
    """

    lat: float
    lon: float
    accuracy: float | None
    at: int


def name_of(participant: int, known: Known, form: Format) -> str:
    """Somebody's name."""
    person = known.state.participants.get(participant)
    return form.words.say("session.someone") if person is None else person.name


def headline(sos: Sos, known: Known, form: Format, number: str) -> str:
    """An SOS in one line: "SOS: Hugo, Injured". At the second stage that nobody has answered."""
    say = form.words.say
    words = say("sos.headline", name=name_of(sos.participant, known, form), kind=say(f"sos.kind.{sos.kind}"))
    return f"{words}. {say('sos.nobody', number=number)}" if sos.stage >= CALL else words


def place_of(sos: Sos, known: Known) -> Place | None:
    """Where somebody is: their newest position where they share, else where the SOS was raised."""
    position = known.positions.get(sos.participant)
    if position is not None:
        fix = position.to_fix()
        return Place(fix.lat, fix.lon, fix.accuracy, position.fix_time)
    return None if sos.lat is None or sos.lon is None else Place(sos.lat, sos.lon, None, sos.at)


def place_of_fix(fix: Fix | None, now: int) -> Place | None:
    """Where one is oneself."""
    return None if fix is None else Place(fix.lat, fix.lon, fix.accuracy, now if fix.fix_time is None else fix.fix_time)


def coordinates(place: Place) -> str:
    """Degrees as they are read out on a telephone: "60.17000, 24.94000"."""
    return f"{place.lat:.5f}, {place.lon:.5f}"


def place_note(place: Place, now: int, form: Format) -> str:
    """How far a place can be trusted."""
    parts = [form.age(max(0, now - place.at))]
    if place.accuracy:
        parts.insert(0, form.words.say("people.accuracy", distance=form.distance(place.accuracy)))
    return " · ".join(parts)


def whereabouts(sos: Sos, known: Known, side: Side, form: Format) -> str:
    """How far it is from here, and where: "1.2 km north, behind you"; empty where that is not known."""
    mine, there = known.positions.get(known.me), place_of(sos, known)
    if mine is None or there is None or sos.participant == known.me:
        return ""
    here = mine.to_fix()
    metres = distance_m(here.lat, here.lon, there.lat, there.lon)
    direction = form.compass(bearing(here.lat, here.lon, there.lat, there.lon))
    far = form.words.say("sos.away", distance=form.distance(metres), direction=direction)
    # Who is ahead of the place has it behind.
    where = {Side.AHEAD: "sos.behindYou", Side.BEHIND: "sos.aheadOfYou"}.get(side)
    return far if where is None else f"{far}, {form.words.say(where)}"


def answers(sos: Sos, known: Known, form: Format) -> Sequence[str]:
    """Who does what: "Ada comes, 1.2 km away". Minutes are not known without a road, and none are made up."""
    there, say, lines = place_of(sos, known), form.words.say, []
    for who, answer in sos.answers.items():
        person, position = known.state.participants.get(int(who)), known.positions.get(int(who))
        if person is None:
            continue
        if answer is SosAnswer.GOING and position is not None and there is not None:
            here = position.to_fix()
            metres = distance_m(here.lat, here.lon, there.lat, there.lon)
            lines.append(say("sos.comesFrom", name=person.name, distance=form.distance(metres)))
        else:
            lines.append(say(f"sos.answer.{answer}", name=person.name))
    return lines


def phones(sos: Sos, known: Known, reached_by: Mapping[int, int]) -> int:
    """On how many of the others' devices it has arrived; those who watch report nothing, and do not count."""
    others = (one for one in known.state.participants.values() if one.id != known.me and one.role is not Role.VIEWER)
    return sum(reached_by.get(one.id, 0) >= sos.sos for one in others)
