"""Samples kept on disk."""

from pathlib import Path

import pytest

from evaluation.plan import Step, plan
from evaluation.results import Results, ResultsError, Sample
from tests.evaluation.samples import sample

STEP, OTHER = plan("quick").steps[:2]


def test_what_was_measured_is_there_again(tmp_path: Path) -> None:
    kept = sample(STEP)
    Results(tmp_path).add(kept)
    again = Results(tmp_path)
    assert again.has(STEP)
    assert not again.has(OTHER)
    assert again.samples([STEP, OTHER]) == [kept]


def test_a_step_done_again_replaces_its_sample(tmp_path: Path) -> None:
    results = Results(tmp_path)
    results.add(sample(STEP))
    results.add(Sample(STEP, flaw="too busy"))
    assert [each.flaw for each in results.samples([STEP])] == ["too busy"]


@pytest.mark.parametrize("text", ["", "{}", '{"format": 0, "step": {}}', "[]", "\x00"])
def test_a_file_that_is_no_sample_is_named(tmp_path: Path, text: str) -> None:
    results = Results(tmp_path)
    (results.folder / f"{STEP.name}.json").write_text(text)
    with pytest.raises(ResultsError, match=STEP.name):
        results.samples([STEP])


def test_a_sample_of_another_shape_does_not_pass_for_this_one(tmp_path: Path) -> None:
    results = Results(tmp_path)
    results.add(sample(STEP))
    changed = Step(STEP.kind, STEP.backend, STEP.round, STEP.members, STEP.sessions, seconds=STEP.seconds + 1)
    with pytest.raises(ResultsError):
        results.samples([changed])


def test_a_folder_that_cannot_be_made_is_said_plainly(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ResultsError, match="cannot be used"):
        Results(tmp_path / "file")


def test_all_can_be_forgotten(tmp_path: Path) -> None:
    results = Results(tmp_path)
    results.add(sample(STEP))
    results.clear()
    assert not results.has(STEP)
