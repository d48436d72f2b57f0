"""What a report says, before anybody decides how it looks: the machine, the summary, tables, and plots."""

import os
import platform
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from time import gmtime, strftime

import cavalcade
from cavalcade.stack.programs import BACKENDS
from evaluation.comparison import Comparison, compare
from evaluation.plan import Plan
from evaluation.report import plots
from evaluation.report.differences import differences
from evaluation.report.faults import fault_tables
from evaluation.report.page import Content, Plot, Table
from evaluation.report.words import TITLES, quantity
from evaluation.report.yardsticks import yardstick_tables
from evaluation.results import Sample
from evaluation.weights import Recommendation, recommend


def content_of(
    plan: Plan, samples: Sequence[Sample], weights: Mapping[str, float], missing: Mapping[str, str] | None = None
) -> Content:
    """Puts together what is known so far.

    Args:
        plan: What was to be done.
        samples: What was measured of it.
        weights: How much each criterion counts.
        missing: Yardsticks that are not to be had on this machine, and why.
    """
    comparisons = compare(samples)
    recommendation = recommend(comparisons, weights)
    done = f"{len(samples)} of {len(plan.steps)} steps"
    return Content(
        title="Two backends, measured",
        machine={**machine(), "plan": f"{plan.name}, {done}"},
        recommendation=recommendation,
        tables=[
            _summary(recommendation),
            *fault_tables(samples),
            *yardstick_tables(samples),
            *_by_work([each for each in comparisons if not each.key.startswith("fault ")]),
            differences(),
        ],
        plots=_plots(samples, comparisons),
        left_out=[
            *(f"{name} was not measured: {why}" for name, why in (missing or {}).items()),
            *(f"{sample.step.title} (round {sample.step.round}): {sample.flaw}" for sample in samples if sample.flaw),
        ],
        samples=samples,
    )


def machine() -> dict[str, str]:
    """What this is measured on."""
    info = Path("/proc/cpuinfo")
    models = [line.partition(":")[2].strip() for line in info.read_text().splitlines() if line.startswith("model name")]
    return {
        "Cavalcade": cavalcade.__version__,
        "processor": f"{os.cpu_count()} cores" + (f" of {models[0]}" if models else ""),
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB",
        "system": platform.platform(terse=True),
        "Python": platform.python_version(),
        "measured": strftime("%Y-%m-%d", gmtime()),
    }


def _summary(recommendation: Recommendation) -> Table:
    rows = []
    for score in recommendation.scores:
        criterion = score.criterion
        said = "not measured"
        if score.ratio is not None:
            better = BACKENDS[0] if score.ratio >= 1 else BACKENDS[1]
            times = max(score.ratio, 1 / score.ratio)
            said = "alike" if times < 1.05 else f"{better}, {times:.2f} times"
        rows.append((criterion.aspect, criterion.about, f"{score.weight:g}", said))
    return Table(
        "What counts, and who is better at it", recommendation.sentence, ("", "criterion", "weight", "better"), rows
    )


def _by_work(comparisons: Sequence[Comparison]) -> list[Table]:
    works = dict.fromkeys(comparison.work for comparison in comparisons)
    tables = []
    for work in works:
        rows = [
            (
                TITLES[each.measure],
                *(quantity(each.typical(backend), each.measure) for backend in BACKENDS),
                _span(each.ratios),
                each.leader or "",
            )
            for each in comparisons
            if each.work == work and each.measure in TITLES
        ]
        head = ("", *BACKENDS, "times as good, services", "better in every round")
        if rows:
            tables.append(Table(work[:1].upper() + work[1:], "Medians over the rounds.", head, rows))
    return tables


def _span(ratios: Sequence[float]) -> str:
    """The typical ratio, and between what it lay."""
    between = f" ({min(ratios):.2f}-{max(ratios):.2f})" if len(ratios) > 1 else ""
    return f"{median(ratios):.2f}{between}"


def _plots(samples: Sequence[Sample], comparisons: Sequence[Comparison]) -> list[Plot]:
    valid = [sample for sample in samples if sample.flaw is None]
    made = [
        Plot(
            "ratios",
            "At a glance",
            "Each dot is one measure of one kind of work: to the right `services` was better, to the left `monolith`; "
            "the line spans the rounds.",
            plots.ratios(comparisons),
        ),
        Plot("cpu", "CPU for a delivered position", "Who spends it, by kind of work.", plots.cpu(valid)),
        Plot(
            "latency",
            "Latency",
            "From the moment that a fix was due to its receipt, all rounds together. The window is part of it.",
            plots.latency(valid),
        ),
        Plot(
            "saturation", "Saturation", "The slowest position in a hundred, as the load grows.", plots.saturation(valid)
        ),
        Plot(
            "faults",
            "Faults",
            "How long until all was as before; a hollow dot says that nobody lost their connection.",
            plots.faults(valid),
        ),
        Plot("storm", "A storm", "How many are back, by the time since everybody came at once.", plots.storm(valid)),
        Plot("soak", "Memory over time", "What its own processes take under a steady load.", plots.soak(valid)),
    ]
    return [plot for plot in made if plot.svg]
