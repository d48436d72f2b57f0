"""A process says when it comes near its limit of open files, and measures how near it is."""

import os

from prometheus_client import CollectorRegistry, generate_latest
from structlog.testing import capture_logs

from cavalcade import open_file_limit
from cavalcade.server.processes.open_file_metrics import OpenFileMetrics


def test_near_is_said_once_until_it_was_far_again() -> None:
    registry = CollectorRegistry()
    watched = OpenFileMetrics(registry)
    with capture_logs() as logs:
        for count in (10, 79, 80, 95, 75, 82, 69, 81):
            watched.observe(count, 100)
    assert [(line["event"], line["log_level"], line["open"]) for line in logs] == [
        ("open_files_near_limit", "warning", 80),
        ("open_files_near_limit", "warning", 81),
    ]
    measured = generate_latest(registry).decode()
    assert "cavalcade_open_files 81.0" in measured
    assert "cavalcade_open_files_limit 100.0" in measured


def test_what_is_open_is_counted() -> None:
    before = open_file_limit.count()
    added = [os.dup(0) for _ in range(5)]
    assert open_file_limit.count() == before + 5
    for descriptor in added:
        os.close(descriptor)
