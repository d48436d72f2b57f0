"""What the report says about faults: a row for each, both backends beside each other."""

from collections.abc import Callable, Mapping, Sequence
from statistics import median
from typing import Final

from cavalcade.stack.programs import BACKENDS
from evaluation.report.page import Table
from evaluation.report.words import quantity
from evaluation.results import Sample

ABOUT: Final = (
    "While people ride, stand still, come and go, something breaks. Each cell: who lost their connection; how long "
    "until all were joined and saw everybody's newest position, without the time that the fault lasted by our will "
    "(nothing counts as sooner than 250 ms, which is what a position takes anyway); the longest that an operation "
    "waited for its answer. Afterwards a checker compares what every member saw, frame by frame, with what PostgreSQL "
    "holds."
)
NOTICED: Final = (
    "How many members of sessions in which nobody lost a connection were shown somebody's position more than a second "
    "late all the same, and the longest that anybody of all waited for one."
)


def fault_tables(samples: Sequence[Sample]) -> list[Table]:
    """What each fault did to the people, to what was acknowledged, and to those whom it did not strike."""
    found = by_fault(samples)
    if not found:
        return []
    head = ("", *BACKENDS)
    return [
        Table("Faults", ABOUT, head, _rows(found, _healed)),
        Table(
            "Promises",
            "Acknowledged operations that were lost, that were stored twice, breaches of the order of events, and all "
            "that the checker found wrong, these among it.",
            head,
            _rows(found, _promises),
        ),
        Table("Who else noticed", NOTICED, head, _rows(found, _noticed)),
    ]


def by_fault(samples: Sequence[Sample]) -> dict[str, dict[str, Mapping[str, float]]]:
    """The medians of each fault's values, by the fault and how many nodes there were, and by backend."""
    rounds: dict[str, dict[str, list[Mapping[str, float]]]] = {}
    for sample in samples:
        if sample.step.kind == "fault" and sample.flaw is None:
            nodes = "" if sample.step.nodes == 1 else f", {sample.step.nodes} nodes"
            of_fault = rounds.setdefault(sample.step.fault + nodes, {})
            of_fault.setdefault(sample.step.backend, []).append(sample.values)
    return {
        fault: {
            backend: {name: median(values[name] for values in of_backend) for name in of_backend[0]}
            for backend, of_backend in both.items()
        }
        for fault, both in rounds.items()
    }


def _rows(
    found: Mapping[str, Mapping[str, Mapping[str, float]]], cell: Callable[[Mapping[str, float]], str]
) -> list[tuple[str, ...]]:
    return [
        (fault, *(cell(both[backend]) if backend in both else "has none" for backend in BACKENDS))
        for fault, both in found.items()
    ]


def _healed(values: Mapping[str, float]) -> str:
    dropped = f"{values['dropped']:.0f} of {values['members']:.0f}" if values["dropped"] else "nobody"
    healed, answered = (quantity(values[name], name) for name in ("healed_ms", "answered_ms"))
    return f"{dropped}; {healed}; {answered}"


def _promises(values: Mapping[str, float]) -> str:
    if not values["broken_promises"]:
        return "all kept"
    kinds = ", ".join(f"{values[name]:.0f} {name}" for name in ("lost", "doubled", "disordered"))
    return f"{kinds}; {values['broken_promises']:.0f} findings"


def _noticed(values: Mapping[str, float]) -> str:
    untouched = f"{values['noticed']:.0f} of {values['untouched']:.0f}" if values["untouched"] else "all were struck"
    return f"{untouched}; {quantity(values['latest_ms'], 'latest_ms')}"
