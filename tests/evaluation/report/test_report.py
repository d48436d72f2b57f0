"""The report, from samples that are made up, and in a browser."""

import json
import os
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from playwright.async_api import async_playwright

from cavalcade.stack.programs import BACKENDS
from evaluation.plan import plan
from evaluation.report.content import content_of
from evaluation.report.html import as_html, write_html
from evaluation.report.markdown import as_markdown, write_markdown
from evaluation.report.words import quantity
from evaluation.weights import default_weights
from tests.evaluation.samples import sample, whole


def test_pictures_are_svg_without_anything_from_elsewhere() -> None:
    content = content_of(*whole(monolith=1.5, name="full"), default_weights())
    assert {plot.name for plot in content.plots} == {"ratios", "cpu", "latency", "saturation", "faults", "storm"}
    for plot in content.plots:
        ET.fromstring(plot.svg)
        assert not re.findall(r'(?:href|src)="http', plot.svg)


def test_the_same_samples_make_the_same_pictures() -> None:
    first, second = (content_of(*whole(monolith=1.5), default_weights()) for _ in range(2))
    assert [plot.svg for plot in first.plots] == [plot.svg for plot in second.plots]


def test_markdown_names_its_pictures_and_what_follows(tmp_path: Path) -> None:
    file = write_markdown(content_of(*whole(monolith=1.5), default_weights()), tmp_path)
    text = file.read_text()
    assert "services is better" in text
    for name in re.findall(r"\]\((\w+\.svg)\)", text):
        assert (tmp_path / name).exists()


def test_what_does_not_count_is_told() -> None:
    chosen = plan("quick")
    samples = [sample(chosen.steps[0], flaw="the load generator was saturated")]
    text = as_markdown(content_of(chosen, samples, default_weights()), Path())
    assert "the load generator was saturated" in text
    assert f"1 of {len(chosen.steps)} steps" in text


def test_a_soak_shows_memory_over_time_and_recommends_nothing() -> None:
    content = content_of(*whole(monolith=1.5, name="soak"), default_weights())
    assert [plot.name for plot in content.plots] == ["ratios", "soak"]
    assert "nothing is recommended" in content.recommendation.sentence


def test_each_fault_has_a_row_in_which_both_backends_stand_beside_each_other() -> None:
    chosen, samples = whole(monolith=2.0, name="full")
    tables = {table.title: table for table in content_of(chosen, samples, default_weights()).tables}
    rows = {row[0]: row[1:] for row in tables["Faults"].rows}
    assert rows["sockets killed"] == ("9 of 27; 500 ms; 700 ms", "18 of 54; 1,000 ms; 1,400 ms")
    assert rows["api killed"] == ("9 of 27; 500 ms; 700 ms", "has none")
    assert "sockets frozen, 2 nodes" in rows
    assert {row[1:] for row in tables["Promises"].rows} == {("all kept", "all kept"), ("all kept", "has none")}
    assert tables["Who else noticed"].rows[0] == ("sockets killed", "0 of 9; 900 ms", "0 of 18; 1,800 ms")


def test_yardsticks_and_peers_stand_beside_the_backends_and_weigh_nothing() -> None:
    chosen = plan("quick", ["relay"])
    times = {"relay": 3.0, "floor": 0.5}
    samples = [sample(step, times.get(step.backend, 1.0)) for step in chosen.steps]
    content = content_of(chosen, samples, default_weights())
    [table] = [table for table in content.tables if table.title == "Yardsticks"]
    assert table.head == ("", "services", "monolith", "floor", "node-ws", "starlette", "relay")
    assert table.rows[0][1:4] == ("5.00 µs, 2.0 times", "5.00 µs, 2.0 times", "2.50 µs")
    assert table.rows[0][-1] == "15.0 µs, 6.0 times"
    assert content.recommendation.ratio == 1.0


def test_a_yardstick_that_is_not_to_be_had_is_told() -> None:
    chosen = plan("quick")
    samples = [sample(step) for step in chosen.steps if step.backend in BACKENDS]
    text = as_markdown(content_of(chosen, samples, default_weights(), {"floor": "there is no C compiler"}), Path())
    assert "floor was not measured: there is no C compiler" in text
    assert "## Yardsticks" not in text


def test_nothing_measured_makes_a_report_all_the_same() -> None:
    content = content_of(plan("quick"), [], default_weights())
    assert "nothing is recommended" in as_html(content, Path())


@pytest.mark.long
async def test_the_page_loads_nothing_and_weighs_again(tmp_path: Path) -> None:
    page_file = write_html(content_of(*whole(monolith=1.5), default_weights()), tmp_path)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=os.environ["CAVALCADE_CHROMIUM"], args=["--no-sandbox"] if os.geteuid() == 0 else []
        )
        page = await browser.new_page()
        asked: list[str] = []
        problems: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: problems.append(str(error)))
        await page.goto(page_file.as_uri())
        said = page.locator("#recommendation")
        before = await said.text_content()
        await page.locator("input[type=range]").evaluate_all(
            "all => { for (const one of all) { one.value = 0; one.dispatchEvent(new Event('input')); } }"
        )
        after = await said.text_content()
        await browser.close()
    assert "services is better" in (before or "")
    assert "nothing is recommended" in (after or "")
    assert asked == [page_file.as_uri()]
    assert problems == []


@pytest.mark.parametrize(
    ("value", "measure", "said"),
    [(5.234, "cpu_per_position_us", "5.23 µs"), (12345.6, "held_positions_per_s", "12,346/s"), (0, "lines", "0")],
)
def test_values_are_written_with_three_digits(value: float, measure: str, said: str) -> None:
    assert quantity(value, measure) == said


def test_weights_on_the_page_are_those_of_the_report() -> None:
    text = as_html(content_of(*whole(monolith=1.5), default_weights()), Path())
    given = json.loads(re.findall(r"const given = (\{.*?\});\n", text)[0])
    assert set(given["ratios"]) == set(default_weights())
