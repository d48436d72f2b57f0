"""What the end of a run shows beside failures: a table of the faults. Tests may have run in several processes."""

import pytest

RECOVERY = "recovery"
"""The property of a test in which it keeps what its fault was like."""


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Shows the table."""
    rows = [
        (report.nodeid.partition("[")[2].partition("]")[0], found)
        for reports in terminalreporter.stats.values()
        for report in reports
        if isinstance(report, pytest.TestReport) and report.when == "call"
        for name, found in report.user_properties
        if name == RECOVERY and isinstance(found, dict)
    ]
    if rows:
        terminalreporter.section("faults")
        terminalreporter.write_line(f"{'':50} dropped   joined    fresh  repeated")
    for name, found in sorted(rows, key=lambda row: row[0]):
        dropped = f"{found['dropped']}/{found['members']}"
        terminalreporter.write_line(
            f"{name:50} {dropped:>7} {found['joined_ms']:5} ms {found['fresh_ms']:5} ms {found['repeated']:9}"
        )
