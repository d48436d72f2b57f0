"""Places as they are to be drawn and said; pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final
from urllib.parse import quote

from cavalcade.app.camera.framing import Point
from cavalcade.app.session.formatting import Format
from cavalcade.app.session.people import STALE_MS, Known
from cavalcade.client import PlaceKind
from cavalcade.client.place_rules.board import Board, Row, Standing
from cavalcade.client.place_rules.scene import metres_to
from cavalcade.domain import geo
from cavalcade.domain.features import places as place_feature
from cavalcade.domain.features import regroup
from cavalcade.domain.features.places import Place, find, places
from cavalcade.domain.features.regroup import standing
from cavalcade.domain.features.statuses import PersonStatus
from cavalcade.domain.fix import Fix

OFFERED: Final = (
    PlaceKind.MEET,
    PlaceKind.FUEL,
    PlaceKind.FOOD,
    PlaceKind.HAZARD,
    PlaceKind.PARKING,
    PlaceKind.VIEW,
    PlaceKind.CAMP,
    PlaceKind.NOTE,
)
"""In this order they are offered: what one rides by comes first."""


class MapApp(Enum):
    """What the device opens a place with."""

    CHOSEN = auto()
    """Whatever the owner chose for `geo:`."""

    APPLE = auto()
    WEB = auto()


@dataclass(frozen=True, slots=True)
class PlaceView:
    """A place of the session.

    Attributes:
        id: Its offset.
        kind: What it is for.
        title: Its name, else what it is.
        said: Kind and name, for those who hear the screen.
        note: What was written about it; empty for nothing.
        point: Where.
        away: How far from oneself and in which direction; empty where that is not known.
        is_called: The group is called there.
    """

    id: int
    kind: PlaceKind
    title: str
    said: str
    note: str
    point: Point
    away: str
    is_called: bool


def place_views(known: Known, form: Format) -> Sequence[PlaceView]:
    """All places: where the group meets first, then the nearest."""
    mine = known.positions.get(known.me)
    here = None if mine is None else mine.to_fix()
    call = standing(known.state)

    def order(place: Place) -> tuple[bool, float]:
        return not _is_called(place), 0.0 if here is None else metres_to(place, here)

    def _is_called(place: Place) -> bool:
        return call is not None and call.place == place.place

    return [_view(place, here, form, is_called=_is_called(place)) for place in sorted(places(known.state), key=order)]


def spot_for(kind: PlaceKind, newest: Fix | None, earlier: tuple[float, float] | None, now: int) -> Point | None:
    """Where a place is put by who says "here"; None where one's place is not known now.

    Args:
        kind: What is put there. A hazard is seen before it can be marked.
        newest: One's newest fix.
        earlier: Where one was 3 s ago, where that is known.
        now: ms on the server's clock.
    """
    if kind is PlaceKind.HAZARD and earlier is not None:
        return Point(*earlier)
    if newest is None or now - (newest.fix_time or 0) > STALE_MS:
        return None
    return Point(newest.lat, newest.lon)


def map_address(point: Point, title: str, opens: MapApp) -> str:
    """The address that opens a place in a navigation app."""
    at = f"{point.lat:.6f},{point.lon:.6f}"
    match opens:
        case MapApp.CHOSEN:
            return f"geo:{at}?q={at}({quote(title, safe='')})"
        case MapApp.APPLE:
            return f"https://maps.apple.com/?daddr={at}"
        case MapApp.WEB:
            mark = f"mlat={point.lat:.6f}&mlon={point.lon:.6f}"
            return f"https://www.openstreetmap.org/?{mark}#map=17/{at.replace(',', '/')}"


def decimal_degrees(point: Point) -> str:
    """A place as people and programs take it."""
    return f"{point.lat:.6f}, {point.lon:.6f}"


def may_change(known: Known, place: int) -> bool:
    """Whether one may remove a place; not one that is gone."""
    found, me = find(known.state, place), known.state.participants.get(known.me)
    return found is not None and me is not None and place_feature.may_change(me, found)


def may_call(known: Known) -> bool:
    """Whether one may call the group together."""
    me = known.state.participants.get(known.me)
    return me is not None and regroup.may_call(me)


def call_words(known: Known, form: Format) -> str | None:
    """Where the group is to meet; None where it is not called."""
    call = standing(known.state)
    if call is None:
        return None
    place = find(known.state, call.place)
    if place is None:
        return form.words.say("regroup.nextStop")
    return form.words.say("regroup.at", place=place.name) if place.name else form.words.say("regroup.point")


def row_words(row: Row, known: Known, form: Format) -> str:
    """How it stands with somebody whom the group awaits; what they said of themselves comes first."""
    person = known.state.participants.get(row.participant)
    status = None if person is None else person.features.of(PersonStatus).status
    words = _standing_words(row, known.now, form)
    if status is None or row.standing in {Standing.HERE, Standing.GOING_HOME}:
        return words
    return f"{form.words.say(f'status.{status}')} · {words}"


def count_words(board: Board, form: Format) -> str:
    """How many are there."""
    return form.words.say("rollCall.count", here=board.here, count=board.awaited)


def hazard_words(hazard: Place, known: Known, form: Format) -> str:
    """What is said of a hazard that one comes to."""
    mine = known.positions.get(known.me)
    if mine is None:
        return hazard.name or form.words.say("places.kind.hazard")
    far = form.distance(metres_to(hazard, mine.to_fix()))
    if hazard.name:
        return form.words.say("hazard.named", name=hazard.name, distance=far)
    return form.words.say("hazard.ahead", distance=far)


def _view(place: Place, here: Fix | None, form: Format, *, is_called: bool) -> PlaceView:
    kind = form.words.say(f"places.kind.{place.kind}")
    away = ""
    if here is not None:
        direction = form.compass(geo.bearing(here.lat, here.lon, place.lat, place.lon))
        away = form.words.say("sos.away", distance=form.distance(metres_to(place, here)), direction=direction)
    return PlaceView(
        place.place,
        place.kind,
        place.name or kind,
        f"{kind}: {place.name}" if place.name else kind,
        place.note or "",
        Point(place.lat, place.lon),
        away,
        is_called,
    )


def _standing_words(row: Row, now: int, form: Format) -> str:
    say, far = form.words.say, form.distance(row.metres or 0.0)
    match row.standing:
        case Standing.COMING:
            if row.minutes is None:
                return say("rollCall.coming", distance=far)
            return say("rollCall.minutes", count=row.minutes)
        case Standing.STANDS:
            return say("rollCall.stands", distance=far)
        case Standing.AWAY:
            return say("rollCall.away", distance=far)
        case Standing.NO_NEWS:
            return say("rollCall.noNews", length=form.duration(now - (row.heard_at or now)))
        case Standing.NO_PLACE:
            return say("rollCall.noPlace")
        case Standing.NOT_SHARING:
            return say("rollCall.notSharing")
        case Standing.HERE:
            return say("rollCall.here")
        case Standing.GOING_HOME:
            return say("status.going_home")
