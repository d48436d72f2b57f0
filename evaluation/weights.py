"""What counts, and how much: the weights of a recommendation, which follows from them and from nothing else.

A criterion looks at some comparisons and says how many times as good one backend is as the other. The recommendation is
the weighted geometric mean of those ratios, in which being twice as good at one thing makes up for being half as good
at another thing of the same weight.
"""

import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Final

from cavalcade.stack.programs import BACKENDS
from evaluation.comparison import NOISE, Comparison

MOST: Final = 4.0
"""No criterion counts for more than this many times as good: beyond it a difference is told, not weighed."""


@dataclass(frozen=True, slots=True)
class Criterion:
    """Something that a backend can be better at.

    Attributes:
        name: Short, for the file of weights.
        aspect: What it belongs to: performance, robustness, developer experience, clarity.
        about: What it asks, in a sentence.
        work: The kind of step it looks at, and how its name begins.
        measures: Which measures of those.
        weight: How much it counts unless the reader says otherwise.
    """

    name: str
    aspect: str
    about: str
    work: str
    measures: tuple[str, ...]
    weight: float


def read_criteria() -> tuple[Criterion, ...]:
    """All criteria, with the weights that they have unless the reader says otherwise."""
    given = tomllib.loads((Path(__file__).parent / "criteria.toml").read_text(encoding="utf-8"))
    return tuple(Criterion(name, **{**fields, "measures": tuple(fields["measures"])}) for name, fields in given.items())


CRITERIA: Final = read_criteria()


class WeightsError(Exception):
    """A file of weights says something that is not allowed: what, and what is."""


@dataclass(frozen=True, slots=True)
class Score:
    """What one criterion came to.

    Attributes:
        criterion: Which.
        weight: How much it counted.
        ratio: How many times as good `services` was as `monolith`; None where nothing was measured.
    """

    criterion: Criterion
    weight: float
    ratio: float | None


@dataclass(frozen=True, slots=True)
class Recommendation:
    """What follows.

    Attributes:
        scores: Of all criteria.
        ratio: The weighted geometric mean of the ratios that there are; 1 where there are none.
        unmeasured: The share of all weight that nothing was measured for.
    """

    scores: Sequence[Score]
    ratio: float
    unmeasured: float

    @property
    def backend(self) -> str | None:
        """Which backend is recommended; None where they are alike."""
        if abs(math.log(self.ratio)) <= math.log(1 + NOISE):
            return None
        return BACKENDS[0] if self.ratio > 1 else BACKENDS[1]

    @property
    def sentence(self) -> str:
        """What follows, in words."""
        if self.unmeasured == 1:
            return "Nothing was measured that the weights are about, so nothing is recommended."
        missing = ""
        if self.unmeasured > 0:
            missing = f" Nothing was measured for {self.unmeasured:.0%} of the weight, which was left out."
        if self.backend is None:
            return f"By these weights the two are alike, within {NOISE:.0%}.{missing}"
        times = max(self.ratio, 1 / self.ratio)
        return f"By these weights {self.backend} is better, {times:.2f} times over all.{missing}"


def default_weights() -> dict[str, float]:
    """The weight of each criterion."""
    return {criterion.name: criterion.weight for criterion in CRITERIA}


def read_weights(path: Path) -> dict[str, float]:
    """Reads weights from a TOML file such as `cpu = 20`; those it does not name keep theirs.

    Raises:
        WeightsError: It cannot be read, or names what there is not, or holds no number from 0 to 100.
    """
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise WeightsError(f"{path} cannot be read as TOML: {error}") from error
    weights = default_weights()
    for name, weight in given.items():
        if name not in weights:
            raise WeightsError(f"{path}: there is no criterion {name!r}; there are {', '.join(weights)}")
        if isinstance(weight, bool) or not isinstance(weight, int | float) or not 0 <= weight <= 100:
            raise WeightsError(f"{path}: {name} must be a number from 0 to 100, not {weight!r}")
        weights[name] = float(weight)
    return weights


def recommend(comparisons: Sequence[Comparison], weights: Mapping[str, float]) -> Recommendation:
    """Weighs all that was compared."""
    scores = [Score(each, weights[each.name], _ratio(each, comparisons)) for each in CRITERIA]
    counted = [(score.weight, score.ratio) for score in scores if score.ratio is not None]
    measured, total = sum(weight for weight, _ in counted), sum(score.weight for score in scores)
    if not measured:
        return Recommendation(scores, 1.0, 1.0)
    mean = math.exp(sum(weight * math.log(ratio) for weight, ratio in counted) / measured)
    return Recommendation(scores, mean, 1 - measured / total)


def _ratio(criterion: Criterion, comparisons: Sequence[Comparison]) -> float | None:
    """The geometric mean over all work that a criterion looks at, each bounded."""
    ratios = [
        min(MOST, max(1 / MOST, each.ratio))
        for each in comparisons
        if each.measure in criterion.measures and each.key.startswith(f"{criterion.work} ")
    ]
    return math.exp(fmean(map(math.log, ratios))) if ratios else None
