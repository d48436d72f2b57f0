"""What a report is made of: tables, pictures, and what stands above them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from evaluation.results import Sample
from evaluation.weights import Recommendation


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under a heading.

    Attributes:
        title: Above it.
        about: What it tells, in a sentence or two.
        head: The names of the columns.
        rows: Cells as text.
    """

    title: str
    about: str
    head: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Plot:
    """A picture.

    Attributes:
        name: Fit for a file.
        title: Above it.
        about: How to read it.
        svg: The picture itself.
    """

    name: str
    title: str
    about: str
    svg: str


@dataclass(frozen=True, slots=True)
class Content:
    """All that a report says.

    Attributes:
        title: Of the whole.
        machine: What it was measured on, by what each line is about.
        recommendation: What follows, by the weights.
        tables: In order, the summary first.
        plots: In order.
        left_out: Runs that do not count, and why.
        samples: Everything measured.
    """

    title: str
    machine: Mapping[str, str]
    recommendation: Recommendation
    tables: Sequence[Table]
    plots: Sequence[Plot]
    left_out: Sequence[str]
    samples: Sequence[Sample]
