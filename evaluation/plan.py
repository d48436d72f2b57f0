"""What an evaluation consists of: steps, in the order in which they are done. Pure, so that it can be shown and tested.

Both backends take turns, step by step and round by round: whatever else the machine does meanwhile hits both.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from cavalcade.stack.programs import BACKENDS
from testbed.faults.table import Fault, fault, faults
from testbed.load.traffic import Pattern
from testbed.yardsticks.servers import YARDSTICKS

Kind = Literal["load", "saturation", "storm", "fault", "soak", "code", "trace"]

SATURATION_ROUNDS: Final = (1, 2)
"""Those in which it is tried how much a backend holds: it takes over a minute each time."""

QUICK_FAULTS: Final = frozenset({"sockets killed", "valkey restarted", "connections cut"})
"""What a first look tries."""

SOAK_S: Final = 1800.0

BESIDE_S: Final[Mapping[Kind, float]] = {
    "load": 9.5,
    "soak": 9.5,
    "storm": 7.0,
    "saturation": 60.0,
    "fault": 10.0,
    "code": 1.0,
    "trace": 15.0,
}
"""What a step takes beside its measured time, on two quiet cores: starting everything, letting people in, stopping."""

SERVER_BESIDE_S: Final = 2.5
"""The same for a load on a yardstick or a peer."""

PERSON_S: Final = 0.005
"""What it takes to let one more in."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing done to one backend.

    Attributes:
        kind: `load` (a steady load), `saturation` (more and more until it is too much), `storm` (everybody comes back
            at once), `fault` (something breaks while people ride), `soak` (a steady load for long), `code` (its source
            is looked at, nothing runs), `trace` (the way of one position and one operation through it, and of one that
            fails).
        backend: To which, or to which yardstick or peer.
        round: Counted from 1.
        members: People in each session.
        sessions: How many sessions; for `saturation` how many it begins with.
        nodes: How many processes serve sockets.
        pattern: How fixes fall within the second.
        seconds: How long is measured, each time.
        fault: Which one of the backend's.
    """

    kind: Kind
    backend: str
    round: int
    members: int = 0
    sessions: int = 0
    nodes: int = 1
    pattern: Pattern = "spread"
    seconds: float = 8.0
    fault: str = ""

    @property
    def name(self) -> str:
        """What no other step of a plan is called; fit for a file."""
        shape = f"{self.sessions}x{self.members}-{self.nodes}n-{self.pattern}-" if self.sessions else ""
        fault = f"{self.fault.replace(' ', '-')}-" if self.fault else ""
        return f"{self.kind}-{fault}{shape}{self.backend}-{self.round}"

    @property
    def estimate_s(self) -> float:
        """How long it takes on two quiet cores, about."""
        if self.backend not in BACKENDS:
            return SERVER_BESIDE_S + self.seconds
        if self.fault:
            return BESIDE_S["fault"] + fault(self.backend, self.nodes, self.fault).lasts_s
        measured = self.seconds if self.kind in {"load", "soak", "saturation"} else 0.0
        return BESIDE_S[self.kind] + measured + PERSON_S * self.members * self.sessions

    @property
    def title(self) -> str:
        """For a person who waits."""
        if not self.sessions:
            what = {
                "code": "its source",
                "trace": "one position, one operation, and one that fails",
            }[self.kind]
            return f"{self.backend}: {what}"
        people = f"{self.sessions} sessions of {self.members}"
        nodes = "" if self.nodes == 1 else f", {self.nodes} nodes"
        what = {
            "load": f"steady load, {self.pattern}",
            "saturation": "until it is too much",
            "storm": "everybody comes back at once",
            "fault": self.fault,
            "soak": f"steady load for {self.seconds / 60:.0f} minutes",
        }[self.kind]
        return f"{self.backend}: {what}, {people}{nodes}"


@dataclass(frozen=True, slots=True)
class Plan:
    """All steps of one evaluation.

    Attributes:
        name: `quick`, `full` or `soak`.
        steps: In order.
    """

    name: str
    steps: tuple[Step, ...]


def plan(name: Literal["quick", "full", "soak"], peers: Sequence[str] = (), soak_s: float = SOAK_S) -> Plan:
    """The steps of an evaluation of a kind.

    Args:
        name: Which kind.
        soak_s: How long a soak loads each backend.
        peers: Further servers that get the loads of the yardsticks as well, by their names.
    """
    if name == "soak":
        return Plan(name, tuple(Step("soak", backend, 1, 10, 20, seconds=soak_s) for backend in BACKENDS))
    quick = name == "quick"
    seconds = 4.0 if quick else 7.0
    steps: list[Step] = []
    for number in range(1, 2 if quick else 4):
        for members, sessions in ((2, 50), (10, 20), (50, 4)) if quick else ((2, 150), (10, 40), (50, 8), (200, 2)):
            steps += _both(Step("load", "", number, members, sessions, seconds=seconds))
        steps += _both(Step("load", "", number, 10, 20 if quick else 40, pattern="clustered", seconds=seconds))
        if not quick:
            steps += _both(Step("load", "", number, 10, 40, nodes=2, seconds=seconds))
        servers = [*(yardstick.name for yardstick in YARDSTICKS), *peers]
        for members, sessions in ((10, 20),) if quick else ((10, 40), (50, 8)):
            steps += [Step("load", server, number, members, sessions, seconds=seconds) for server in servers]
        steps += _both(Step("storm", "", number, 10, 20 if quick else 40))
        if number in SATURATION_ROUNDS and not quick:
            steps += _both(Step("saturation", "", number, 10, 200, seconds=4.0))
    steps += _faults(Step("fault", "", 1, 9, 3), lambda each: each.name in QUICK_FAULTS or not quick)
    if not quick:
        several = Step("fault", "", 1, 4, 6, nodes=2)
        steps += _faults(several, lambda each: each.name in {"sockets killed", "sockets frozen"})
        for sessions in (50, 400):
            steps += _both(Step("load", "", 1, 2, sessions, seconds=seconds))
    steps += _both(Step("code", "", 1)) + _both(Step("trace", "", 1))
    return Plan(name, tuple(steps))


def _both(step: Step) -> list[Step]:
    """The step for each backend, in turns who is first."""
    order = BACKENDS if step.round % 2 else BACKENDS[::-1]
    return [replace(step, backend=backend) for backend in order]


def _faults(step: Step, is_wanted: Callable[[Fault], bool]) -> list[Step]:
    """The step with each wanted fault; the backends take turns, and some faults only one of them has."""
    found: dict[str, list[str]] = {}
    for backend in BACKENDS:
        for each in filter(is_wanted, faults(backend, step.nodes)):
            found.setdefault(each.name, []).append(backend)
    return [replace(step, backend=backend, fault=name) for name, backends in found.items() for backend in backends]
