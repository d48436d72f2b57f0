"""`python -m bench`: all servers under the same traffic, in interleaved rounds."""

import asyncio
import dataclasses
import json
import os
import platform
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Final

import click
from rich.console import Console

from bench import contenders
from bench.contenders import ROOT, Contender, MissingTool
from bench.report import Run, Summary, summarise, table, verdicts
from cavalcade.evaluation.load import Reading
from cavalcade.evaluation.process_usage import cores, pin
from cavalcade.evaluation.traffic import Load, Pattern
from cavalcade.stack import postgres, valkey
from cavalcade.stack.errors import StackError
from cavalcade.stack.process import Process

TRIES: Final = 3
"""How often a run that had to be discarded is tried in its place."""

NAMES: Final = ("floor", "gateway", "node", "node-ws-flush", "node-ws-naive")
OURS: Final = ("gateway", "node")

SESSION_BAR_KB: Final = 12
"""What a session's process on `monolith` may take beyond its connections, kB."""

SESSIONS_FOR_MEMORY: Final = 4000


@dataclasses.dataclass(frozen=True, slots=True)
class Plan:
    """What is measured: see the command's options."""

    rounds: int
    seconds: int
    warm_up_s: int
    connections: int
    sizes: tuple[int, ...]
    window_ms: int
    pattern: Pattern
    names: tuple[str, ...]


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--rounds", default=5, show_default=True, help="How often each server is measured, one after another.")
@click.option("--seconds", default=6, show_default=True, help="How long each time.")
@click.option("--warm-up", "warm_up_s", default=3, show_default=True, help="Seconds of traffic before that.")
@click.option("--connections", default=1000, show_default=True, help="About how many at once.")
@click.option("--members", "sizes", multiple=True, type=int, default=(10, 50), show_default=True, help="Of a session.")
@click.option("--window", "window_ms", default=500, show_default=True, help="Milliseconds that positions are gathered.")
@click.option("--pattern", type=click.Choice(["spread", "clustered"]), default="spread", show_default=True)
@click.option("--only", "names", multiple=True, type=click.Choice(NAMES), default=NAMES, help="Some servers alone.")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), default=ROOT / "build" / "bench.json")
@click.option("--enforce", is_flag=True, help="Exit with 1 where a bar is missed.")
def main(output: Path, *, enforce: bool, **options: object) -> None:
    """Measure what the position path costs: both backends against a raw write and against Node's ws.

    Each server runs alone on one core, the load and the databases on another. All get the same traffic: everybody
    sends one packed fix a second.
    """
    plan = Plan(**options)  # type: ignore[arg-type]  # click has checked them
    console = Console(width=None if sys.stdout.isatty() else 160)
    if not Path("/proc/self/schedstat").exists():
        raise click.ClickException("this needs Linux: CPU is read from /proc/<pid>/task/*/schedstat")
    try:
        with tempfile.TemporaryDirectory(prefix="cavalcade-bench-") as name:
            folder = Path(name)
            folder.chmod(0o711)  # PostgreSQL may run as another user, who must pass
            runs, titles, session_kb = asyncio.run(_measure(plan, folder, console))
    except MissingTool as error:
        raise click.ClickException(str(error)) from error
    except StackError as error:
        raise click.ClickException("\n".join(filter(None, (error.problem, error.detail)))) from error
    summaries = summarise(runs)
    console.print(table(summaries, titles))
    for summary in summaries:
        for name, cost in summary.helpers_position_us.items():
            console.print(
                f"{summary.members} members: {name} took {cost:.2f} us a position for {titles[summary.contender]}"
            )
    judged = verdicts(summaries) if plan.window_ms == 500 else []
    if session_kb is not None:
        kept = session_kb <= SESSION_BAR_KB
        judged.append((kept, f"a session's process takes {session_kb:.1f} kB, at most {SESSION_BAR_KB} allowed"))
    for kept, sentence in judged:
        console.print(f"[{'green' if kept else 'red'}]{'kept' if kept else 'MISSED'}[/]  {sentence}")
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(
        json.dumps({**_as_json(plan, runs, summaries), "session_process_kb": session_kb}, indent=2) + "\n"
    )
    console.print(f"Everything measured is in {output}")
    if enforce and not all(kept for kept, _ in judged):
        sys.exit(1)


