"""What the page for operators asks of the metrics is there, on either backend, and none of it tells sessions apart."""

import re
from pathlib import Path

from tests.hostile.installation import Installation

ROW = re.compile(r"^\| `(cavalcade_\w+)`", re.MULTILINE)
PAGE = Path(__file__).parents[2] / "docs" / "operations.md"


async def test_every_metric_on_the_page_is_exposed(installation: Installation) -> None:
    exposed = "\n".join((await installation.metrics()).values())
    families = set(re.findall(r"^# TYPE (\w+) ", exposed, re.MULTILINE))
    questions, _, _ = PAGE.read_text().partition("\n## All metrics\n")
    asked = set(re.findall(r"\b(?:cavalcade|process)_[a-z_]+", questions))
    assert asked
    assert {name for name in asked if name.removesuffix("_bucket") not in families} == set()


async def test_every_exposed_metric_is_in_the_table_and_no_other(installation: Installation) -> None:
    exposed = "\n".join((await installation.metrics()).values())
    families = set(re.findall(r"^# TYPE (cavalcade_\w+) ", exposed, re.MULTILINE))
    _, _, table = PAGE.read_text().partition("\n## All metrics\n")
    everybodys, _, of_a_node = table.partition("\n## ")[0].partition("**A node's**")
    is_node = "cavalcade_node_owned" in families
    expected = set(ROW.findall(everybodys)) | (set(ROW.findall(of_a_node)) if is_node else set())
    assert {name for name in families if not name.endswith("_created")} == expected


async def test_no_metric_is_labelled_by_session(installation: Installation) -> None:
    host = await installation.create()
    assert not [text for text in (await installation.metrics()).values() if host.session_id in text]
