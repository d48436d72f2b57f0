"""The report as one HTML file that opens without a network, in which the reader can change the weights."""

import json
from html import escape
from pathlib import Path
from typing import Final

from cavalcade.stack.programs import BACKENDS
from evaluation.comparison import NOISE
from evaluation.report.differences import link
from evaluation.report.page import Content, Table

_HERE: Final = Path(__file__).parent


def write_html(content: Content, folder: Path) -> Path:
    """Writes `report.html` and returns where it is."""
    file = folder / "report.html"
    file.write_text(as_html(content, folder), encoding="utf-8")
    return file


def as_html(content: Content, folder: Path) -> str:
    """The report as text, for a file in a folder."""
    first, *others = content.tables
    machine = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in content.machine.items())
    plots = "".join(
        f'<section class="plot"><h2>{escape(plot.title)}</h2><p>{_text(plot.about, folder)}</p>'
        f'<div role="img" aria-label="{escape(plot.title)}">{plot.svg}</div></section>'
        for plot in content.plots
    )
    left_out = "".join(f"<li>{escape(line)}</li>" for line in content.left_out)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(content.title)}</title><style>{_read('report.css')}</style></head><body><main>"
        f"<h1>{escape(content.title)}</h1>"
        f'<p id="recommendation" aria-live="polite">{escape(content.recommendation.sentence)}</p>'
        f"<dl>{machine}</dl>"
        f"<section><h2>{escape(first.title)}</h2><p>Change a weight, and what follows changes with it.</p>"
        f"{_weights(content)}</section>{plots}"
        f"<h2>Everything measured</h2>{''.join(_table(table, folder) for table in others)}"
        + (f"<section><h2>Left out</h2><ul>{left_out}</ul></section>" if left_out else "")
        + f"</main><script>{_script(content)}</script></body></html>\n"
    )


def _weights(content: Content) -> str:
    rows = []
    for score, cells in zip(content.recommendation.scores, content.tables[0].rows, strict=True):
        name, (aspect, about, _, better) = score.criterion.name, cells
        rows.append(
            f"<tr><td>{escape(aspect)}</td><td><label for={name}>{escape(about)}</label></td>"
            f'<td><input id="{name}" type="range" min="0" max="40" step="1" value="{score.weight:g}">'
            f'<output for="{name}">{score.weight:g}</output></td><td>{escape(better)}</td></tr>'
        )
    head = "<tr><th></th><th>criterion</th><th>weight</th><th>better</th></tr>"
    return f"<table><thead>{head}</thead><tbody>{''.join(rows)}</tbody></table>"


def _script(content: Content) -> str:
    """The script, and what it weighs; `</` must not end it."""
    given = {
        "ratios": {score.criterion.name: score.ratio for score in content.recommendation.scores},
        "backends": BACKENDS,
        "noise": NOISE,
    }
    text = json.dumps(given).replace("</", "<\\/")
    return f"const given = {text};\n{_read('report.js')}"


def _table(table: Table, folder: Path) -> str:
    head = "".join(f"<th>{escape(cell)}</th>" for cell in table.head)
    rows = "".join("<tr>" + "".join(f"<td>{_text(cell, folder)}</td>" for cell in row) + "</tr>" for row in table.rows)
    return (
        f"<section><h3>{escape(table.title)}</h3><p>{_text(table.about, folder)}</p>"
        f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></section>"
    )


def _text(text: str, folder: Path) -> str:
    """Plain text, in which `code` is code, and what names a place in the source leads there."""
    parts = text.split("`")
    return "".join(_code(part, folder) if place % 2 else escape(part) for place, part in enumerate(parts))


def _code(code: str, folder: Path) -> str:
    target = link(code, folder)
    text = f"<code>{escape(code)}</code>"
    return text if target is None else f'<a href="{escape(target)}">{text}</a>'


def _read(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")
