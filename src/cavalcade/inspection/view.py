"""What `cavalcade inspect` shows: tables on a terminal, plain lines elsewhere."""

from __future__ import annotations

import contextlib
import sys
import time
from typing import TYPE_CHECKING

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from cavalcade.inspection.source import NothingRuns, look
from cavalcade.monolith.reports import node_facts

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import RenderableType

    from cavalcade.inspection.source import Origin, Report
    from cavalcade.monolith.reports import ProcessReport, TreeReport

INTERVAL_S = 1.0
_COLOURS = {"running": "green", "starting": "yellow", "hibernating": "dim", "stopped": "red"}


def show(report: Report) -> None:
    """Prints a report once."""
    if sys.stdout.isatty():
        Console(highlight=False).print(_rendered(report))
    else:
        sys.stdout.writelines(f"{line}\n" for line in lines(report))


def watch(origin: Origin) -> None:
    """Shows what is there now, every second, until ctrl-C; something that stops meanwhile is said and waited for.

    Raises:
        NothingRuns: Where nobody answers at the start.
    """
    console = Console(highlight=False)
    shown = _rendered(look(origin))
    with contextlib.suppress(KeyboardInterrupt), Live(shown, console=console, auto_refresh=False) as live:
        while True:
            time.sleep(INTERVAL_S)
            try:
                shown = _rendered(look(origin))
            except NothingRuns as error:
                shown = Text(str(error), style="yellow")
            live.update(shown, refresh=True)


def lines(report: Report) -> Iterable[str]:
    """The report for pipes: one process a line, columns with tabs between them."""
    for process in report.processes:
        yield f"{process.backend}\t{process.listener}\t{_readiness(process.missing)}"
    if not report.trees:
        yield NO_TREE
    for tree in report.trees:
        yield node_facts(tree.node)
        yield _facts(tree)
        for one in (*tree.application, *tree.session_processes):
            yield "\t".join(str(cell) for cell in _cells(one))


NO_TREE = "The backend `services` keeps no process for each session, so there is no tree to show."


def _rendered(report: Report) -> RenderableType:
    if not report.trees:
        table = Table("process", "can it serve", box=None, title_justify="left")
        for process in report.processes:
            table.add_row(Text(process.listener), Text(_readiness(process.missing)))
        return Group(table, Text(NO_TREE, style="dim"))
    parts: list[RenderableType] = [
        Text(f"node: {_readiness(process.missing)}", style="bold") for process in report.processes
    ]
    for tree in report.trees:
        parts += [Text(node_facts(tree.node)), Text(_facts(tree))]
        # Of several nodes the sessions are what tells them apart; the parts of each are the same.
        if len(report.trees) == 1:
            parts.append(_table("application", tree.application))
        parts.append(_table("sessions", tree.session_processes))
    return Group(*parts)


def _table(title: str, processes: Iterable[ProcessReport]) -> Table:
    table = Table(title=title, box=None, title_justify="left", title_style="bold", pad_edge=False)
    table.add_column("process")
    table.add_column("status")
    for name in ("restarts", "mailbox", "connections"):
        table.add_column(name, justify="right")
    table.add_column("")
    for one in processes:
        name, status, *numbers, note = (str(cell) for cell in _cells(one))
        table.add_row(
            Text(name),
            Text(status, style=_COLOURS.get(status, "")),
            *(Text(number) for number in numbers),
            Text(note, style="dim"),
        )
    return table


def _cells(one: ProcessReport) -> tuple[str | int, ...]:
    return one.name, one.status, one.restarts, one.mailbox, one.connections, one.note


def _facts(tree: TreeReport) -> str:
    return (
        f"loop lag {tree.loop_lag_ms} ms, {tree.stalls} stalls (longest {tree.longest_stall_ms} ms), "
        f"{tree.sessions} sessions, {tree.session_restarts} restarts, {tree.sessions_given_up} given up"
    )


def _readiness(missing: str | None) -> str:
    return "ready" if missing is None else f"not ready: {missing} is missing"
