"""`python -m bench`: all servers under the same traffic, in interleaved rounds."""

import asyncio
import dataclasses
import json
import os
import platform
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Final

import click
from rich.console import Console

from bench import contenders, scenes
from bench.contenders import ROOT, Contender
from bench.plots import draw
from bench.report import Run, Summary, healing_verdicts, summarise, table, verdicts
from bench.saturation import MEMBERS, saturate
from bench.scenes import NAMES, OURS, Scene
from cavalcade.stack import postgres, valkey
from cavalcade.stack.errors import StackError
from cavalcade.stack.process import Process
from cavalcade.storage.migrate import migrate
from testbed.installations.installation import free_ports
from testbed.installations.process_usage import cores, pin
from testbed.load.generator import Reading
from testbed.load.run import LoadFailed, run_load
from testbed.load.traffic import Load, Pattern
from testbed.yardsticks.servers import MissingTool

TRIES: Final = 3
"""How often a run that had to be discarded is tried in its place."""

SESSION_BAR_KB: Final = 12
"""What a session's process on `monolith` may take beyond its connections, kB."""

PARTS: Final = ("cost", "growth", "crowd", "gateways", "half", "heal")

PLOTS: Final = ROOT / "docs" / "plots"


@dataclasses.dataclass(frozen=True, slots=True)
class Plan:
    """What is measured: see the command's options."""

    rounds: int
    seconds: int
    warm_up_s: int
    connections: int
    sizes: tuple[int, ...]
    windows: tuple[int, ...]
    pattern: Pattern
    names: tuple[str, ...]
    parts: tuple[str, ...]

    def scenes(self) -> list[Scene]:
        """The loads, but for those that depend on what was found out before."""
        made = {
            "cost": scenes.costs(self.sizes, self.connections),
            "growth": scenes.growth(),
            "crowd": scenes.crowd(),
            "gateways": scenes.gateways(self.connections),
        }
        wanted = [scene for part, of in made.items() if part in self.parts for scene in of]
        return [scene for scene in wanted if scene.kind != "cost" or scene.window_ms in self.windows]

    def has(self, name: str) -> bool:
        """Whether a server takes part."""
        return name.removesuffix("s-2") in self.names


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--rounds", default=3, show_default=True, help="How often each server is measured, one after another.")
@click.option("--seconds", default=5, show_default=True, help="How long each time.")
@click.option("--warm-up", "warm_up_s", default=3, show_default=True, help="Seconds of traffic before that.")
@click.option("--connections", default=1000, show_default=True, help="About how many at once.")
@click.option("--members", "sizes", multiple=True, type=int, default=(10, 50, 200), show_default=True)
@click.option("--window", "windows", multiple=True, type=int, default=(500, 1000, 100), show_default=True)
@click.option("--pattern", type=click.Choice(["spread", "clustered"]), default="spread", show_default=True)
@click.option("--only", "names", multiple=True, type=click.Choice(NAMES), default=NAMES, help="Some servers alone.")
@click.option("--part", "parts", multiple=True, type=click.Choice(PARTS), default=PARTS, help="Some parts alone.")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), default=ROOT / "build" / "bench.json")
@click.option("--plots", type=click.Path(file_okay=False, path_type=Path), default=PLOTS, help="Where pictures go.")
@click.option("--enforce", is_flag=True, help="Exit with 1 where a bar is missed.")
def main(output: Path, plots: Path, *, enforce: bool, **options: object) -> None:
    """Measure what the position path costs: both backends against a raw write and hubs on other stacks.

    Each server runs alone on one core, the load and the databases on another. All get the same traffic: everybody
    sends one packed fix a second. The parts: what a position costs, by size of session and window (cost); how that
    grows with the number of sessions (growth); what 5,000 connections take (crowd); sessions that are spread over two
    gateways (gateways); how late positions are at half of what a server holds (half); and what a crash costs (heal).
    """
    plan = Plan(**options)  # type: ignore[arg-type]  # click has checked them
    console = Console(width=None if sys.stdout.isatty() else 190)
    if not Path("/proc/self/schedstat").exists():
        raise click.ClickException("this needs Linux: CPU is read from /proc/<pid>/task/*/schedstat")
    try:
        with tempfile.TemporaryDirectory(prefix="cavalcade-bench-") as name:
            folder = Path(name)
            folder.chmod(0o711)  # PostgreSQL may run as another user, who must pass
            measured = asyncio.run(_measure(plan, folder, console))
    except MissingTool as error:
        raise click.ClickException(f"a yardstick is not to be had: {error}") from error
    except StackError as error:
        raise click.ClickException("\n".join(filter(None, (error.problem, error.detail)))) from error
    summaries = summarise(measured.runs)
    console.print(table(summaries, measured.titles))
    for summary in summaries:
        for name, cost in summary.helpers_position_us.items():
            server = measured.titles[summary.contender]
            console.print(f"{summary.scene.title}: {name} took {cost:.2f} us a position for {server}")
    for name, (held, why) in measured.held.items():
        console.print(f"{measured.titles[name]} held {held} members in sessions of {MEMBERS}; then {why}")
    judged = verdicts(summaries)
    if measured.session_kb is not None:
        kept = measured.session_kb <= SESSION_BAR_KB
        judged.append(
            (kept, f"a session's process takes {measured.session_kb:.1f} kB, at most {SESSION_BAR_KB} allowed")
        )
    if measured.healing is not None:
        console.print("  ".join(f"{name} {value:.0f}" for name, value in measured.healing.items()))
        judged += healing_verdicts(measured.healing)
    if "growth" in plan.parts and plan.has("node"):
        most = scenes.MOST_SESSIONS
        are_served = any(
            one.scene.kind == "growth" and one.contender == "node" and one.connections == 2 * most for one in summaries
        )
        judged.append((are_served, f"one node serves {most:,} sessions of two: all came in, all positions arrived"))
    for kept, sentence in judged:
        console.print(f"[{'green' if kept else 'red'}]{'kept' if kept else 'MISSED'}[/]  {sentence}")
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(json.dumps(_as_json(plan, measured, summaries), indent=2) + "\n")
    draw(summaries, measured.titles, plots)
    console.print(f"Everything measured is in {output}, pictures are in {plots}")
    if enforce and not all(kept for kept, _ in judged):
        sys.exit(1)


