"""What cannot be measured, side by side, and links from names in the text to the source."""

import ast
import os
import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Final
from urllib.parse import quote

from cavalcade.stack.programs import BACKENDS
from evaluation.clarity import SOURCE
from evaluation.report.page import Table

ABOUT: Final = "What cannot be measured, described and not scored; the links lead into the code."

_PLACE: Final = re.compile(r"(?P<file>[a-z_/]+\.py)(?::(?P<name>[A-Za-z_.]+))?")


def differences() -> Table:
    """Both backends beside each other, aspect by aspect."""
    text = Path(__file__).with_name("differences.toml").read_text(encoding="utf-8")
    rows = [(each["about"], *(each[backend] for backend in BACKENDS)) for each in tomllib.loads(text)["difference"]]
    return Table("Side by side", ABOUT, ("", *BACKENDS), rows)


def link(code: str, folder: Path) -> str | None:
    """Where a name such as `monolith/registry.py:Registry.send` leads from a folder; None where it is no such name.

    Raises:
        LookupError: It looks like a place in the source, and there is none.
    """
    found = _PLACE.fullmatch(code)
    if found is None:
        return None
    file = SOURCE / found["file"]
    if not file.exists():
        raise LookupError(f"there is no {code}")
    line = f"#L{_line(file, found['name'])}" if found["name"] else ""
    return quote(os.path.relpath(file, folder.resolve())) + line


@cache
def _line(file: Path, name: str) -> int:
    """In which line something is defined."""
    node: ast.AST = ast.parse(file.read_text(encoding="utf-8"))
    for part in name.split("."):
        inside = (each for each in ast.iter_child_nodes(node) if getattr(each, "name", None) == part)
        found = next(inside, None)
        if found is None:
            raise LookupError(f"there is no {name} in {file.name}")
        node = found
    assert isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
    return node.lineno