async def _measure(plan: Plan, folder: Path, console: Console) -> tuple[list[Run], dict[str, str], float | None]:
    available = cores()
    server_core, other_core = available[0], available[-1]
    os.sched_setaffinity(0, {other_core})  # what is started from here on inherits it
    if server_core == other_core:
        console.print("[yellow]There is one core alone: the load generator disturbs what it measures.[/]")
    runs = []
    async with _contenders(plan, folder) as entered:
        for number in range(1, plan.rounds + 1):
            for size in plan.sizes:
                for contender in entered:
                    console.print(f"round {number} of {plan.rounds}, {size} members: {contender.title}")
                    for _ in range(TRIES):
                        run = Run(number, contender.name, size, await _run(contender, plan, size, server_core))
                        runs.append(run)
                        if run.flaw is None:
                            break
                        console.print(f"[yellow]  discarded: {run.flaw}[/]")
        memory = await _session_memory(folder) if "node" in plan.names else None
        return runs, {contender.name: contender.title for contender in entered}, memory


async def _session_memory(folder: Path) -> float:
    """What a session's process takes beyond its connections, kB."""
    addresses = (postgres.url(folder), valkey.url(folder / "valkey.sock"))
    measuring = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bench.session_memory",
        *addresses,
        str(SESSIONS_FOR_MEMORY),
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await measuring.communicate()
    taken: float = json.loads(output)["kb"]
    return taken


@asynccontextmanager
async def _contenders(plan: Plan, folder: Path) -> AsyncIterator[list[Contender]]:
    makers = {
        "floor": lambda: contenders.floor(folder, plan.window_ms),
        "node-ws-flush": lambda: contenders.node_ws(folder, plan.window_ms),
        "node-ws-naive": lambda: contenders.node_ws(folder, 0),
    }
    if not set(OURS) & set(plan.names):
        yield [makers[name]() for name in NAMES if name in plan.names]
        return
    data, sockets = folder / "postgres", folder
    postgres.create(data)
    (folder / "valkey").mkdir()
    database = await Process.start(postgres.service(data, sockets, folder / "postgres.log"))
    redis = await Process.start(valkey.service(folder / "valkey", folder / "valkey.sock", folder / "valkey.log"))
    try:
        await database.until_ready()
        await redis.until_ready()
        for name in OURS:
            makers[name] = partial(
                contenders.cavalcade,
                name,
                folder,
                plan.window_ms,
                database_url=postgres.url(sockets),
                redis_url=valkey.url(folder / "valkey.sock"),
                helper_pids={"Valkey": [contenders.service_pid(redis)]},
            )
        yield [makers[name]() for name in NAMES if name in plan.names]
    finally:
        await redis.stop()
        await database.stop()


async def _run(contender: Contender, plan: Plan, size: int, server_core: int) -> Reading:
    """Starts a server, puts the load on it, and stops it."""
    port = contenders.free_port()
    process = await Process.start(contender.service(port))
    try:
        await process.until_ready()
        targets = await contender.targets(contender.sessions(plan.connections, size), size)
        pid = contenders.service_pid(process)
        pin(pid, server_core)
        load = Load(
            port=port,
            targets=targets,
            envelope_size=contender.envelope_size,
            pattern=plan.pattern,
            warm_up_s=plan.warm_up_s,
            measured_s=plan.seconds,
            server_pids=[pid],
            helper_pids=contender.helper_pids,
        )
        generator = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "cavalcade.evaluation.load"),
            cwd=ROOT,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        answer, problem = await generator.communicate(json.dumps(dataclasses.asdict(load)).encode())
        if generator.returncode:
            raise process.failed(f"{contender.title} could not be measured: {problem.decode().strip()}")
    finally:
        await process.stop()
    return Reading(**json.loads(answer))


def _as_json(plan: Plan, runs: list[Run], summaries: list[Summary]) -> dict[str, object]:
    """Everything measured; latencies stay out, since their percentiles are among the summaries."""
    return {
        "plan": dataclasses.asdict(plan),
        "machine": {"cores": os.cpu_count(), "python": platform.python_version(), "system": platform.platform()},
        "summaries": [dataclasses.asdict(summary) for summary in summaries],
        "runs": [
            {
                "round": run.round,
                "contender": run.contender,
                "members": run.members,
                "discarded": run.flaw,
                **{name: value for name, value in dataclasses.asdict(run.reading).items() if name != "latencies_ms"},
            }
            for run in runs
        ],
    }


if __name__ == "__main__":
    main()