@dataclasses.dataclass(slots=True)
class Measured:
    """Everything that was measured.

    Attributes:
        runs: Each time that a server was put under load.
        titles: Of the servers, by name.
        held: The most members that each server held, and what ended it.
        session_kb: What a session's process takes, where that was looked at.
        healing: What crashes cost on a node, where that was looked at.
    """

    runs: list[Run] = dataclasses.field(default_factory=list)
    titles: dict[str, str] = dataclasses.field(default_factory=dict)
    held: dict[str, tuple[int, str]] = dataclasses.field(default_factory=dict)
    session_kb: float | None = None
    healing: dict[str, float] | None = None


async def _measure(plan: Plan, folder: Path, console: Console) -> Measured:
    available = cores()
    server_core, other_core = available[0], available[-1]
    os.sched_setaffinity(0, {other_core})  # what is started from here on inherits it
    if server_core == other_core:
        console.print("[yellow]There is one core alone: the load generator disturbs what it measures.[/]")
    measured = Measured()
    async with _makers(plan, folder) as make:

        async def measure(name: str, scene: Scene, number: int = 1) -> Run:
            contender = make(name, scene.window_ms)
            measured.titles[name] = contender.title
            console.print(f"round {number} of {plan.rounds}, {scene.title}: {contender.title}")
            run = Run(number, name, scene, await _run(contender, plan, scene, server_core))
            if run.flaw is not None:
                console.print(f"[yellow]  discarded: {run.flaw}[/]")
            return run

        async def measure_in_turns(loads: list[Scene]) -> None:
            for number in range(1, plan.rounds + 1):
                for scene in loads:
                    for name in filter(plan.has, scene.names):
                        for _ in range(TRIES):
                            run = await measure(name, scene, number)
                            measured.runs.append(run)
                            if run.flaw is None:
                                break

        await measure_in_turns(plan.scenes())
        if "half" in plan.parts:
            measured.held = {name: await saturate(name, measure) for name in OURS if plan.has(name)}
            held = {name: most for name, (most, _) in measured.held.items() if most}
            await measure_in_turns(scenes.half_saturation(held, MEMBERS))
        if "crowd" in plan.parts and plan.has("node"):
            taken = await _looked_at("bench.session_memory", folder, str(scenes.MOST_SESSIONS))
            measured.session_kb = taken["kb"]
        if "heal" in plan.parts and plan.has("node"):
            await migrate(postgres.url(folder))
            measured.healing = await _looked_at("bench.healing", folder)
    return measured


