"""Readings put together: medians over the rounds, and ratios to the floor of the same round."""

from dataclasses import dataclass
from statistics import median
from typing import Final

from rich.table import Table

from bench.scenes import DEFAULT_WINDOW_MS, WINDOW_MS, Scene
from testbed.load.generator import Reading
from testbed.load.latencies import nearest_rank
from testbed.load.run import flaw_of

NODE_BAR: Final = 1.15
"""What a position may cost on `monolith`, in times of what it costs on `services`."""

BARS: Final = {10: 2.5, 50: 2.0, 200: 2.0}
"""How many times the floor's CPU for a delivered position the gateway may take, by members of a session."""

NODE_WS_BAR: Final = 0.8
"""How many times what a hub on Node's ws takes with the same window."""

NAIVE_BAR: Final = 0.25
"""How many times what such a hub takes that relays each fix at once, in sessions of 50."""

CONNECTION_BAR_KB: Final = 16.0
"""What a connection may take of the server's memory."""

LATE_BAR_MS: Final = 50.0
"""How much later than the window 99 of 100 positions may be, at half of what a server holds; across two gateways, than
two windows."""

CRASHES: Final = 50
"""How many sessions crash, each once."""

HEALED_BAR_MS: Final = 250
"""How soon after a crash its members must be attached again."""

OTHERS_BAR_MS: Final = 10.0
"""How much later positions of the other sessions may be meanwhile, 99 of 100: a tenth of the window."""


@dataclass(frozen=True, slots=True)
class Run:
    """One server measured once.

    Attributes:
        round: Counted from 1.
        contender: Its name.
        scene: Under which load.
        reading: What was measured.
    """

    round: int
    contender: str
    scene: Scene
    reading: Reading

    @property
    def position_us(self) -> float:
        """CPU of the server for each position delivered, microseconds."""
        return self.reading.server_cpu_s / self.reading.positions * 1e6

    @property
    def flaw(self) -> str | None:
        """Why this run must be discarded, or None."""
        return flaw_of(self.reading, receivers=self.scene.members)


@dataclass(frozen=True, slots=True)
class Summary:
    """One server under one load: medians over its valid runs.

    Attributes:
        contender: Its name.
        scene: The load.
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
        connects_per_s: Connections made in a second, by one that makes them one after another.
        member_us: CPU of the server for each member and second.
        helpers_position_us: CPU of others for each position delivered, microseconds, by name; the load generator is the
            clients.
    """

    contender: str
    scene: Scene
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
    connects_per_s: float
    member_us: float
    helpers_position_us: dict[str, float]


def summarise(runs: list[Run]) -> list[Summary]:
    """Sums up the valid runs by load and contender, in the order of their first appearance."""
    valid = [run for run in runs if run.flaw is None]
    floors = {(run.round, _load(run.scene)): run.position_us for run in valid if run.contender == "floor"}
    groups: dict[tuple[Scene, str], list[Run]] = {}
    for run in valid:
        groups.setdefault((run.scene, run.contender), []).append(run)
    return [_summary(group, floors) for group in groups.values()]


def _load(scene: Scene) -> tuple[int, int, int]:
    """What must be the same for a floor to be a server's floor."""
    return scene.members, scene.connections, scene.window_ms


def verdicts(summaries: list[Summary]) -> list[tuple[bool, str]]:
    """Whether each bar is kept, with a sentence that says so."""
    judged: list[tuple[bool, str]] = []

    def judge(said: str, value: float, bar: float, unit: str = "x") -> None:
        judged.append((value <= bar, f"{said} {value:.2f} {unit}, at most {bar:g} allowed"))

    costs = {(s.contender, s.scene.members): s for s in summaries if s.scene.kind == "cost" and _barred(s.scene)}
    for members, bar in BARS.items():
        gateway = costs.get(("gateway", members))
        if gateway is None:
            continue
        place = f"{members} members: the gateway takes"
        if gateway.ratio is not None:
            judge(f"{place} of the floor", gateway.ratio, bar)
        for other, title, most, sizes in (
            ("node-ws-flush", "of Node ws with the same window", NODE_WS_BAR, tuple(BARS)),
            ("node-ws-naive", "of the naive hub on Node", NAIVE_BAR, (50,)),
        ):
            peer = costs.get((other, members))
            if peer is not None and members in sizes:
                judge(f"{place} {title}", gateway.position_us / peer.position_us, most)
        node = costs.get(("node", members))
        if node is not None:
            judge(f"{members} members: the node takes of the gateway", node.position_us / gateway.position_us, NODE_BAR)
    for summary in summaries:
        if summary.scene.kind == "crowd" and summary.contender in {"gateway", "node"}:
            judge(f"a connection of the {summary.contender} takes", summary.connection_kb, CONNECTION_BAR_KB, "kB")
        if summary.scene.kind == "half":
            bar = summary.scene.window_ms + LATE_BAR_MS
            judge(f"p99 of the {summary.contender} at half of what it holds is", summary.latency_p99_ms, bar, "ms")
        if summary.contender == "gateways-2":
            bar = 2 * DEFAULT_WINDOW_MS + LATE_BAR_MS
            judge(f"{summary.scene.members} members: p99 across two gateways is", summary.latency_p99_ms, bar, "ms")
    return judged


