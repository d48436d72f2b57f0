"""Pictures of samples, as SVG text: the two backends in two colours everywhere, one idea a picture."""

import io
import math
from collections.abc import Mapping, Sequence
from statistics import median
from typing import Final

from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cavalcade.stack.programs import BACKENDS
from evaluation.comparison import Comparison, shape_of
from evaluation.report.faults import by_fault
from evaluation.report.words import TITLES
from evaluation.results import Sample
from testbed import PLOT_STYLE
from testbed.load.latencies import merged

COLOURS: Final = {"services": "#0b6e99", "monolith": "#d9730d"}
_SPENDERS: Final = {"own": 1.0, "Caddy": 0.6, "Valkey": 0.4, "PostgreSQL": 0.2}
_INK: Final = "#777777"


def ratios(comparisons: Sequence[Comparison]) -> str:
    """How many times as good each backend was at everything that has a name."""
    shown = [
        each
        for each in comparisons
        if each.measure in TITLES
        and all(0.01 < ratio < 100 for ratio in each.ratios)
        and not each.key.startswith("fault ")  # they have a picture of their own
    ]
    if not shown:
        return ""
    axes = _axes(7.5, 0.8 + 0.17 * len(shown))
    for place, each in enumerate(reversed(shown)):
        colour = COLOURS.get(each.leader or "", "#999999")
        axes.plot([min(each.ratios), max(each.ratios)], [place, place], color=colour, linewidth=1.2)
        axes.plot([each.ratio], [place], marker="o", markersize=4, color=colour)
    names = [f"{each.key.rpartition(' ')[0]}: {TITLES[each.measure]}" for each in reversed(shown)]
    axes.set_yticks(range(len(shown)), names, fontsize=6)
    axes.axvline(1, color=_INK, linewidth=1)
    axes.set_xscale("log")
    furthest = max(1.5, *(max(ratio, 1 / ratio) for each in shown for ratio in each.ratios)) * 1.1
    axes.set_xlim(1 / furthest, furthest)
    ticks = [tick for tick in (0.1, 0.25, 0.5, 0.67, 0.8, 1, 1.25, 1.5, 2, 4, 10) if 1 / furthest <= tick <= furthest]
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.minorticks_off()
    axes.set_xlabel("monolith is better     ←  times as good  →     services is better")
    return _drawn(axes)


def cpu(samples: Sequence[Sample]) -> str:
    """CPU for a delivered position, by who spends it, as stacked bars."""
    loads = _by_shape(samples, "load")
    if not loads:
        return ""
    axes = _axes(7.5, 3.6)
    width = 0.38
    for place, (_, by_backend) in enumerate(loads.items()):
        for side, backend in enumerate(BACKENDS):
            bottom = 0.0
            for spender, strength in _SPENDERS.items():
                measure = "cpu_per_position_us" if spender == "own" else f"{spender}_cpu_per_position_us"
                values = [sample.values[measure] for sample in by_backend.get(backend, []) if measure in sample.values]
                if values:
                    height = median(values)
                    left = place + (side - 0.5) * (width + 0.02)
                    axes.bar(left, height, width, bottom, color=COLOURS[backend], alpha=strength)
                    bottom += height
    for backend in BACKENDS:
        for spender, strength in _SPENDERS.items():
            axes.bar(0, 0, color=COLOURS[backend], alpha=strength, label=f"{backend}: {spender}")
    axes.set_xticks(range(len(loads)), [shape.removeprefix("load ") for shape in loads], fontsize=7)
    axes.set_xlabel("sessions x members")
    axes.set_ylabel("µs a position")
    axes.legend(ncols=2, fontsize=7)
    return _drawn(axes)


def latency(samples: Sequence[Sample]) -> str:
    """Percentiles of latency of the loads, on an axis on which the rare ones have room."""
    loads = {
        shape: both
        for shape, both in _by_shape(samples, "load").items()
        if any("latencies_hdr" in sample.raw for one in both.values() for sample in one)
    }
    if not loads:
        return ""
    axes = _axes(7.5, 3.6)
    points = [0.0, 50.0, 75.0, 90.0, 95.0, 99.0, 99.5, 99.9, 99.99]
    for number, (shape, both) in enumerate(loads.items()):
        for backend, of_backend in both.items():
            counted = merged(str(sample.raw["latencies_hdr"]) for sample in of_backend)
            heights = [counted.get_value_at_percentile(point) / 10 for point in points]
            axes.plot(
                [1 / (1 - point / 100) for point in points],
                heights,
                color=COLOURS[backend],
                linestyle=["-", "--", ":", "-."][number % 4],
                linewidth=1.2,
                label=f"{backend}, {shape.removeprefix('load ')}",
            )
    axes.set_xscale("log")
    axes.set_xticks([1, 2, 10, 100, 1000, 10000], ["0", "50 %", "90 %", "99 %", "99.9 %", "99.99 %"])
    axes.set_ylim(bottom=0)
    axes.set_ylabel("ms")
    axes.legend(ncols=2, fontsize=6)
    return _drawn(axes)


