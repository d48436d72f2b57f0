"""Every event that the servers log stands in docs/operations.md, with its level, and no other does."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from cavalcade.server.processes.logs import SECRET_KEYS

ROOT = Path(__file__).parent.parent
FOLDERS = ("server", "services", "monolith", "storage")
LEVELS = {"debug": "debug", "info": "info", "warning": "warning", "error": "error", "exception": "error"}
ROWS = re.findall(r"^\| `(\w+)` \| (\w+) \|", (ROOT / "docs" / "operations.md").read_text(), re.MULTILINE)


def logged() -> Iterator[ast.Call]:
    """Every call of a method of a module's ``_log``."""
    for folder in FOLDERS:
        for path in sorted((ROOT / "src" / "cavalcade" / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                match node:
                    case ast.Call(func=ast.Attribute(value=ast.Name(id="_log"))):
                        yield node


def event(call: ast.Call) -> tuple[str, str]:
    """The event's name and level; people who read the log could not look up a name that is put together."""
    match call:
        case ast.Call(func=ast.Attribute(attr=method), args=[ast.Constant(value=str(name))]):
            return name, LEVELS[method]
    raise AssertionError(f"not one plain name: {ast.unparse(call)}")


def test_the_table_has_every_event_once_and_no_other() -> None:
    assert sorted(ROWS) == sorted({event(call) for call in logged()})


def test_no_event_has_a_field_that_is_dropped() -> None:
    fields = {(event(call)[0], keyword.arg) for call in logged() for keyword in call.keywords}
    assert len(fields) >= 15
    assert {(name, field) for name, field in fields if field in SECRET_KEYS or field is None} == set()