async def _looked_at(module: str, folder: Path, *more: str) -> dict[str, float]:
    """What a module says that looks at parts of a node in a process of its own."""
    command = (sys.executable, "-m", module, postgres.url(folder), valkey.url(folder / "valkey.sock"), *more)
    measuring = await asyncio.create_subprocess_exec(
        *command, cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    output, _ = await measuring.communicate()
    said: dict[str, float] = json.loads(output)
    return said


@asynccontextmanager
async def _makers(plan: Plan, folder: Path) -> AsyncIterator[Callable[[str, int], Contender]]:
    """Makes contenders by name and window, over a PostgreSQL and a Valkey where some need them."""
    makers: dict[str, Callable[[int], Contender]] = {
        "floor": partial(contenders.floor, folder),
        "node-ws-flush": partial(contenders.node_ws, folder),
        "node-ws-naive": lambda _: contenders.node_ws(folder, 0),
        "starlette-flush": partial(contenders.starlette, folder),
        "starlette-naive": lambda _: contenders.starlette(folder, 0),
    }
    made: dict[tuple[str, int], Contender] = {}

    def make(name: str, window_ms: int) -> Contender:
        if (name, window_ms) not in made:
            made[name, window_ms] = makers[name](window_ms)
        return made[name, window_ms]

    if not any(map(plan.has, OURS)):
        yield make
        return
    data, sockets = folder / "postgres", folder
    postgres.create(data)
    (folder / "valkey").mkdir()
    database = await Process.start(postgres.service(data, sockets, folder / "postgres.log"))
    redis = await Process.start(valkey.service(folder / "valkey", folder / "valkey.sock", folder / "valkey.log"))
    try:
        await database.until_ready()
        await redis.until_ready()
        for name, own, processes in (("gateway", "gateway", 1), ("node", "node", 1), ("gateways-2", "gateway", 2)):
            makers[name] = partial(
                contenders.cavalcade,
                own,
                folder,
                database_url=postgres.url(sockets),
                redis_url=valkey.url(folder / "valkey.sock"),
                helper_pids={"Valkey": [contenders.service_pid(redis)]},
                processes=processes,
            )
        yield make
    finally:
        await redis.stop()
        await database.stop()


async def _run(contender: Contender, plan: Plan, scene: Scene, server_core: int) -> Reading:
    """Starts a server, puts the load on it, and stops it."""
    ports = free_ports(contender.processes)
    processes = [await Process.start(contender.service(port)) for port in ports]
    try:
        await asyncio.gather(*(process.until_ready() for process in processes))
        targets = await contender.targets(contender.sessions(scene.connections, scene.members), scene.members)
        pids = [contenders.service_pid(process) for process in processes]
        for pid in pids:
            pin(pid, server_core)
        load = Load(
            port=ports[0],
            targets=[dataclasses.replace(each, port=ports[at % len(ports)]) for at, each in enumerate(targets)],
            envelope_size=contender.envelope_size,
            pattern=plan.pattern,
            warm_up_s=max(plan.warm_up_s, 1 / scene.fixes_per_s),
            measured_s=max(plan.seconds, 1 / scene.fixes_per_s),
            server_pids=pids,
            helper_pids=contender.helper_pids,
            fixes_per_s=scene.fixes_per_s,
        )
        return await run_load(load)
    except LoadFailed as failure:
        raise processes[0].failed(f"{contender.title} could not be measured: {failure}") from failure
    finally:
        for process in processes:
            await process.stop()


def _as_json(plan: Plan, measured: Measured, summaries: list[Summary]) -> dict[str, object]:
    """Everything measured; latencies stay out, since their percentiles are among the summaries."""
    return {
        "plan": dataclasses.asdict(plan),
        "machine": {"cores": os.cpu_count(), "python": platform.python_version(), "system": platform.platform()},
        "summaries": [dataclasses.asdict(summary) for summary in summaries],
        "held": measured.held,
        "session_process_kb": measured.session_kb,
        "healing": measured.healing,
        "runs": [
            {
                "round": run.round,
                "contender": run.contender,
                "scene": dataclasses.asdict(run.scene),
                "discarded": run.flaw,
                **{name: value for name, value in dataclasses.asdict(run.reading).items() if name != "latencies_ms"},
            }
            for run in measured.runs
        ],
    }


if __name__ == "__main__":
    main()
