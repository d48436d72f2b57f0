"""What the report says about further servers under the same loads, and which bounds they are for other languages."""

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Final

from cavalcade.stack.programs import BACKENDS
from evaluation.comparison import work_of
from evaluation.report.page import Table
from evaluation.report.words import quantity
from evaluation.results import Sample
from testbed.yardsticks.servers import YARDSTICKS

FLOOR: Final = YARDSTICKS[0].name

ABOUT: Final = (
    "CPU of its own processes for a delivered position, in the same rounds, and how many times that of the floor. The "
    "`floor` writes ready frames from C and does nothing else: no server in any language delivers over TCP to each "
    "member for less. It is the bound for the plan's Rust: such a backend lies between the floor and the better of the "
    "two here. The hubs pass each fix on at once, as one writes them first; they keep no rules, no names and no "
    "storage, so they are no alternative, but they show what a frame for each fix costs on another runtime. {elixir}"
)
WITH_PEERS: Final = (
    "So does a peer such as the Phoenix application in `peers/phoenix`, which is the bound for the plan's Elixir: one "
    "that keeps rules as well costs more than that."
)
WITHOUT_PEERS: Final = (
    "For the plan's Elixir nothing here is a bound: `peers/phoenix` would be one, which takes `--peer` and a machine "
    "with Elixir."
)


def yardstick_tables(samples: Sequence[Sample]) -> list[Table]:
    """What further servers took for the same loads, beside both backends; none where there were none."""
    costs: dict[str, dict[str, list[float]]] = {}
    for sample in samples:
        if sample.step.kind == "load" and sample.flaw is None:
            of_work = costs.setdefault(work_of(sample.step), {})
            of_work.setdefault(sample.step.backend, []).append(sample.values["cpu_per_position_us"])
    names = list(dict.fromkeys(name for of_work in costs.values() for name in of_work if name not in BACKENDS))
    if not names:
        return []
    head = ("", *BACKENDS, *names)
    rows = [
        (work, *(_cell(of_work, name) for name in head[1:]))
        for work, of_work in costs.items()
        if any(name in of_work for name in names)
    ]
    peers = set(names) - {yardstick.name for yardstick in YARDSTICKS}
    return [Table("Yardsticks", ABOUT.format(elixir=WITH_PEERS if peers else WITHOUT_PEERS), head, rows)]


def _cell(costs: Mapping[str, Sequence[float]], name: str) -> str:
    if name not in costs:
        return ""
    cost = median(costs[name])
    said = quantity(cost, "_us")
    if name == FLOOR or FLOOR not in costs:
        return said
    return f"{said}, {cost / median(costs[FLOOR]):.1f} times"
