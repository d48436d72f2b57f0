"""Places: where the group meets, where there is fuel, and what to look out for.

A place is named by the offset of the event that added it. Only the newest event about a place holds what it is: each
change takes the words before it away, and removal the last of them.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from typing import Annotated, ClassVar, Final

from cavalcade.domain import texts
from cavalcade.domain.errors import ErrorCode, FieldError, Rejected
from cavalcade.domain.feature import HOSTS, SHARERS, Bound, Change, Command, Effects, Feature, Situation, member
from cavalcade.domain.fields import Boolean, Number, OneOf, Text, Whole, reject
from cavalcade.domain.fix import MAX_FIX_TIME, exact_place
from cavalcade.domain.kept import Kept
from cavalcade.domain.model import EventOffset, Participant, ParticipantId, Role, SessionState, Somebody, Time
from cavalcade.domain.names import MAX_RAW_LENGTH, clean_name

MAX_PLACES: Final = 100
MAX_NAME_LENGTH: Final = 40
MAX_NOTE_LENGTH: Final = 140
MIN_RADIUS_M, MAX_RADIUS_M = 50, 500

RATES: Final = (
    Bound("places", ((40, 10), (200, 300)), "Too many places in a short time; wait a moment."),
    Bound(
        "places", ((120, 10), (600, 300)), "Too many places are set here in a short time; wait a moment.", of_all=True
    ),
)
"""How often one person, and all, may add, change, remove and tick places: a file of 100 goes in at once."""


class PlaceKind(StrEnum):
    """What a place is for."""

    MEET = "meet"
    FUEL = "fuel"
    FOOD = "food"
    VIEW = "view"
    HAZARD = "hazard"
    PARKING = "parking"
    CAMP = "camp"
    NOTE = "note"


def _clean_note(text: str) -> str:
    """As a message; empty where nothing is left of it."""
    return texts.clean_text(text, MAX_NOTE_LENGTH) if text.strip() else ""


PlaceName = Annotated[
    str | None, Text(partial(clean_name, longest=MAX_NAME_LENGTH), longest=MAX_RAW_LENGTH, example="Café Adler")
]
PlaceNote = Annotated[str | None, Text(_clean_note, longest=texts.MAX_RAW_LENGTH, example="Behind the church")]
SomePlace = Annotated[int | None, Whole(1, MAX_FIX_TIME, example=17)]
"""The offset of the event that added a place, or None."""

Radius = Annotated[int | None, Whole(MIN_RADIUS_M, MAX_RADIUS_M, example=80)]
Latitude = Annotated[float, Number(-90, 90)]
Longitude = Annotated[float, Number(-180, 180)]


@dataclass(frozen=True, slots=True)
class Place:
    """A place of the session.

    Attributes:
        place: The offset of the event that added it.
        participant: Who added it.
        kind: What it is for.
        lat: Degrees north.
        lon: Degrees east.
        name: At most 40 characters, or None.
        note: At most 140 characters in a few lines, or None.
        radius_m: Within how many metres somebody is there; None for the usual 80.
        at: Since when it has been of this kind, ms since the epoch.
        written: The offset of the event that holds what it is now.
        ticked: Of whom hosts say that they are there, by id.
        gone: Who says of a hazard that it is not there, by id.
    """

    place: EventOffset
    participant: ParticipantId
    kind: PlaceKind
    lat: float
    lon: float
    name: str | None
    note: str | None
    radius_m: int | None
    at: Time
    written: EventOffset
    ticked: tuple[ParticipantId, ...] = ()
    gone: tuple[ParticipantId, ...] = ()


@dataclass(frozen=True, slots=True)
class SessionPlaces(Kept):
    """The places of a session, by offset."""

    key: ClassVar[str] = "places"
    places: tuple[Place, ...] = ()


@dataclass(frozen=True, slots=True)
class PlaceAdded(Change):
    """There is one more place."""

    type: ClassVar[str] = "place_added"
    meaning: ClassVar[str] = (
        "who added it, what and where it is; its offset names the place. It stands in `features.places`, also with who"
        " was `ticked` as there and who says that a hazard is `gone`"
    )
    participant: ParticipantId
    kind: PlaceKind
    lat: float
    lon: float
    name: str | None
    note: str | None
    radius_m: int | None
    at: Time

    def evolve(self, state: SessionState) -> SessionState:
        """It is there."""
        offset = state.offset + 1
        place = Place(
            place=offset,
            participant=self.participant,
            kind=self.kind,
            lat=self.lat,
            lon=self.lon,
            name=self.name,
            note=self.note,
            radius_m=self.radius_m,
            at=self.at,
            written=offset,
        )
        return with_places(state, (*places(state), place))


@dataclass(frozen=True, slots=True)
class PlaceChanged(Change):
    """A place is another one than before."""

    type: ClassVar[str] = "place_changed"
    meaning: ClassVar[str] = "all that the place is now; what the event at `replaces` said of it is scrubbed"
    place: EventOffset
    participant: ParticipantId
    kind: PlaceKind
    lat: float
    lon: float
    name: str | None
    note: str | None
    radius_m: int | None
    at: Time
    ticked: tuple[ParticipantId, ...]
    gone: tuple[ParticipantId, ...]
    replaces: EventOffset

    def evolve(self, state: SessionState) -> SessionState:
        """This is all of it, also where the events before have lost their content."""
        place = Place(
            place=self.place,
            participant=self.participant,
            kind=self.kind,
            lat=self.lat,
            lon=self.lon,
            name=self.name,
            note=self.note,
            radius_m=self.radius_m,
            at=self.at,
            written=state.offset + 1,
            ticked=self.ticked,
            gone=self.gone,
        )
        return with_places(state, (*(one for one in places(state) if one.place != self.place), place))

    def effects(self) -> Effects:
        """What it was before is stored no longer."""
        return Effects(scrubs=(self.replaces,))


@dataclass(frozen=True, slots=True)
class PlaceRemoved(Change):
    """A place is no more."""

    type: ClassVar[str] = "place_removed"
    meaning: ClassVar[str] = "`by` whom; null for a hazard that is over. What the event at `erases` said is scrubbed"
    place: EventOffset
    by: Somebody
    erases: EventOffset

    def evolve(self, state: SessionState) -> SessionState:
        """It is not there any more."""
        return with_places(state, (one for one in places(state) if one.place != self.place))

    def effects(self) -> Effects:
        """What it was is stored no longer."""
        return Effects(scrubs=(self.erases,))


@dataclass(frozen=True, slots=True)
class PlaceTicked(Change):
    """A host says that somebody is at a place, or is not."""

    type: ClassVar[str] = "place_ticked"
    meaning: ClassVar[str] = "whether the participant is there, as a host says"
    place: EventOffset
    participant: ParticipantId
    here: bool
    by: ParticipantId

    def evolve(self, state: SessionState) -> SessionState:
        """They stand among those who are there, or do not."""

        def tick(place: Place) -> Place:
            others = {who for who in place.ticked if who != self.participant}
            return replace(place, ticked=tuple(sorted({*others, self.participant} if self.here else others)))

        return with_changed(state, self.place, tick)


@dataclass(frozen=True, slots=True)
class AddPlace(Command):
    """Add a place.

    Attributes:
        kind: What it is for.
        lat: Degrees north.
        lon: Degrees east.
        name: At most 40 characters; None or empty for none.
        note: At most 140 characters in 5 lines; None or empty for none.
        radius_m: Within how many metres somebody is there; None for the usual 80.
    """

    operation: ClassVar[str | None] = "place:add"
    meaning: ClassVar[str] = (
        "add a place: a `name` has at most 40 characters, a `note` 140 in 5 lines, a `radius_m` is from 50 to 500; a"
        " session has at most 100 places"
    )
    roles: ClassVar[frozenset[Role]] = SHARERS
    refusal: ClassVar[str] = "A viewer adds no places."
    rates: ClassVar[tuple[Bound, ...]] = RATES
    kind: Annotated[PlaceKind, OneOf(PlaceKind)]
    lat: Latitude
    lon: Longitude
    name: PlaceName = None
    note: PlaceNote = None
    radius_m: Radius = None

    def decide(self, me: Participant, situation: Situation) -> list[Change]:
        """One more, while there is room."""
        check_room(situation.state)
        lat, lon = checked(self.lat, self.lon)
        name, note = self.name or None, self.note or None
        return [PlaceAdded(me.id, self.kind, lat, lon, name, note, self.radius_m, situation.now)]


@dataclass(frozen=True, slots=True)
class SetPlace(Command):
    """Change a place; None leaves a field as it is, and an empty name or note takes it away."""

    operation: ClassVar[str | None] = "place:set"
    meaning: ClassVar[str] = (
        "change a place that one added; a host changes any. An empty `name` or `note` takes it away; `lat` and `lon`"
        " come together"
    )
    roles: ClassVar[frozenset[Role]] = SHARERS
    refusal: ClassVar[str] = "A viewer changes no places."
    rates: ClassVar[tuple[Bound, ...]] = RATES
    place: EventOffset
    kind: Annotated[PlaceKind | None, OneOf(PlaceKind)] = None
    lat: Annotated[float | None, Number(-90, 90)] = None
    lon: Annotated[float | None, Number(-180, 180)] = None
    name: PlaceName = None
    note: PlaceNote = None
    radius_m: Radius = None

    def decide(self, me: Participant, situation: Situation) -> list[Change]:
        """All that it is now, where it was another one."""
        before = named(situation.state, self.place)
        check_may_change(me, before)
        if (self.lat is None) != (self.lon is None):
            reject(FieldError("/lat" if self.lat is None else "/lon", "is required: a place moves by both"))
        lat, lon = before.lat, before.lon
        if self.lat is not None and self.lon is not None:
            lat, lon = checked(self.lat, self.lon)
        after = replace(
            before,
            kind=self.kind or before.kind,
            lat=lat,
            lon=lon,
            name=before.name if self.name is None else self.name or None,
            note=before.note if self.note is None else self.note or None,
            radius_m=before.radius_m if self.radius_m is None else self.radius_m,
        )
        if after == before:
            return []
        if after.kind is not before.kind:
            after = replace(after, at=situation.now)
        if (after.kind, after.lat, after.lon) != (before.kind, before.lat, before.lon):
            after = replace(after, gone=())
        return [
            PlaceChanged(
                place=after.place,
                participant=after.participant,
                kind=after.kind,
                lat=after.lat,
                lon=after.lon,
                name=after.name,
                note=after.note,
                radius_m=after.radius_m,
                at=after.at,
                ticked=after.ticked,
                gone=after.gone,
                replaces=before.written,
            )
        ]


@dataclass(frozen=True, slots=True)
class RemovePlace(Command):
    """Remove a place."""

    operation: ClassVar[str | None] = "place:remove"
    meaning: ClassVar[str] = (
        "remove a place that one added; a host removes any. What it said is scrubbed; changes nothing where it is gone"
    )
    roles: ClassVar[frozenset[Role]] = SHARERS
    refusal: ClassVar[str] = "A viewer removes no places."
    rates: ClassVar[tuple[Bound, ...]] = RATES
    place: EventOffset

    def decide(self, me: Participant, situation: Situation) -> list[Change]:
        """It is gone; nothing where somebody was faster."""
        before = named_or_gone(situation.state, self.place)
        if before is None:
            return []
        check_may_change(me, before)
        return [removal(before, me.id)]


@dataclass(frozen=True, slots=True)
class TickPlace(Command):
    """Say that somebody is at a place, whose phone does not, or take that back.

    Attributes:
        place: Where.
        participant: Who.
        here: Whether they are there.
    """

    operation: ClassVar[str | None] = "place:tick"
    meaning: ClassVar[str] = "say whether somebody is at a place whose phone does not, or take that back"
    roles: ClassVar[frozenset[Role]] = HOSTS
    refusal: ClassVar[str] = "Only the host may do this."
    rates: ClassVar[tuple[Bound, ...]] = RATES
    place: EventOffset
    participant: ParticipantId
    here: Annotated[bool, Boolean()]

    def decide(self, me: Participant, situation: Situation) -> list[Change]:
        """Whether they are there, where that was not known."""
        place = named(situation.state, self.place)
        whose = member(situation.state, self.participant)
        if whose.role is Role.VIEWER:
            reject(FieldError("/participant", "must not be a viewer"))
        if (whose.id in place.ticked) is self.here:
            return []
        return [PlaceTicked(place.place, whose.id, self.here, me.id)]


def places(state: SessionState) -> tuple[Place, ...]:
    """The places of a session, by offset."""
    return state.features.of(SessionPlaces).places


def find(state: SessionState, place: int | None) -> Place | None:
    """A place by its offset; None where it is not there."""
    return next((one for one in places(state) if one.place == place), None)


def named(state: SessionState, place: int) -> Place:
    """A place that a command names.

    Raises:
        Rejected: `invalid_request` for the field `/place` where it is not there.
    """
    found = find(state, place)
    if found is None:
        reject(FieldError("/place", "must be a place that is there"))
    return found


def named_or_gone(state: SessionState, place: int) -> Place | None:
    """A place that a command names; None where it is not there any more.

    Raises:
        Rejected: `invalid_request` for the field `/place` where there cannot have been one.
    """
    if place > state.offset:
        reject(FieldError("/place", "must be the offset of a place in this session"))
    return find(state, place)


def removal(place: Place, by: int | None) -> PlaceRemoved:
    """That a place goes; by nobody where it is a hazard that is over."""
    return PlaceRemoved(place.place, by, place.written)


def check_room(state: SessionState) -> None:
    """Sees that there may be one more place.

    Raises:
        Rejected: `forbidden`.
    """
    if len(places(state)) >= MAX_PLACES:
        detail = f"This session has {MAX_PLACES} places, which is the most; remove one first."
        raise Rejected(ErrorCode.FORBIDDEN, detail)


def checked(lat: float, lon: float) -> tuple[float, float]:
    """A place in degrees, as exact as positions are.

    Raises:
        Rejected: `invalid_request` for 0, 0, which receivers say before they know where they are.
    """
    place = exact_place(lat, lon)
    if place is None:
        reject(FieldError("/lat", "must not be 0 together with the longitude"))
    return place


def check_hazard(place: Place) -> None:
    """Sees that a place is a hazard.

    Raises:
        Rejected: `invalid_request` for the field `/place`.
    """
    if place.kind is not PlaceKind.HAZARD:
        reject(FieldError("/place", "must be a hazard"))


def may_change(me: Participant, place: Place) -> bool:
    """Whether somebody may change or remove a place: its author and hosts may."""
    return me.role is Role.HOST or me.id == place.participant


def check_may_change(me: Participant, place: Place) -> None:
    """Sees that somebody may change or remove a place.

    Raises:
        Rejected: `forbidden`.
    """
    if not may_change(me, place):
        raise Rejected(ErrorCode.FORBIDDEN, "Only who added a place, and the host, may change or remove it.")


def with_places(state: SessionState, kept: Iterable[Place]) -> SessionState:
    """The state with these places."""
    ordered = tuple(sorted(kept, key=lambda one: one.place))
    return replace(state, features=state.features.put(SessionPlaces(ordered)))


def with_changed(state: SessionState, place: int, change: Callable[[Place], Place]) -> SessionState:
    """The state with one place changed; what is not there cannot be."""
    return with_places(state, (change(one) if one.place == place else one for one in places(state)))


_ADDED: Final = PlaceAdded(2, PlaceKind.FUEL, 47.66, 9.18, "Café Adler", "Behind the church", 120, 1_800_000_000_000)
_ADDED_DATA: Final = {
    "participant": 2,
    "kind": "fuel",
    "lat": 47.66,
    "lon": 9.18,
    "name": "Café Adler",
    "note": "Behind the church",
    "radius_m": 120,
    "at": 1_800_000_000_000,
}
_MEET: Final = AddPlace(PlaceKind.MEET, 47.66, 9.18)

FEATURE: Final = Feature(
    commands=(AddPlace, SetPlace, RemovePlace, TickPlace),
    changes=(PlaceAdded, PlaceChanged, PlaceRemoved, PlaceTicked),
    session=SessionPlaces,
    asked=(
        ("place:add", {"kind": "meet", "lat": 47.66, "lon": 9.18}, _MEET),
        (
            "place:add",
            {"kind": "fuel", "lat": 47, "lon": -9.5, "name": " Café\tAdler ", "note": "1\r\n2", "radius_m": 50},
            AddPlace(PlaceKind.FUEL, 47.0, -9.5, "Café Adler", "1\n2", 50),
        ),
        ("place:set", {"place": 4, "name": "", "note": " "}, SetPlace(4, name="", note="")),
        (
            "place:set",
            {"place": 4, "kind": "camp", "lat": 47.7, "lon": 9.2, "radius_m": 500},
            SetPlace(4, PlaceKind.CAMP, 47.7, 9.2, radius_m=500),
        ),
        ("place:remove", {"place": 4}, RemovePlace(4)),
        ("place:tick", {"place": 4, "participant": 2, "here": True}, TickPlace(4, 2, here=True)),
        ("place:tick", {"place": 5, "participant": 2, "here": False}, TickPlace(5, 2, here=False)),
    ),
    refused=(
        ("place:add", {}, ("/kind", "/lat", "/lon")),
        (
            "place:add",
            {"kind": "pub", "lat": 90.1, "lon": "9", "name": "a" * 41, "note": "a" * 141, "radius_m": 49},
            ("/kind", "/lat", "/lon", "/name", "/note", "/radius_m"),
        ),
        (
            "place:add",
            {"kind": "meet", "lat": 9.18, "lon": 190, "name": "a\u202eb", "note": "1\n2\n3\n4\n5\n6", "radius_m": 501},
            ("/lon", "/name", "/note", "/radius_m"),
        ),
        ("place:set", {"place": 0, "ticked": [], "at": 0}, ("/place", "/ticked", "/at")),
        ("place:remove", {"place": "4", "by": None}, ("/place", "/by")),
        ("place:tick", {"place": 4, "here": 1}, ("/participant", "/here")),
    ),
    happened=(
        (_ADDED, _ADDED_DATA),
        (
            replace(_ADDED, name=None, note=None, radius_m=None),
            {**_ADDED_DATA, "name": None, "note": None, "radius_m": None},
        ),
        (
            PlaceChanged(
                place=4,
                participant=2,
                kind=PlaceKind.HAZARD,
                lat=47.66,
                lon=9.18,
                name=None,
                note=None,
                radius_m=None,
                at=1_800_000_000_000,
                ticked=(2, 3),
                gone=(1,),
                replaces=4,
            ),
            {
                **_ADDED_DATA,
                "place": 4,
                "kind": "hazard",
                "name": None,
                "note": None,
                "radius_m": None,
                "ticked": [2, 3],
                "gone": [1],
                "replaces": 4,
            },
        ),
        (PlaceRemoved(4, 2, 5), {"place": 4, "by": 2, "erases": 5}),
        (PlaceRemoved(4, None, 4), {"place": 4, "by": None, "erases": 4}),
        (PlaceTicked(4, 2, here=True, by=1), {"place": 4, "participant": 2, "here": True, "by": 1}),
    ),
)
