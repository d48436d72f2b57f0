"""What the page for operators asks of the metrics is there, on either backend, and none of it tells sessions apart."""

import re
from pathlib import Path

from tests.hostile.installation import Installation

PAGE = Path(__file__).parents[2] / "docs" / "operations.md"


async def test_every_metric_on_the_page_is_exposed(installation: Installation) -> None:
    exposed = "\n".join((await installation.metrics()).values())
    families = set(re.findall(r"^# TYPE (\w+) ", exposed, re.MULTILINE))
    questions, _, _ = PAGE.read_text().partition("\n## Log events\n")
    asked = set(re.findall(r"\b(?:cavalcade|process)_[a-z_]+", questions))
    assert asked
    assert {name for name in asked if name.removesuffix("_bucket") not in families} == set()


async def test_no_metric_is_labelled_by_session(installation: Installation) -> None:
    host = await installation.create()
    assert not [text for text in (await installation.metrics()).values() if host.session_id in text]
