"""The live process tree as an operator looks at it: who runs, how long mailboxes are, who had to be restarted."""

import html
from dataclasses import asdict

from cavalcade.monolith.node_status import NodeStatus
from cavalcade.monolith.registry import Entry, Registry
from cavalcade.monolith.reports import ProcessReport, TreeReport, node_facts
from cavalcade.monolith.supervisor import Supervisor
from cavalcade.server.processes.clock import AdaptiveClock
from cavalcade.server.processes.stall_watchdog import StallWatchdog

MOST_SESSIONS = 200
"""How many sessions are listed: those with the most restarts and the longest mailboxes first."""


class Inspector:
    """Makes reports."""

    def __init__(
        self,
        supervisor: Supervisor,
        registry: Registry,
        clock: AdaptiveClock,
        watchdog: StallWatchdog,
        status: NodeStatus,
    ) -> None:
        """Looks at these parts of a node."""
        self._status = status
        self._supervisor, self._registry, self._clock, self._watchdog = supervisor, registry, clock, watchdog

    def report(self) -> TreeReport:
        """The tree as it is now."""
        children = tuple(
            ProcessReport(
                running.child.name,
                "running" if running.task is not None and not running.task.done() else "stopped",
                running.restarts,
                note=f"failed with {running.last_failure}" if running.last_failure else running.child.about,
            )
            for running in self._supervisor.children
        )
        entries = sorted(
            self._registry.entries.items(), key=lambda item: (-item[1].restarts, -len(item[1].mailbox), item[0])
        )
        return TreeReport(
            node=self._status.report(),
            loop_lag_ms=round(self._clock.lag_s * 1000, 1),
            stalls=self._watchdog.stalls,
            longest_stall_ms=round(self._watchdog.longest_s * 1000, 1),
            sessions=len(entries),
            session_restarts=self._registry.restarts,
            sessions_given_up=self._registry.given_up,
            application=children,
            session_processes=tuple(_session(name, entry) for name, entry in entries[:MOST_SESSIONS]),
        )


def as_dict(report: TreeReport) -> dict[str, object]:
    """The report as JSON."""
    return asdict(report)


def as_page(report: TreeReport) -> str:
    """The report as a page for a browser, which loads itself again every two seconds."""
    facts = (
        f"loop lag {report.loop_lag_ms} ms · {report.stalls} stalls, longest {report.longest_stall_ms} ms · "
        f"{report.sessions} sessions · {report.session_restarts} restarts · {report.sessions_given_up} given up"
    )
    return (
        "<!doctype html><meta charset=utf-8><meta http-equiv=refresh content=2><title>Cavalcade processes</title>"
        "<style>body{font:15px system-ui;margin:2rem;color-scheme:light dark}td,th{padding:.2rem .8rem;text-align:left}"
        "td:nth-child(n+3):nth-child(-n+5){text-align:right}</style>"
        f"<h1>Processes</h1><p>{html.escape(node_facts(report.node))}</p><p>{html.escape(facts)}</p>"
        + _table("Application", report.application)
        + _table("Sessions", report.session_processes)
    )


def _table(title: str, rows: tuple[ProcessReport, ...]) -> str:
    cells = "".join(
        "<tr>" + "".join(f"<td>{html.escape(str(cell))}</td>" for cell in asdict(row).values()) + "</tr>"
        for row in rows
    )
    heads = "".join(f"<th>{name}</th>" for name in ("process", "status", "restarts", "mailbox", "connections", ""))
    return f"<h2>{title}</h2><table><tr>{heads}</tr>{cells}</table>"


def _session(name: str, entry: Entry) -> ProcessReport:
    if entry.task is None:
        status = "hibernating"
    else:
        status = "running" if entry.process is not None and entry.process.local is not None else "starting"
    last = "" if entry.process is None else entry.process.last_message
    return ProcessReport(
        name, status, entry.restarts, len(entry.mailbox), len(entry.audience), f"last message {last}" if last else ""
    )
