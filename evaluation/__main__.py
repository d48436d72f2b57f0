"""`python -m evaluation`, as `make evaluate` calls it from a checkout of the repository."""

import asyncio
import dataclasses
import json
import math
import os
import re
import shlex
import signal
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from cavalcade.open_file_limit import raise_limit
from cavalcade.stack.programs import BACKENDS
from evaluation.measuring import Cores, measure
from evaluation.plan import Plan, plan
from evaluation.report.content import content_of
from evaluation.report.html import write_html
from evaluation.report.markdown import write_markdown
from evaluation.report.page import Content
from evaluation.results import Results, ResultsError
from evaluation.weights import WeightsError, default_weights, read_weights
from testbed.installations.installation import InstallationError
from testbed.yardsticks.peers import Server, relay
from testbed.yardsticks.servers import YARDSTICKS, MissingTool

DEFAULT_FOLDER: Final = Path("build/evaluation")

_HELP = """
Measure both backends on this machine, and write a report that says which is better at what.

Each backend is started in its real shape (Caddy, PostgreSQL, Valkey and its own processes), the two in turns, under the
same load. The report comes as HTML that opens without a network, as Markdown and as JSON with every sample; it
recommends a backend by weights that you can change, here or in the report.

\b
A first look, in under five minutes:
  python -m evaluation --quick
The whole, in under forty:
  python -m evaluation --out ./evaluation
Half an hour of steady load on each:
  python -m evaluation --soak

\b
A peer relays Channels V2 "position" pushes on a topic "session:<id>" to its other members, at /socket/websocket:
  python -m evaluation --quick --peer "phoenix=mix run --no-halt"

Ctrl-C stops it; the same command goes on where it was. The machine should do nothing else meanwhile.
"""


TAKEN: Final = (*BACKENDS, *(yardstick.name for yardstick in YARDSTICKS))
"""Names that no peer can have."""


def _as_peers(_context: click.Context, _parameter: click.Parameter, values: tuple[str, ...]) -> dict[str, Server]:
    peers: dict[str, Server] = {}
    for value in values:
        name, separator, command = value.partition("=")
        if not separator or not command.strip() or not re.fullmatch(r"[a-z0-9-]{1,30}", name) or name in TAKEN:
            raise click.BadParameter(
                f"{value!r} is not NAME=COMMAND with a NAME of up to 30 lower-case letters, digits and hyphens that is "
                f"not {', '.join(TAKEN[:-1])} or {TAKEN[-1]}"
            )
        try:
            peers[name] = relay(shlex.split(command))
        except ValueError as error:
            raise click.BadParameter(f"the command of {name} cannot be split as a shell does: {error}") from error
    return peers


@click.command(context_settings={"help_option_names": ["-h", "--help"]}, help=_HELP)
@click.option("--quick", is_flag=True, help="A first look.")
@click.option("--soak", is_flag=True, help="A steady load for long, in place of everything else.")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=DEFAULT_FOLDER,
    show_default=True,
    help="The folder for samples and report.",
)
@click.option(
    "--weights",
    "weights_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A TOML file of weights, such as: cpu = 20",
)
@click.option(
    "--peer",
    "peers",
    multiple=True,
    callback=_as_peers,
    metavar="NAME=COMMAND",
    help="A further server to put under the same load: COMMAND serves on the port in the variable PORT.",
)
@click.option("--again", is_flag=True, help="Forget what was measured before.")
def evaluate(
    *, quick: bool, soak: bool, out: Path, weights_file: Path | None, peers: dict[str, Server], again: bool
) -> None:
    """Check the options, measure, and write the report."""
    if quick and soak:
        raise click.UsageError("--quick and --soak exclude each other.")
    if not Path("/proc/self/schedstat").exists():
        _fail("this needs Linux: what processes take is read from /proc")
    chosen = plan("quick" if quick else "soak" if soak else "full", tuple(peers))
    console = Console(stderr=True)
    try:
        weights = read_weights(weights_file) if weights_file else default_weights()
        results = Results(out / chosen.name)
        if again:
            results.clear()
        missing = asyncio.run(_measure_all(chosen, peers, results, console))
        samples = results.samples(chosen.steps)
    except (WeightsError, ResultsError, InstallationError) as error:
        _fail(str(error))
    except asyncio.CancelledError:
        console.print("Stopped. The same command goes on from here.")
        sys.exit(130)
    _write(content_of(chosen, samples, weights, missing), weights, out / chosen.name, console)


async def _measure_all(chosen: Plan, peers: Mapping[str, Server], results: Results, console: Console) -> dict[str, str]:
    """Does the steps that were not done before; returns which yardsticks are not to be had here, and why."""
    measuring = asyncio.current_task()
    assert measuring
    for number in (signal.SIGINT, signal.SIGTERM):
        # Set here, since a shell that starts this in the background may have it ignore SIGINT.
        asyncio.get_running_loop().add_signal_handler(number, measuring.cancel)
    cores = Cores.of_this_machine()
    if not cores.are_apart:
        console.print("[yellow]There is one core alone: the load takes from what it measures.[/]")
    left = sum(step.estimate_s for step in chosen.steps if not results.has(step))
    console.print(f"{len(chosen.steps)} steps, about {math.ceil(left / 60)} minutes from here on two quiet cores.")
    raise_limit()  # thousands of connections, here and in what is started
    os.sched_setaffinity(0, cores.load)  # people of faults and storms live in this process
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with (
        tempfile.TemporaryDirectory(prefix="cavalcade-yardsticks-") as folder,
        Progress(*columns, TimeElapsedColumn(), TimeRemainingColumn(), console=console) as progress,
    ):
        task = progress.add_task("making the yardsticks ready", total=len(chosen.steps))
        yardsticks, missing = await asyncio.to_thread(_make_ready, chosen, results, Path(folder))
        for name, why in missing.items():
            progress.console.print(f"[yellow]{name} is left out: {why}[/]")
        for step in chosen.steps:
            progress.update(task, description=step.title)
            if not results.has(step) and step.backend not in missing:
                sample = await measure(step, cores, {**yardsticks, **peers})
                results.add(sample)
                if sample.flaw is not None:
                    progress.console.print(f"[yellow]{step.title}: does not count: {sample.flaw}[/]")
            progress.advance(task)
    return missing


def _make_ready(chosen: Plan, results: Results, folder: Path) -> tuple[dict[str, Server], dict[str, str]]:
    """The yardsticks that are still to be measured, and those that are not to be had here, and why."""
    servers: dict[str, Server] = {}
    missing: dict[str, str] = {}
    wanted = {step.backend for step in chosen.steps if not results.has(step)}
    for yardstick in YARDSTICKS:
        if yardstick.name in wanted:
            try:
                servers[yardstick.name] = yardstick.made(folder, yardstick.window_ms)
            except MissingTool as error:
                missing[yardstick.name] = str(error)
    return servers, missing


def _write(content: Content, weights: dict[str, float], folder: Path, console: Console) -> None:
    page = write_html(content, folder)
    write_markdown(content, folder)
    samples = [dataclasses.asdict(sample) for sample in content.samples]
    raw = {"machine": content.machine, "weights": weights, "left_out": content.left_out, "samples": samples}
    (folder / "report.json").write_text(json.dumps(raw, indent=1) + "\n", encoding="utf-8")
    console.print(content.recommendation.sentence)
    console.print(f"The report is {page}")


def _fail(problem: str) -> None:
    click.echo(f"evaluation: {problem}", err=True)
    sys.exit(1)


if __name__ == "__main__":
    evaluate(prog_name="python -m evaluation")
