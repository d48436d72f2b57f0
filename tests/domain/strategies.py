"""Hypothesis strategies for what sessions are made of: names, fixes, commands, and whole histories."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hypothesis import strategies as st

from cavalcade.domain import names
from cavalcade.domain.errors import Rejected
from cavalcade.domain.feature import Command, Issuer
from cavalcade.domain.features.ending import EndSession, Expire
from cavalcade.domain.features.fixes import SendFixes
from cavalcade.domain.features.hosting import ClaimHost
from cavalcade.domain.features.membership import Join
from cavalcade.domain.features.profile import SetProfile
from cavalcade.domain.features.settings import SetSession
from cavalcade.domain.fix import DEGREE, MAX_FIX_TIME, MAX_I16, MAX_U16, MIN_I16, Fix, Position
from cavalcade.domain.model import Limits, Role, SessionState
from cavalcade.domain.operations import Operation
from cavalcade.domain.session import FEATURES, decide, found, replay

if TYPE_CHECKING:
    from collections.abc import Callable

    from cavalcade.domain.events import Event

NOW = 1_790_000_000_000
LIMITS = Limits(max_participants=5)

TRICKY_TEXTS = (
    "",
    " ",
    "Anna Berg",
    "ß",
    "ﬁn",
    "\u0130stanbul",
    "Zoë\u0301",
    "👩‍👩‍👧‍👦 Family",
    "🏴󠁧󠁢󠁥󠁮󠁧󠁿",
    "🇩🇪🇫🇷",
    "1️⃣ One",
    "李小龙",
    "ანა",
    "د. محمد",
    "a\u202eb",
    "a\u200db",
    "\u3164",
    "\ud800",
    "a" + "\u0301" * 5,
    "-- !!",
)


def raw_texts() -> st.SearchStrategy[str]:
    """Whatever somebody may type or forge, lone surrogates included."""
    return st.sampled_from(TRICKY_TEXTS) | st.text(st.characters(), max_size=60)


def cleaned_names() -> st.SearchStrategy[str]:
    """Names as `clean_name` lets them through; empty ones too."""

    def clean(text: str) -> str:
        try:
            return names.clean_name(text)
        except ValueError:
            return ""

    return raw_texts().map(clean)


def colors() -> st.SearchStrategy[str]:
    return st.from_regex(r"#[0-9a-f]{6}", fullmatch=True)


def op_ids() -> st.SearchStrategy[str]:
    return st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=64)


def fixes() -> st.SearchStrategy[Fix]:
    """Readings, good and bad: any float in the optional fields, places that are mostly in range."""
    anything = st.none() | st.floats()
    return st.builds(
        Fix,
        lat=st.floats(-90, 90) | st.floats(),
        lon=st.floats(-180, 180) | st.floats(),
        fix_time=st.none() | st.integers(-1, 2 * NOW) | st.integers(),
        accuracy=anything,
        heading=anything,
        speed=anything,
        altitude=anything,
        battery=st.none() | st.integers(-1, 256),
    )


def positions(latest: int = MAX_FIX_TIME) -> st.SearchStrategy[Position]:
    """Accepted positions, taken until `latest`."""
    return st.builds(
        Position,
        fix_time=st.integers(0, latest),
        lat=st.integers(-90 * DEGREE, 90 * DEGREE),
        lon=st.integers(-180 * DEGREE, 180 * DEGREE),
        accuracy=st.none() | st.integers(1, MAX_U16 - 1),
        speed=st.none() | st.integers(0, MAX_U16 - 1),
        heading=st.none() | st.integers(0, 35_999),
        altitude=st.none() | st.integers(MIN_I16 + 1, MAX_I16),
        battery=st.none() | st.integers(0, 100),
    ).filter(lambda position: position.lat != 0 or position.lon != 0)


def examples() -> st.SearchStrategy[Command]:
    """What the features give as examples of what can be asked for, but for the end of the session."""
    commands = [command for feature in FEATURES for _, _, command in feature.asked]
    return st.sampled_from([command for command in commands if not isinstance(command, EndSession)])


def commands(more: st.SearchStrategy[Command] | None = None) -> st.SearchStrategy[Command]:
    """Every kind of command; joins are the most frequent, the two that end a session are rare."""
    joins = st.builds(
        Join,
        st.sampled_from((Role.MEMBER, Role.MEMBER, Role.VIEWER)),
        st.none() | cleaned_names(),
        st.none() | colors(),
    )
    changes: st.SearchStrategy[Command] = st.one_of(
        examples(),
        st.builds(SetProfile, st.none() | cleaned_names(), st.none() | colors()),
        st.builds(ClaimHost, st.none() | st.integers(NOW - 2_000_000, NOW + 2_000_000)),
        st.builds(SetSession, st.none() | cleaned_names(), st.none() | st.integers(1, 10 * 86_400)),
        st.builds(SendFixes, st.lists(fixes(), max_size=2).map(tuple)),
        *(() if more is None else (more,) * 5),
    )
    endings: st.SearchStrategy[Command] = st.sampled_from((EndSession(), Expire()))
    return st.integers(0, 40).flatmap(lambda n: endings if n == 40 else joins if n % 3 == 0 else changes)


@st.composite
def operations(draw: st.DrawFn, participants: int = 8, more: st.SearchStrategy[Command] | None = None) -> Operation:
    """A command with somebody who has it, not always somebody who is there."""
    command = draw(commands(more))
    by = None if command.issuer is not Issuer.PARTICIPANT else draw(st.integers(1, participants))
    return Operation(by, command, draw(st.none() | op_ids()))


def sessions() -> st.SearchStrategy[SessionState]:
    """Sessions that nobody is in yet."""
    return st.builds(
        found,
        st.from_regex(r"[a-z0-9]{10}", fullmatch=True),
        st.none() | cleaned_names(),
        st.none() | st.integers(LIMITS.min_lifetime_s, LIMITS.max_lifetime_s),
        st.just(NOW),
        st.just(LIMITS),
    )


def rejection_of(call: Callable[[], object]) -> Rejected | None:
    """Why a call is refused, if it is."""
    try:
        call()
    except Rejected as rejected:
        return rejected
    return None


@dataclass(frozen=True)
class Step:
    """One operation, when it was asked for, and what came of it."""

    before: SessionState
    operation: Operation
    now: int
    events: list[Event]
    rejected: Rejected | None
    after: SessionState


@dataclass(frozen=True)
class History:
    """A session's life from its founding."""

    start: SessionState
    steps: list[Step]

    @property
    def events(self) -> list[Event]:
        return [event for step in self.steps for event in step.events]


@st.composite
def histories(draw: st.DrawFn, max_steps: int = 25, more: st.SearchStrategy[Command] | None = None) -> History:
    """Operations carried out one after the other, a quarter of an hour apart at most; `more` kinds of commands too."""
    start = state = draw(sessions())
    now = NOW
    steps = []
    for operation in draw(st.lists(operations(more=more), max_size=max_steps)):
        now += draw(st.integers(0, 900_000))
        events: list[Event] = []
        rejected = None
        try:
            events = decide(state, operation, now, LIMITS)
        except Rejected as error:
            rejected = error
        after = replay(state, events)
        steps.append(Step(state, operation, now, events, rejected, after))
        state = after
    return History(start, steps)


def session_with(*roles: Role, limits: Limits = LIMITS, lifetime_s: int | None = None) -> SessionState:
    """A session that these have joined one second after the other; the first who is no viewer is its host."""
    state = found("abcdefghij", "Ride", lifetime_s, NOW, limits)
    for place, role in enumerate(roles):
        command = Join(Role.MEMBER if role is Role.HOST else role, f"Rider {place + 1}")
        state = replay(state, decide(state, Operation(None, command), NOW + place * 1000, limits))
    return state
