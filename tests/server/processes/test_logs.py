"""Log lines say what happened and how often, never who, where or with which secret."""

import json
import subprocess
import sys

import pytest

# In a process of its own, since logging is set up once for a whole process.
PROGRAM = """
import logging, structlog
from cavalcade.server.processes.logs import configure_logging
from cavalcade.settings import Settings

configure_logging(Settings("postgresql://x", "redis://x", ("s" * 32,), log_format={log_format!r}, log_level={level!r}))
log = structlog.get_logger()
log.debug("quiet")
log.info("told", status=200, token="hush", code="hush", lat="hush", lon="hush", name="hush", link="hush")
logging.getLogger("library").warning("from a library")
logging.getLogger("library").info("hush")
secret = "hush"
try:
    raise ValueError("broken")
except ValueError as error:
    log.error("failed", exc_info=error)
"""


def run(log_format: str, level: str) -> list[str]:
    program = PROGRAM.format(log_format=log_format, level=level)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == ""
    assert "hush" not in done.stderr.replace('secret = "hush"', "")
    return done.stderr.splitlines()


def test_json_is_one_object_a_line() -> None:
    told, library, failed = [json.loads(line) for line in run("json", "info")]
    assert (told["event"], told["level"], told["status"]) == ("told", "info", 200)
    assert told["timestamp"].endswith("Z")
    assert library["event"] == "from a library"
    assert failed["exception"][0]["exc_value"] == "broken"


def test_the_console_shows_the_same_to_people() -> None:
    lines = run("console", "info")
    assert any("told" in line and "status=200" in line for line in lines)
    assert any("from a library" in line for line in lines)
    assert "ValueError: broken" in lines


@pytest.mark.parametrize(("level", "events"), [("debug", 4), ("info", 3), ("warning", 2), ("error", 1)])
def test_says_as_much_as_is_asked_for(level: str, events: int) -> None:
    assert len(run("json", level)) == events
