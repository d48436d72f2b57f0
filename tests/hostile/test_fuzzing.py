"""Changed traffic against a running installation: a little of it each time, more of it in `make test-long`."""

import json
import random
from pathlib import Path

import pytest

from cavalcade.domain.session import OPERATIONS, REPORTS
from tests.fuzz import corpus, mutate
from tests.fuzz.fuzzing import fuzz
from tests.hostile.installation import Installation

SHORT_S = 4.0
LONG_S = 300.0


def test_the_corpus_holds_every_call_and_operation() -> None:
    recorded = b"".join(data for entry in corpus.read() for _, data in entry.parts)
    calls = (
        b"POST /api/sessions ",
        b"/preview ",
        b"/join ",
        b"/nearby?",
        b"/messages?",
        b"PATCH ",
        b"DELETE ",
        b"/participants/me ",
    )
    assert [piece for piece in calls if piece not in recorded] == []
    _join, *asked = (json.loads(data)[3] for _, data in corpus.examples().parts)
    assert set(asked) == OPERATIONS.keys() | REPORTS.keys()


def test_a_seed_gives_the_same_traffic_again() -> None:
    entries = [entry for entry in corpus.read() if entry.kind == "socket"]
    made = [mutate.socket(b"hello", entries[0], entries, random.Random(7)) for _ in range(2)]
    assert made[0] == made[1]


async def test_a_few_seconds_find_nothing(installation: Installation, tmp_path: Path) -> None:
    report = await fuzz(installation, SHORT_S, 1, tmp_path, least=200)
    assert {101, 201, 400} <= set(report.statuses)  # some of it gets through, some is refused


@pytest.mark.long
async def test_some_minutes_find_nothing(installation: Installation, tmp_path: Path) -> None:
    await fuzz(installation, LONG_S, random.SystemRandom().randrange(2**32), tmp_path)
