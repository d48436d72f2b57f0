"""Pictures of what was measured, as SVG."""

from pathlib import Path
from typing import Final

from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bench.report import Summary
from bench.scenes import NAMES, WINDOW_MS
from testbed import PLOT_STYLE

_COLOURS: Final = dict(
    zip(NAMES, ("#888888", "#0b6e99", "#d9730d", "#3f7f3f", "#9bbf9b", "#7a4f9a", "#c3a9d6"), strict=True)
)


def draw(summaries: list[Summary], titles: dict[str, str], folder: Path) -> None:
    """Draws a file for each picture that there is something for.

    Args:
        summaries: What was measured.
        titles: Of the servers.
        folder: Where to; it is made if it is not there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    costs = [each for each in summaries if each.scene.kind == "cost" and each.scene.window_ms == WINDOW_MS]
    if costs:
        _save(_costs(costs, titles), folder / "cost.svg")
    if len({each.scene.members for each in costs}) > 1:
        _save(_by_size(costs, titles), folder / "members.svg")
    growth = [each for each in summaries if each.scene.kind == "growth"]
    if growth:
        _save(_by_sessions(growth, titles), folder / "sessions.svg")


def _costs(costs: list[Summary], titles: dict[str, str]) -> Axes:
    """How many times the floor each server takes."""
    axes = _axes()
    sizes = sorted({each.scene.members for each in costs})
    names = [name for name in NAMES if any(each.contender == name for each in costs)]
    width = 0.85 / len(names)
    for side, name in enumerate(names):
        found = [each for each in costs if each.contender == name and each.ratio is not None]
        places = [sizes.index(each.scene.members) + (side - (len(names) - 1) / 2) * width for each in found]
        heights = [each.ratio or 0.0 for each in found]
        axes.bar(places, heights, width * 0.92, color=_COLOURS[name], label=titles[name])
    axes.set_xticks(range(len(sizes)), [f"{size} members" for size in sizes])
    axes.set_yscale("log")
    axes.set_yticks([1, 2, 3, 5, 10, 20, 50], ["1", "2", "3", "5", "10", "20", "50"])
    axes.minorticks_off()
    axes.set_ylabel("times the floor's CPU for a position")
    axes.legend(fontsize=7)
    return axes


def _by_size(costs: list[Summary], titles: dict[str, str]) -> Axes:
    """What a member costs in larger and larger sessions."""
    axes = _axes()
    for name in dict.fromkeys(each.contender for each in costs):
        found = sorted((each for each in costs if each.contender == name), key=lambda each: each.scene.members)
        sizes, heights = [each.scene.members for each in found], [each.member_us for each in found]
        axes.plot(sizes, heights, marker="o", markersize=3, color=_COLOURS[name], label=titles[name])
    axes.set_xscale("log")
    axes.set_yscale("log")
    sizes = sorted({each.scene.members for each in costs})
    axes.set_xticks(sizes, [str(size) for size in sizes])
    axes.minorticks_off()
    axes.set_xlabel("members of a session")
    axes.set_ylabel("µs of CPU a second and member")
    axes.legend(fontsize=7)
    return axes


def _by_sessions(growth: list[Summary], titles: dict[str, str]) -> Axes:
    """What a server takes for more and more sessions of two."""
    axes = _axes()
    for name in dict.fromkeys(each.contender for each in growth):
        found = sorted((each for each in growth if each.contender == name), key=lambda each: each.connections)
        counts = [each.connections // each.scene.members for each in found]
        axes.plot(
            counts,
            [each.core_share * 100 for each in found],
            marker="o",
            markersize=3,
            color=_COLOURS[name],
            label=titles[name],
        )
    axes.set_xlim(left=0)
    axes.set_ylim(bottom=0)
    axes.set_xlabel("sessions of two")
    axes.set_ylabel("% of a core")
    axes.legend(fontsize=7)
    return axes


def _axes() -> Axes:
    with style.context(PLOT_STYLE):
        return Figure(figsize=(7.5, 3.6), layout="constrained").add_subplot()


def _save(axes: Axes, file: Path) -> None:
    figure = axes.get_figure()
    assert isinstance(figure, Figure)
    with style.context(PLOT_STYLE):
        figure.savefig(file, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
