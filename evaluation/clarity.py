"""How clear the code of each backend is, as far as that can be counted: size, branches, and the depth of imports.

Read from the installed sources alone. What both backends share is counted apart: it tells how much they have in common.
"""

import ast
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Final

import grimp
import lizard

import cavalcade

SHARED: Final = ("domain", "wire", "storage", "server")
"""The folders that both backends are built on."""

SOURCE: Final = Path(cavalcade.__file__).parent


@dataclass(frozen=True, slots=True)
class Code:
    """A part of the project's code.

    Attributes:
        files: How many modules.
        lines: Of code, without blank lines, comments and docstrings.
        functions: How many.
        mean_complexity: Cyclomatic complexity of its functions on average (McCabe: 1 and one for each branch).
        worst_complexity: Of its most branched function.
        worst_function: That function, as `module.py:name`.
        import_depth: The longest way down from its modules to one that imports nothing of the project.
    """

    files: int
    lines: int
    functions: int
    mean_complexity: float
    worst_complexity: int
    worst_function: str
    import_depth: int


def code_of(*folders: str) -> Code:
    """Counts some folders below `cavalcade`."""
    files = sorted(file for folder in folders for file in (SOURCE / folder).rglob("*.py"))
    analysed = [lizard.analyze_file(str(file)) for file in files]
    functions = [(file, function) for file in analysed for function in file.function_list]
    worst_file, worst = max(functions, key=lambda pair: pair[1].cyclomatic_complexity)
    return Code(
        files=len(files),
        lines=sum(lines_of_code(file) for file in files),
        functions=len(functions),
        mean_complexity=fmean(function.cyclomatic_complexity for _, function in functions),
        worst_complexity=worst.cyclomatic_complexity,
        worst_function=f"{Path(worst_file.filename).relative_to(SOURCE)}:{worst.name}",
        import_depth=_import_depth(folders),
    )


def code_values(backend: str) -> dict[str, float]:
    """The measures of a backend's own code."""
    code = code_of(backend)
    return {
        "files": float(code.files),
        "lines": float(code.lines),
        "functions": float(code.functions),
        "mean_complexity": code.mean_complexity,
        "worst_complexity": float(code.worst_complexity),
        "import_depth": float(code.import_depth),
    }


def shared_lines() -> int:
    """Lines of code that both backends are built on."""
    return code_of(*SHARED).lines


def lines_of_code(file: Path) -> int:
    """Lines that hold code: the syntax tree knows where docstrings are."""
    text = file.read_text(encoding="utf-8")
    documented: set[int] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            documented.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return sum(
        1
        for number, line in enumerate(text.splitlines(), 1)
        if line.strip() and not line.strip().startswith("#") and number not in documented
    )


def _import_depth(folders: tuple[str, ...]) -> int:
    """The longest chain of imports within the project, from any module of the folders."""
    graph = grimp.build_graph("cavalcade", cache_dir=None)
    known: dict[str, int] = {}

    def depth(module: str, above: frozenset[str]) -> int:
        if module not in known:
            below = graph.find_modules_directly_imported_by(module) - above
            known[module] = 1 + max((depth(each, above | {module}) for each in below), default=0)
        return known[module]

    starts = [name for name in graph.modules if any(name.startswith(f"cavalcade.{folder}") for folder in folders)]
    return max(depth(name, frozenset({name})) for name in starts)