def saturation(samples: Sequence[Sample]) -> str:
    """The slowest position in a hundred against the load, level by level."""
    found = [sample for sample in samples if sample.step.kind == "saturation"]
    if not found:
        return ""
    axes = _axes(7.5, 3.2)
    for sample in found:
        levels = [level for level in _levels(sample) if not math.isnan(level["latency_p99_ms"])]
        axes.plot(
            [level["positions_per_s"] for level in levels],
            [level["latency_p99_ms"] for level in levels],
            marker="o",
            markersize=3,
            linewidth=1,
            color=COLOURS[sample.step.backend],
        )
    axes.set_yscale("log")
    axes.set_xlim(left=0)
    axes.set_xlabel("positions delivered in a second")
    axes.set_ylabel("p99, ms")
    _name_backends(axes)
    return _drawn(axes)


def soak(samples: Sequence[Sample]) -> str:
    """Memory over the time of a soak."""
    found = [sample for sample in samples if sample.step.kind == "soak"]
    if not found:
        return ""
    axes = _axes(7.5, 3.0)
    for sample in found:
        looks = sample.raw["memory_mb"]
        assert isinstance(looks, list)
        minutes, megabytes = [at / 60 for at, _ in looks], [taken for _, taken in looks]
        axes.plot(minutes, megabytes, color=COLOURS[sample.step.backend], linewidth=1, label=sample.step.backend)
    axes.set_ylim(bottom=0)
    axes.set_xlabel("minutes")
    axes.set_ylabel("MB")
    axes.legend()
    return _drawn(axes)


def faults(samples: Sequence[Sample]) -> str:
    """How long each fault took to heal, on an axis on which the short ones have room."""
    found = by_fault(samples)
    if not found:
        return ""
    axes = _axes(7.5, 0.9 + 0.2 * len(found))
    for place, both in enumerate(reversed(found.values())):
        for backend, values in both.items():
            colour = COLOURS[backend]
            inside = colour if values["dropped"] else "none"
            axes.plot([values["healed_ms"]], [place], marker="o", markersize=5, color=colour, markerfacecolor=inside)
    axes.set_yticks(range(len(found)), list(reversed(found)), fontsize=7)
    axes.set_xscale("log")
    ticks = [250, 500, 1000, 2000, 4000, 8000, 16000]
    axes.set_xticks(ticks, [f"{tick:,}" for tick in ticks])
    axes.minorticks_off()
    axes.set_xlim(left=200)
    axes.set_xlabel("ms until everybody sees every newest position again")
    _name_backends(axes, marker="o", linestyle="")
    return _drawn(axes)


def storm(samples: Sequence[Sample]) -> str:
    """Who is back by when."""
    found = [sample for sample in samples if sample.step.kind == "storm"]
    if not found:
        return ""
    axes = _axes(7.5, 3.0)
    for sample in found:
        times = sorted(time for time in _times(sample) if not math.isnan(time))
        shares = [(place + 1) / len(_times(sample)) * 100 for place in range(len(times))]
        axes.plot([time * 1000 for time in times], shares, color=COLOURS[sample.step.backend], linewidth=1)
    axes.set_xlim(left=0)
    axes.set_xlabel("ms since everybody came at once")
    axes.set_ylabel("back, %")
    _name_backends(axes)
    return _drawn(axes)


def _by_shape(samples: Sequence[Sample], kind: str) -> dict[str, dict[str, list[Sample]]]:
    found: dict[str, dict[str, list[Sample]]] = {}
    for sample in samples:
        if sample.step.kind == kind and sample.step.backend in BACKENDS:
            found.setdefault(shape_of(sample.step), {}).setdefault(sample.step.backend, []).append(sample)
    return found


def _levels(sample: Sample) -> list[Mapping[str, float]]:
    levels = sample.raw["levels"]
    assert isinstance(levels, list)
    return levels


def _times(sample: Sample) -> list[float]:
    times = sample.raw["again_s"]
    assert isinstance(times, list)
    return times


def _axes(width: float, height: float) -> Axes:
    with style.context(PLOT_STYLE):
        return Figure(figsize=(width, height), layout="constrained").add_subplot()


def _name_backends(axes: Axes, *, marker: str = "", linestyle: str = "-") -> None:
    """Says once which colour is whose, however many samples each has."""
    for backend in BACKENDS:
        axes.plot([], [], color=COLOURS[backend], label=backend, marker=marker, linestyle=linestyle)
    axes.legend()


def _drawn(axes: Axes) -> str:
    """The picture as SVG, the same text each time, without the prologue that HTML cannot hold."""
    text = io.StringIO()
    figure = axes.get_figure()
    assert isinstance(figure, Figure)
    with style.context(PLOT_STYLE):
        figure.savefig(text, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    svg = text.getvalue()
    return svg[svg.index("<svg") :]
