"""What an evaluation consists of: steps, in the order in which they are done. Pure, so that it can be shown and tested.

Both backends take turns, step by step and round by round: whatever else the machine does meanwhile hits both.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from cavalcade.evaluation.faults import Fault, faults
from cavalcade.evaluation.traffic import Pattern
from cavalcade.evaluation.yardsticks.servers import YARDSTICKS

Kind = Literal["load", "saturation", "storm", "fault", "soak", "code", "trace", "experience"]

BACKENDS: Final = ("services", "monolith")


@dataclass(frozen=True, slots=True)
class Step:
    """One thing done to one backend.

    Attributes:
        kind: `load` (a steady load), `saturation` (more and more until it is too much), `storm` (everybody comes back
            at once), `fault` (something breaks while people ride), `soak` (a steady load for long), `code` (its source
            is looked at, nothing runs), `trace` (the way of one position and one operation through it, and of one that
            fails), `experience` (one feature is put into a copy of it, and its tests are run).
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
    def title(self) -> str:
        """For a person who waits."""
        if not self.sessions:
            what = {
                "code": "its source",
                "trace": "one position, one operation, and one that fails",
                "experience": "one feature, and its own tests",
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


def plan(name: Literal["quick", "full", "soak"], peers: Sequence[str] = ()) -> Plan:
    """The steps of an evaluation of a kind.

    Args:
        name: Which kind.
        peers: Further servers that get the loads of the yardsticks as well, by their names.
    """
    if name == "soak":
        return Plan(name, tuple(Step("soak", backend, 1, 10, 20, seconds=1800.0) for backend in BACKENDS))
    quick = name == "quick"
    seconds = 5.0 if quick else 8.0
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
        steps += _both(Step("saturation", "", number, 10, 40 if quick else 60, seconds=4.0))
    steps += _faults(Step("fault", "", 1, 9, 3), lambda fault: fault.is_quick or not quick)
    if not quick:
        several = Step("fault", "", 1, 4, 6, nodes=2)
        steps += _faults(several, lambda fault: fault.name in {"sockets killed", "sockets frozen"})
        for sessions in (100, 200, 400):
            steps += _both(Step("load", "", 1, 2, sessions, seconds=seconds))
    steps += _both(Step("code", "", 1)) + _both(Step("trace", "", 1))
    if not quick:
        steps += _both(Step("experience", "", 1))
    return Plan(name, tuple(steps))


def _both(step: Step) -> list[Step]:
    """The step for each backend, in turns who is first."""
    order = BACKENDS if step.round % 2 else BACKENDS[::-1]
    return [replace(step, backend=backend) for backend in order]


def _faults(step: Step, is_wanted: Callable[[Fault], bool]) -> list[Step]:
    """The step with each wanted fault; the backends take turns, and some faults only one of them has."""
    found: dict[str, list[str]] = {}
    for backend in BACKENDS:
        for fault in filter(is_wanted, faults(backend, step.nodes)):
            found.setdefault(fault.name, []).append(backend)
    return [replace(step, backend=backend, fault=name) for name, backends in found.items() for backend in backends]
