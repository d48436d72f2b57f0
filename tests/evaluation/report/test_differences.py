"""What is described side by side, and where its links lead."""

import re
from pathlib import Path

import pytest

from evaluation.report.content import content_of
from evaluation.report.differences import differences, link
from evaluation.report.html import write_html
from evaluation.report.markdown import write_markdown
from evaluation.weights import default_weights
from tests.evaluation.samples import whole


def test_every_place_that_is_named_is_in_the_source() -> None:
    table = differences()
    named = [code for row in table.rows for cell in row for code in re.findall(r"`([^`]+)`", cell)]
    led = [target for code in named if (target := link(code, Path())) is not None]
    assert len(led) > 10
    for row in table.rows:
        assert all(row)


def test_links_lead_to_the_line_from_wherever_the_report_is(tmp_path: Path) -> None:
    content = content_of(*whole(monolith=1.0), default_weights())
    for file in (write_html(content, tmp_path), write_markdown(content, tmp_path)):
        [target] = set(re.findall(r"[\"(]([^\"() ]+/monolith/placement\.py#L\d+)[\")]", file.read_text()))
        path, _, line = target.partition("#L")
        assert (tmp_path / path).resolve().read_text().splitlines()[int(line) - 1].startswith("def place(")


@pytest.mark.parametrize(
    "code", ["nowhere/module.py", "monolith/registry.py:Nobody", "monolith/registry.py:Registry.no"]
)
def test_a_place_that_is_gone_is_found_out(code: str) -> None:
    with pytest.raises(LookupError):
        link(code, Path())


def test_other_code_leads_nowhere() -> None:
    assert link("cavalcade inspect", Path()) is None
    assert link("CAVALCADE_DRAIN_S", Path()) is None
