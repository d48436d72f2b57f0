"""Samples put side by side: what each backend took for the same work, and the ratio of the two, round by round."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from cavalcade.stack.programs import BACKENDS
from evaluation.plan import Step
from evaluation.results import Sample

MORE_IS_BETTER: Final = frozenset({"held_positions_per_s"})
"""The measures of which more is better; of all others less is."""

NOISE: Final = 0.05
"""Two backends closer than this share are alike: the machine itself changes as much from one run to the next."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """One measure of one kind of work.

    Attributes:
        measure: Its name; the unit is its end.
        work: What was done, in words, the same for both.
        key: The same for programs, with the measure: `load 20x10 latency_p99_ms`.
        values: By backend, one a round.
    """

    measure: str
    work: str
    key: str
    values: Mapping[str, Sequence[float]]

    def typical(self, backend: str) -> float:
        """The median of a backend's rounds."""
        return median(self.values[backend])

    @property
    def ratios(self) -> list[float]:
        """Of each round, how many times as good `services` was as `monolith`: above 1, `services` was better."""
        pairs = zip(*(self.values[backend] for backend in BACKENDS), strict=True)
        return [_goodness(self.measure, services, monolith) for services, monolith in pairs]

    @property
    def ratio(self) -> float:
        """The median of the ratios."""
        return median(self.ratios)

    @property
    def leader(self) -> str | None:
        """The backend that was better in every round and by more than noise, or None where neither was."""
        ratios = self.ratios
        if min(ratios) > 1 and self.ratio > 1 + NOISE:
            return BACKENDS[0]
        if max(ratios) < 1 and self.ratio < 1 / (1 + NOISE):
            return BACKENDS[1]
        return None


def compare(samples: Iterable[Sample]) -> list[Comparison]:
    """Compares all that was measured on both backends, in the order in which it was done first.

    Samples that do not count, and rounds in which only one backend was measured, are left out.
    """
    found: dict[tuple[str, str, str], dict[int, dict[str, float]]] = {}
    for sample in samples:
        if sample.flaw is not None:
            continue
        for measure, value in sample.values.items():
            if value == value:  # noqa: PLR0124 - not NaN
                place = (work_of(sample.step), shape_of(sample.step), measure)
                found.setdefault(place, {}).setdefault(sample.step.round, {})[sample.step.backend] = value
    comparisons = []
    for (work, shape, measure), rounds in found.items():
        whole = [values for _, values in sorted(rounds.items()) if set(BACKENDS) <= values.keys()]
        if whole:
            values = {backend: [each[backend] for each in whole] for backend in BACKENDS}
            comparisons.append(Comparison(measure, work, f"{shape} {measure}", values))
    return comparisons


def shape_of(step: Step) -> str:
    """The kind of work a step is, the same for every backend; for programs."""
    if not step.sessions:
        return step.kind
    nodes = "" if step.nodes == 1 else f" {step.nodes}n"
    if step.fault:
        return f"{step.kind} {step.fault}{nodes}"
    more = "" if step.pattern == "spread" else f" {step.pattern}"
    return f"{step.kind} {step.sessions}x{step.members}{nodes}{more}"


def work_of(step: Step) -> str:
    """The kind of work a step is, the same for every backend; for people."""
    return step.title.partition(": ")[2]


def _goodness(measure: str, services: float, monolith: float) -> float:
    """How many times as good the first value is; two zeros are alike."""
    better, worse = (services, monolith) if measure in MORE_IS_BETTER else (monolith, services)
    if better == worse:
        return 1.0
    return float("inf") if worse == 0 else better / worse
