"""Criteria, weights and what follows from them."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation.comparison import Comparison, compare
from evaluation.weights import CRITERIA, MOST, WeightsError, default_weights, read_weights, recommend
from tests.evaluation.samples import whole

RATIOS = st.floats(0.01, 100)


def comparison(measure: str, work: str, ratio: float) -> Comparison:
    return Comparison(measure, "", f"{work} {measure}", {"services": [1.0], "monolith": [ratio]})


def test_the_weights_make_a_hundred() -> None:
    assert sum(criterion.weight for criterion in CRITERIA) == 100


def test_the_cheaper_one_is_recommended() -> None:
    _, samples = whole(monolith=2.0)
    recommended = recommend(compare(samples), default_weights())
    assert recommended.backend == "services"
    assert "services is better" in recommended.sentence


def test_two_that_are_alike_are_called_so() -> None:
    _, samples = whole(monolith=1.02)
    assert recommend(compare(samples), default_weights()).backend is None


def test_nothing_follows_from_nothing() -> None:
    recommended = recommend([], default_weights())
    assert recommended.backend is None
    assert recommended.unmeasured == 1.0


@given(RATIOS, RATIOS)
def test_swapping_the_backends_turns_the_recommendation_round(cpu: float, storm: float) -> None:
    def weigh(first: float, second: float) -> float:
        compared = [
            comparison("cpu_per_position_us", "load 2x2", first),
            comparison("back_all_ms", "storm 2x2", second),
        ]
        return recommend(compared, default_weights()).ratio

    assert weigh(cpu, storm) * weigh(1 / cpu, 1 / storm) == pytest.approx(1.0)


@given(st.floats(1e-9, 1e9))
def test_no_criterion_counts_without_bound(ratio: float) -> None:
    found = recommend([comparison("cpu_per_position_us", "load 2x2", ratio)], default_weights()).ratio
    assert 1 / MOST <= found <= MOST + 1e-9


def test_a_criterion_of_no_weight_changes_nothing() -> None:
    compared = [comparison("cpu_per_position_us", "load 2x2", 3.0), comparison("back_all_ms", "storm 2x2", 0.5)]
    weights = {**default_weights(), "storm": 0.0}
    assert recommend(compared, weights).ratio == pytest.approx(3.0)


def test_weights_from_a_file_replace_those_it_names(tmp_path: Path) -> None:
    (tmp_path / "weights.toml").write_text("cpu = 20\n")
    assert read_weights(tmp_path / "weights.toml") == {**default_weights(), "cpu": 20.0}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("speed = 1", "there is no criterion 'speed'; there are cpu, "),
        ("cpu = -1", "cpu must be a number from 0 to 100"),
        ("cpu = true", "cpu must be a number"),
        ('cpu = "much"', "cpu must be a number"),
        ("cpu =", "cannot be read as TOML"),
    ],
)
def test_bad_weights_are_named(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "weights.toml").write_text(text)
    with pytest.raises(WeightsError, match=said):
        read_weights(tmp_path / "weights.toml")
