"""The report as Markdown, with its pictures as files beside it."""

import re
from pathlib import Path

from evaluation.report.differences import link
from evaluation.report.page import Content, Table


def write_markdown(content: Content, folder: Path) -> Path:
    """Writes `report.md` and the pictures, and returns where it is."""
    for plot in content.plots:
        (folder / f"{plot.name}.svg").write_text(plot.svg + "\n", encoding="utf-8")
    file = folder / "report.md"
    file.write_text(as_markdown(content, folder), encoding="utf-8")
    return file


def as_markdown(content: Content, folder: Path) -> str:
    """The report as text, for a file in a folder; pictures are `NAME.svg` beside it."""
    parts = [f"# {content.title}", f"**{content.recommendation.sentence}**"]
    parts.append("\n".join(f"- {name}: {value}" for name, value in content.machine.items()))
    first, *others = content.tables
    parts.append(_table(first))
    for plot in content.plots:
        parts += [f"## {plot.title}", plot.about, f"![{plot.title}]({plot.name}.svg)"]
    parts += [_table(table) for table in others]
    if content.left_out:
        parts += ["## Left out", "\n".join(f"- {line}" for line in content.left_out)]
    text = "\n\n".join(parts) + "\n"
    return re.sub(r"`([^`\n]+)`", lambda found: _code(found[1], folder), text)


def _code(code: str, folder: Path) -> str:
    target = link(code, folder)
    return f"`{code}`" if target is None else f"[`{code}`]({target})"


def _table(table: Table) -> str:
    lines = ["| " + " | ".join(table.head) + " |", "|" + "---|" * len(table.head)]
    lines += ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in table.rows]
    return "\n\n".join((f"## {table.title}", table.about, "\n".join(lines)))
