"""Stories of the vectors in `tests/vectors/place_rules.json`: riders, places and calls, as one client judges them."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from cavalcade.client.motion.riding import Riding, follow
from cavalcade.client.motion.scene import Person, Scene
from cavalcade.client.place_rules.board import Board, Row
from cavalcade.client.place_rules.judging import PlaceFindings, PlaceMemory, judge_places
from cavalcade.client.place_rules.scene import PlaceScene
from cavalcade.domain.features.alerts import Alert, AlertKind
from cavalcade.domain.features.places import Place, PlaceKind
from cavalcade.domain.features.regroup import Regroup
from cavalcade.domain.fix import Fix
from cavalcade.domain.geo import destination, distance_m
from tests.client.rides import AT, START, is_within, person, seconds

VECTORS: Final = json.loads((Path(__file__).parents[1] / "vectors" / "place_rules.json").read_text())
MET_AT: Final = 900


def place_at(one: dict[str, Any], second: int) -> Place:
    """A place so many metres north and east of the start."""
    lat, lon = destination(*destination(*START, 0 if one["at"] >= 0 else 180, abs(one["at"])), 90, one.get("east", 0))
    ticked = tuple(who for at, who in one.get("ticked", []) if at <= second)
    return Place(
        place=one["place"],
        participant=one.get("by", 1),
        kind=PlaceKind(one["kind"]),
        lat=lat,
        lon=lon,
        name=None,
        note=None,
        radius_m=one.get("radius"),
        at=AT + one.get("from", 0) * 1000,
        written=one["place"],
        ticked=ticked,
    )


class Gathering:
    """A session that answers one client: it repeats what is raised, and does what follows, unless it is deaf."""

    def __init__(self, story: dict[str, Any]) -> None:
        """Begins before the first second."""
        self._story = story
        self._gone: set[int] = set()
        self._met: dict[str, Any] | None = None
        self._call: Regroup | None = None
        self._alerts: list[Alert] = []
        self._is_ended = False

    def happens(self) -> tuple[list[list[object]], list[list[object]]]:
        """What the client finds, by second, and the boards that were asked for."""
        story, me = self._story, self._story["me"]
        riders = {one["id"]: list(seconds(one)) for one in story["people"]}
        newest: dict[int, Fix] = {}
        people: dict[int, Person] = {}
        memory, riding = PlaceMemory(), Riding()
        found: list[list[object]] = []
        boards: list[list[object]] = []
        for second in range(story["until"]):
            now = AT + second * 1000
            newest |= {who: fix for who, rider in riders.items() if (fix := rider[second][0]) is not None}
            truth = {
                one["id"]: person(one, newest.get(one["id"]), second, is_connected=riders[one["id"]][second][1])
                for one in story["people"]
            }
            if self._is_ended:
                truth[me] = replace(truth[me], status=None, status_since=None)
            is_listening = not is_within(story.get("offline", []), second)
            people = truth if is_listening or not people else {**people, me: truth[me]}
            self._tell(second, now)
            scene = Scene(now, me, list(people.values()), is_listening, tuple(self._alerts))
            last, fix = riding.last, truth[me].fix
            riding = riding if fix is None else follow(riding, fix)
            places = PlaceScene(scene, self._places(second), self._call)
            memory, findings = judge_places(memory, places, riding, last=last)
            found += [[second, what] for what in self._answer(findings, second, now)]
            if memory.board is not None and any(at == second for at, _ in story.get("boards", [])):
                boards.append([second, _words(memory.board, now)])
        return found, boards

    def _places(self, second: int) -> Sequence[Place]:
        known = [*self._story["places"], *([] if self._met is None else [self._met])]
        return [
            place_at(one, second) for one in known if one.get("from", 0) <= second and one["place"] not in self._gone
        ]

    def _tell(self, second: int, now: int) -> None:
        for at, place, by in self._story["calls"]:
            if at == second:
                self._call = Regroup(place, by, now)
        for at, kind, who in self._story.get("told", []):
            if at == second:
                self._raise(AlertKind(kind), who, 5, now)

    def _raise(self, kind: AlertKind, who: int | None, place: int, now: int) -> None:
        self._alerts.append(Alert(0, kind, who, self._story["me"], now, place))
        if kind is AlertKind.ALL_HERE:
            self._call = None
        if kind is AlertKind.HAZARD_GONE:
            self._gone.add(place)

    def _answer(self, findings: PlaceFindings, second: int, now: int) -> list[str]:
        is_deaf = self._story.get("deaf", False)
        found = []
        for kind, who, place in findings.alerts:
            found.append(f"{kind} {who or place}" if kind is not AlertKind.ALL_HERE else kind.value)
            if not is_deaf:
                self._raise(kind, who, place, now)
        if findings.ends_status:
            found.append("ended")
            self._is_ended = not is_deaf
        if findings.stop is not None:
            metres = round(distance_m(*START, *findings.stop))
            found.append(f"stop {metres}")
            if not is_deaf:
                self._met = {"place": MET_AT, "kind": "meet", "at": metres, "from": second}
                self._call = Regroup(MET_AT, self._story["me"], now)
        return [*found, *(f"ahead {hazard}" for hazard in findings.hazards)]


def _words(board: Board, now: int) -> str:
    return f"{board.here}/{board.awaited}: {', '.join(_row(row, now) for row in board.rows)}"


def _row(row: Row, now: int) -> str:
    words = f"{row.participant} {row.standing}"
    if row.standing == "coming":
        return f"{words} {'?' if row.minutes is None else row.minutes}"
    if row.standing == "no_news" and row.heard_at is not None:
        return f"{words} {(now - row.heard_at) // 60_000}"
    return words
