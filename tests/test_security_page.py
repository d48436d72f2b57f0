"""What SECURITY.md says stands against a threat is shown by tests that there are."""

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
ROWS = [line for line in (ROOT / "SECURITY.md").read_text().splitlines() if line.startswith("| ") and "tests/" in line]


def test_every_threat_names_tests_that_there_are() -> None:
    assert len(ROWS) >= 15
    named = {path for row in ROWS for path in re.findall(r"`(tests/[\w./]+)`", row.split("|")[3])}
    assert [path for path in sorted(named) if not (ROOT / path).exists()] == []
    assert [row for row in ROWS if "`tests/" not in row.split("|")[3]] == []


def test_every_test_of_hostile_input_is_named() -> None:
    page = (ROOT / "SECURITY.md").read_text()
    tests = (ROOT / "tests" / "hostile").glob("test_*.py")
    assert [path.name for path in tests if f"`tests/hostile/{path.name}`" not in page] == []