def healing_verdicts(healing: dict[str, float]) -> list[tuple[bool, str]]:
    """Whether crashes were healed in time and left the others alone, as `bench.healing` has measured it."""
    slowest, moved_ms = healing["healed_max_ms"], healing["others_p99_ms_crashing"] - healing["others_p99_ms_quiet"]
    all_healed = healing["healed"] == healing["crashes"] == CRASHES
    return [
        (
            all_healed and slowest <= HEALED_BAR_MS,
            (
                f"{healing['healed']:.0f} of {CRASHES} crashes were healed, the slowest within {slowest:.0f} ms, "
                f"all within {HEALED_BAR_MS} allowed"
            ),
        ),
        (
            moved_ms <= OTHERS_BAR_MS,
            f"crashes moved the other sessions' p99 by {moved_ms:.1f} ms, at most {OTHERS_BAR_MS} allowed",
        ),
    ]


def _barred(scene: Scene) -> bool:
    return scene.window_ms == WINDOW_MS


def table(summaries: list[Summary], titles: dict[str, str]) -> Table:
    """The summaries as people read them."""
    drawn = Table(title="CPU of the server for each position delivered", title_justify="left")
    drawn.add_column("load", max_width=34)
    drawn.add_column("server", max_width=28)
    for column in ("us/position", "x floor", "range", "least", "us/frame", "pos./frame", "core", "p50 ms", "p99 ms"):
        drawn.add_column(column, justify="right", no_wrap=True)
    for column in ("kB/conn.", "us/conn.", "conn./s"):
        drawn.add_column(column, justify="right", no_wrap=True)
    previous: Scene | None = None
    for row in summaries:
        is_new = row.scene != previous
        if is_new and previous is not None:
            drawn.add_section()
        drawn.add_row(
            row.scene.title if is_new else "",
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
            f"{row.connects_per_s:.0f}",
        )
        previous = row.scene
    return drawn


def _summary(runs: list[Run], floors: dict[tuple[int, tuple[int, int, int]], float]) -> Summary:
    readings, scene = [run.reading for run in runs], runs[0].scene
    ratios = [run.position_us / floor for run in runs if (floor := floors.get((run.round, _load(scene)))) is not None]
    least = min(run.position_us for run in runs)
    floor_costs = [cost for (_, load), cost in floors.items() if load == _load(scene)]
    helpers = readings[0].helpers_cpu_s
    return Summary(
        contender=runs[0].contender,
        scene=scene,
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
        latency_p50_ms=median(nearest_rank(reading.latencies_ms, 0.5) for reading in readings),
        latency_p99_ms=median(nearest_rank(reading.latencies_ms, 0.99) for reading in readings),
        connection_kb=median(reading.connection_bytes for reading in readings) / 1000,
        connection_us=median(reading.connection_cpu_s for reading in readings) * 1e6,
        connects_per_s=median(reading.connections / max(reading.connect_s, 1e-9) for reading in readings),
        member_us=median(reading.server_cpu_s / reading.wall_s / reading.connections for reading in readings) * 1e6,
        helpers_position_us={
            name: median(reading.helpers_cpu_s[name] / reading.positions for reading in readings) * 1e6
            for name in helpers
        }
        | {"their clients": median(reading.generator_cpu_s / reading.positions for reading in readings) * 1e6},
    )
