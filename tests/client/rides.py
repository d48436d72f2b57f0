"""Rides of the vectors in `tests/vectors`: everybody goes straight north, or back, with a fix each second."""

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest

from cavalcade.client.motion.judging import Memory, answer, judge
from cavalcade.client.motion.scene import LOOSE, NORMAL, TIGHT, Person, Scene
from cavalcade.domain.features.alerts import Alert, AlertKind
from cavalcade.domain.features.posts import Post
from cavalcade.domain.features.statuses import Status
from cavalcade.domain.fix import Fix
from cavalcade.domain.geo import destination
from cavalcade.domain.model import Role

VECTORS: Final = json.loads((Path(__file__).parents[1] / "vectors" / "motion.json").read_text())
START: Final = (60.17, 24.94)
AT: Final = 1_790_000_000_000
SENSITIVITIES: Final = {"tight": TIGHT, "normal": NORMAL, "loose": LOOSE}


def named(kind: str) -> list[Any]:
    """The vectors of a kind, as parameters."""
    return [pytest.param(one, id=one["name"]) for one in VECTORS[kind]]


def seconds(ride: dict[str, Any]) -> Iterator[tuple[Fix | None, bool]]:
    """For each second, the fix that is taken then, and whether the rider is connected."""
    metres, second = float(ride.get("at", 0)), 0
    for length, speed, *unseen in ride["legs"]:
        for part in range(length):
            is_told = not unseen and (speed != 0 or part % ride.get("standing_every", 1) == 0)
            yield (_fix(ride, metres, speed, second) if is_told else None), unseen != ["unseen"]
            metres += speed
            second += 1


def _fix(ride: dict[str, Any], metres: float, speed: float, second: int) -> Fix:
    width, period = ride.get("sways", (0, 1))
    metres += width * math.sin(2 * math.pi * second / period)
    lat, lon = destination(*START, 0 if metres >= 0 else 180, abs(metres))
    heading = None if speed == 0 or ride.get("without_heading") else 0.0 if speed > 0 else 180.0
    speed_told = None if ride.get("without_speed") else abs(speed)
    return Fix(lat, lon, AT + second * 1000, ride.get("accuracy"), heading, speed_told)


def happens(case: dict[str, Any]) -> list[list[object]]:
    """What one client finds, by second. The server repeats what is raised, and ends a status."""
    riders = {one["id"]: list(seconds(one)) for one in case["people"]}
    newest: dict[int, Fix] = {}
    people: dict[int, Person] = {}
    alerts: list[Alert] = []
    found: list[list[object]] = []
    is_ended, memory = False, Memory()
    for second in range(case["until"]):
        now, me = AT + second * 1000, case["me"]
        newest |= {who: fix for who, rider in riders.items() if (fix := rider[second][0]) is not None}
        truth = {
            one["id"]: person(one, newest.get(one["id"]), second, is_connected=riders[one["id"]][second][1])
            for one in case["people"]
        }
        if is_ended:
            truth[me] = replace(truth[me], status=None, status_since=None)
        is_listening = not is_within(case.get("offline", []), second)
        people = truth if is_listening or not people else {**people, me: truth[me]}
        alerts += [Alert(0, AlertKind(kind), who, me, now) for at, kind, who in case.get("told", []) if at == second]
        sensitivity = SENSITIVITIES[case.get("sensitivity", "normal")]
        scene = Scene(now, me, list(people.values()), is_listening, tuple(alerts), sensitivity)
        if second in case.get("answers", []):
            memory = answer(memory)
            found.append([second, "answered"])
        was_asking = memory.is_asking
        memory, findings = judge(memory, scene)
        if memory.is_asking is not was_asking:
            found.append([second, "asked" if memory.is_asking else "over"])
        if findings.ends_status:
            found.append([second, "ended"])
            is_ended = not case.get("deaf")
        found += [[second, f"{kind} {who}"] for kind, who in findings.alerts]
        alerts += [Alert(0, kind, who, me, now) for kind, who in findings.alerts]
    return found


def person(one: dict[str, Any], fix: Fix | None, second: int, *, is_connected: bool) -> Person:
    """A rider as the others see them in some second."""
    said = [(at, Status(status)) for at, status in one.get("status", []) if at <= second]
    since, status = said[-1] if said else (None, None)
    return Person(
        one["id"],
        Role(one.get("role", "member")),
        Post(one["post"]) if "post" in one else None,
        status,
        None if since is None else AT + since * 1000,
        is_connected=is_connected,
        fix=None if is_within(one.get("paused", []), second) else fix,
        is_sharing=not is_within(one.get("paused", []), second),
    )


def is_within(spans: Sequence[Sequence[int]], second: int) -> bool:
    """Whether a second lies within one of some spans."""
    return any(begin <= second < end for begin, end in spans)


def spans(holds: Sequence[bool]) -> list[list[int]]:
    """From when to when something holds, in seconds."""
    ends = [*holds, False]
    begins = [at for at, one in enumerate(holds) if one and (at == 0 or not ends[at - 1])]
    return [[begin, ends.index(False, begin)] for begin in begins]
