"""Readings put together: medians over the rounds, and ratios to the floor of the same round."""

from dataclasses import dataclass
from statistics import median
from typing import Final

from rich.table import Table

from cavalcade.evaluation.load import Reading

MOST_LATE: Final = 0.01
"""The share of fixes sent late beyond which a run says more about the load generator than about the server."""

DELIVERED: Final = (0.9, 1.1)
"""The bounds of positions delivered for each that should have been; outside them the server dropped or doubled."""

NODE_BAR: Final = 1.15
"""What a position may cost on `monolith`, in times of what it costs on `services`."""

BARS: Final = {10: 2.5, 50: 2.0}
"""How many times the floor's CPU for a delivered position the gateway may take, by members of a session."""


@dataclass(frozen=True, slots=True)
class Run:
    """One server measured once.

    Attributes:
        round: Counted from 1.
        contender: Its name.
        members: Members of each session.
        reading: What was measured.
    """

    round: int
    contender: str
    members: int
    reading: Reading

    @property
    def position_us(self) -> float:
        """CPU of the server for each position delivered, microseconds."""
        return self.reading.server_cpu_s / self.reading.positions * 1e6

    @property
    def flaw(self) -> str | None:
        """Why this run must be discarded, or None."""
        reading = self.reading
        if not reading.positions or not reading.sent:
            return "nothing was delivered"
        late = reading.late / reading.sent
        if late > MOST_LATE:
            return f"the load generator was saturated: {late:.0%} of the fixes were sent late"
        delivered = reading.positions / (reading.sent * self.members)
        if not DELIVERED[0] <= delivered <= DELIVERED[1]:
            return f"{delivered:.0%} of the positions were delivered"
        return None


@dataclass(frozen=True, slots=True)
class Summary:
    """One server with one size of session: medians over its valid runs.

    Attributes:
        contender: Its name.
        members: Members of each session.
        runs: How many runs count.
        connections: In each of them.
        position_us: CPU for each position delivered, microseconds.
        frame_us: CPU for each frame delivered, microseconds.
        ratio: `position_us` over the floor's in the same round; None without a floor.
        least_ratio: The least `position_us` of all rounds over the floor's least. Others who use the machine only ever
            add to what a run costs, so this is the best guess of what an undisturbed one would say.
        ratio_low: The least ratio within a round.
        ratio_high: The greatest.
        positions_per_frame: Positions in a frame.
        core_share: How busy the server's core was.
        latency_p50_ms: From the time of a fix to its receipt.
        latency_p99_ms: From the time of a fix to its receipt.
        connection_kb: Memory of the server for each connection.
        connection_us: CPU of the server to take a connection.
        helpers_position_us: CPU of others for each position delivered, microseconds, by name.
    """

    contender: str
    members: int
    runs: int
    connections: int
    position_us: float
    frame_us: float
    ratio: float | None
    least_ratio: float | None
    ratio_low: float | None
    ratio_high: float | None
    positions_per_frame: float
    core_share: float
    latency_p50_ms: float
    latency_p99_ms: float
    connection_kb: float
    connection_us: float
    helpers_position_us: dict[str, float]


def summarise(runs: list[Run]) -> list[Summary]:
    """Sums up the valid runs by size of session and contender, in the order of their first appearance."""
    valid = [run for run in runs if run.flaw is None]
    floors = {(run.round, run.members): run.position_us for run in valid if run.contender == "floor"}
    groups: dict[tuple[int, str], list[Run]] = {}
    for run in valid:
        groups.setdefault((run.members, run.contender), []).append(run)
    return [_summary(group, floors) for _, group in sorted(groups.items(), key=lambda item: item[0][0])]


def verdicts(summaries: list[Summary]) -> list[tuple[bool, str]]:
    """Whether each bar is kept, with a sentence that says so."""
    by_name = {(summary.contender, summary.members): summary for summary in summaries}
    judged = []
    for members, bar in BARS.items():
        gateway, node = by_name.get(("gateway", members)), by_name.get(("node", members))
        if gateway is not None and gateway.ratio is not None:
            kept = gateway.ratio <= bar
            judged.append((kept, f"{members} members: gateway {gateway.ratio:.2f} x the floor, at most {bar} allowed"))
        if gateway is not None and node is not None:
            ratio = node.position_us / gateway.position_us
            said = f"{members} members: node {ratio:.2f} x the gateway, at most {NODE_BAR} allowed"
            judged.append((ratio <= NODE_BAR, said))
    return judged


def table(summaries: list[Summary], titles: dict[str, str]) -> Table:
    """The summaries as people read them."""
    drawn = Table(title="CPU of the server for each position delivered", title_justify="left")
    drawn.add_column("members")
    drawn.add_column("server")
    for column in ("us/position", "x floor", "range", "least", "us/frame", "pos./frame", "core", "p50 ms", "p99 ms"):
        drawn.add_column(column, justify="right", no_wrap=True)
    for column in ("kB/conn.", "us/conn."):
        drawn.add_column(column, justify="right", no_wrap=True)
    previous: int | None = None
    for row in summaries:
        if previous is not None and row.members != previous:
            drawn.add_section()
        drawn.add_row(
            "" if row.members == previous else str(row.members),
            titles[row.contender],
            f"{row.position_us:.2f}",
            "" if row.ratio is None else f"{row.ratio:.2f}",
            "" if row.ratio_low is None else f"{row.ratio_low:.2f}-{row.ratio_high:.2f}",
            "" if row.least_ratio is None else f"{row.least_ratio:.2f}",
            f"{row.frame_us:.1f}",
            f"{row.positions_per_frame:.1f}",
            f"{row.core_share:.0%}",
            f"{row.latency_p50_ms:.0f}",
            f"{row.latency_p99_ms:.0f}",
            f"{row.connection_kb:.1f}",
            f"{row.connection_us:.0f}",
        )
        previous = row.members
    return drawn


def _summary(runs: list[Run], floors: dict[tuple[int, int], float]) -> Summary:
    readings = [run.reading for run in runs]
    ratios = [run.position_us / floor for run in runs if (floor := floors.get((run.round, run.members))) is not None]
    least = min(run.position_us for run in runs)
    floor_costs = [cost for (_, members), cost in floors.items() if members == runs[0].members]
    helpers = readings[0].helpers_cpu_s
    return Summary(
        contender=runs[0].contender,
        members=runs[0].members,
        runs=len(runs),
        connections=readings[0].connections,
        position_us=median(run.position_us for run in runs),
        frame_us=median(reading.server_cpu_s / reading.frames * 1e6 for reading in readings),
        ratio=median(ratios) if ratios else None,
        least_ratio=least / min(floor_costs) if floor_costs else None,
        ratio_low=min(ratios, default=None),
        ratio_high=max(ratios, default=None),
        positions_per_frame=median(reading.positions / reading.frames for reading in readings),
        core_share=median(reading.server_cpu_s / reading.wall_s for reading in readings),
        latency_p50_ms=median(_percentile(reading.latencies_ms, 0.5) for reading in readings),
        latency_p99_ms=median(_percentile(reading.latencies_ms, 0.99) for reading in readings),
        connection_kb=median(reading.connection_bytes for reading in readings) / 1000,
        connection_us=median(reading.connection_cpu_s for reading in readings) * 1e6,
        helpers_position_us={
            name: median(reading.helpers_cpu_s[name] / reading.positions for reading in readings) * 1e6
            for name in helpers
        },
    )


def _percentile(ordered: list[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else float("nan")
