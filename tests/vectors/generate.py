"""Vectors that hold the page's TypeScript to the Python: what `evolve` folds, and what the codecs pack.

`python -m tests.vectors.generate` writes them again; a test checks that they are what this version gives. The page's
own tests read them.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from random import Random

from cavalcade.client.replica import Replica
from cavalcade.domain.errors import Rejected
from cavalcade.domain.events import Event, UnknownChange
from cavalcade.domain.feature import Command, Earlier, Issuer
from cavalcade.domain.features.alerts import AlertAnswer, AlertKind, AnswerAlert, RaiseAlert, RecentAlerts
from cavalcade.domain.features.chat import MessageSent
from cavalcade.domain.features.ending import EndSession, Expire
from cavalcade.domain.features.hazards import DenyHazard
from cavalcade.domain.features.hosting import ClaimHost
from cavalcade.domain.features.membership import Join, Leave
from cavalcade.domain.features.places import AddPlace, PlaceKind, RemovePlace, SetPlace, TickPlace
from cavalcade.domain.features.regroup import CallRegroup, PlaceRegroup
from cavalcade.domain.features.settings import SetSession
from cavalcade.domain.fix import DEGREE, MAX_I16, MAX_U16, MIN_I16, Position
from cavalcade.domain.model import Role, SessionState
from cavalcade.domain.operations import Operation
from cavalcade.domain.session import FEATURES, TIMED, Elapse, decide, replay
from cavalcade.wire import messages
from cavalcade.wire.positions import fix_to_dict, pack_fix, pack_positions, position_to_dict, positions_to_dict
from tests.domain.strategies import LIMITS, NOW, session_with
from tests.vectors import channel

FOLDER = Path(__file__).parent
HISTORIES = 2
ENDING = 1
STEPS = 14
SOON = replace(LIMITS, sos_again_s=2)
FRAMES = 12


def sessions() -> list[dict[str, object]]:
    """Sessions as a client sees them: where they stood, what happened, and what is seen halfway and at the end.

    There are some for each feature, so that another one adds its own and changes no others.
    """
    return [
        *(
            _session(Random(f"{name} {number}"), examples, ends=number == ENDING)
            for name, examples in sorted(_examples().items())
            for number in range(HISTORIES)
        ),
        *_places(),
    ]


def packed() -> dict[str, object]:
    """Fixes and positions as JSON, and the bytes that they are packed into."""
    chance = Random(0)
    everyone = [[(who + 1, _position(chance)) for who in range(size % 4)] for size in range(FRAMES)]
    server_time = NOW + 60_000
    return {
        "fixes": [
            {"fix": fix_to_dict(position.to_fix()), "bytes": pack_fix(position).hex()}
            for frame in everyone
            for _, position in frame
        ],
        "positions": [
            {"payload": positions_to_dict(server_time, frame), "bytes": pack_positions(server_time, frame).hex()}
            for frame in everyone
        ],
    }


def as_text(vectors: object) -> str:
    """A vector a line, so that a change can be read."""
    if isinstance(vectors, list):
        return "[\n" + ",\n".join(json.dumps(one, ensure_ascii=False) for one in vectors) + "\n]\n"
    assert isinstance(vectors, dict)
    parts = (f'"{name}": {as_text(value).strip()}' for name, value in vectors.items())
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _examples() -> dict[str, list[Command]]:
    """What each feature gives as examples of what can be asked for, by its name; not the end of the session."""
    return {
        feature.commands[0].__module__: [
            *(command for _, _, command in feature.asked if not isinstance(command, EndSession)),
            *(Elapse() for command in feature.commands if command in TIMED and command is not Expire),
        ]
        for feature in FEATURES
    }


def _session(chance: Random, examples: list[Command], *, ends: bool) -> dict[str, object]:
    state = session_with(Role.HOST, Role.MEMBER, Role.VIEWER)
    events: list[Event] = []
    folded = [state]
    while len(events) < STEPS:
        for event in _happens(folded[-1], chance, examples, NOW + 1_000 * len(events)):
            events.append(event)
            folded.append(replay(folded[-1], [event]))
    if ends:
        host = folded[-1].host
        at, end = NOW + 60_000, Operation(None, Expire())
        if host is not None:
            end = Operation(host.id, EndSession())
        else:
            at = folded[-1].session.expires_at
        events += decide(folded[-1], end, at, LIMITS)
        folded.append(replay(folded[-1], events[-1:]))
    positions = {who: _position(chance) for who, person in state.participants.items() if person.sharing}
    return {
        "start": _seen(state, positions),
        "events": [messages.event_to_dict(event) for event in events],
        "halfway": _after(state, positions, events[: STEPS // 2]),
        "end": _after(state, positions, events),
        "ended": folded[-1].ended,
    }


def _places() -> list[dict[str, object]]:
    """A session in which places come and go, as it was, and as they read it for whom what was removed is scrubbed."""
    start = state = session_with(Role.HOST, Role.MEMBER, Role.VIEWER)
    story: list[tuple[int | None, Command]] = [
        (1, AddPlace(PlaceKind.MEET, 47.66, 9.18)),
        (2, AddPlace(PlaceKind.HAZARD, -12.5, -9.1234567, "Öl 👩‍👧", "1\n2", 500)),
        (1, TickPlace(4, 2, here=True)),
        (1, CallRegroup(4)),
        (2, DenyHazard(5)),
        (2, SetPlace(5, note="", radius_m=50)),
        (2, RaiseAlert(AlertKind.ARRIVAL, place=4)),
        (1, SetPlace(4, PlaceKind.FUEL, name="Adler")),
        (1, TickPlace(4, 2, here=False)),
        (2, RaiseAlert(AlertKind.ALL_HERE, place=4)),
        (1, CallRegroup(4)),
        (1, CallRegroup()),
        (1, PlaceRegroup(47.7, 9.2)),
        (1, DenyHazard(5)),
        (2, AddPlace(PlaceKind.HAZARD, 1, 1)),
        (1, RemovePlace(4)),
        (1, AddPlace(PlaceKind.VIEW, 2, 2)),
        (None, Elapse()),
    ]
    events: list[Event] = []
    for by, command in story:
        now = NOW + 3 * 3_600_000 if by is None else NOW + 1_000 * len(events)
        events += decide(state, Operation(by, command, f"op-{len(events)}"), now, LIMITS)
        state = replay(start, events)
    scrubbed = {offset for event in events for offset in event.scrubs}
    as_read = [event.without_content() if event.offset in scrubbed else event for event in events]
    return [
        {
            "start": _seen(start, {}),
            "events": [messages.event_to_dict(event) for event in told],
            "halfway": _after(start, {}, told[: STEPS // 2]),
            "end": _after(start, {}, told),
            "ended": None,
        }
        for told in (events, as_read)
    ]


def _after(state: SessionState, positions: dict[int, Position], events: list[Event]) -> dict[str, object]:
    """What the Python client shows once it has folded events."""
    replica = Replica(state, dict(positions))
    for event in events:
        replica.fold(event)
    assert replica.state is not None
    return _seen(replica.state, replica.positions)


def _seen(state: SessionState, positions: dict[int, Position]) -> dict[str, object]:
    shown = [] if state.ended else [position_to_dict(who, where) for who, where in sorted(positions.items())]
    return {"offset": state.offset, "snapshot": messages.snapshot_to_dict(state), "positions": shown}


def _happens(state: SessionState, chance: Random, examples: list[Command], now: int) -> list[Event]:
    """What one more command leads to; now and then something that this version does not know."""
    if chance.random() < 0.05:
        return [Event(state.offset + 1, now, None, None, UnknownChange("poll_opened", {}))]
    who = chance.choice([*state.participants, 99])
    commands: list[Command] = [
        Join(chance.choice((Role.MEMBER, Role.VIEWER)), chance.choice((None, "Zoë 👩‍👧", "د. محمد"))),
        Leave(),
        ClaimHost(0),
        SetSession(None, 60),
        *(AnswerAlert(one.alert, AlertAnswer.GOING) for one in state.features.of(RecentAlerts).recent),
        *(examples * 3),
    ]
    command = chance.choice(commands)
    if command.refers() is not None:
        command = command.recalling(Earlier(MessageSent.type, who, has_content=True))
    try:
        by = who if command.issuer is Issuer.PARTICIPANT else None
        return decide(state, Operation(by, command, f"op-{state.offset}"), now, SOON)
    except Rejected:
        return []


def _position(chance: Random) -> Position:
    def maybe(low: int, high: int) -> int | None:
        return chance.choice((None, low, high, chance.randint(low, high)))

    return Position(
        fix_time=NOW - chance.randint(0, 60_000),
        lat=chance.randint(-90 * DEGREE, 90 * DEGREE),
        lon=chance.randint(-180 * DEGREE, 180 * DEGREE),
        accuracy=maybe(1, MAX_U16 - 1),
        speed=maybe(0, MAX_U16 - 1),
        heading=maybe(0, 35_999),
        altitude=maybe(MIN_I16 + 1, MAX_I16),
        battery=maybe(0, 100),
    )


def main() -> None:
    """Writes the vectors beside this file."""
    (FOLDER / "session.json").write_text(as_text(sessions()))
    (FOLDER / "packed.json").write_text(as_text(packed()))
    (FOLDER / "channel.json").write_text(as_text(channel.sequences()))


if __name__ == "__main__":
    main()
