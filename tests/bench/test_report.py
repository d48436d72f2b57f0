from dataclasses import replace

import pytest

from bench.report import CRASHES, Run, healing_verdicts, summarise, verdicts
from bench.scenes import Scene
from testbed.load.generator import Reading

SCENE = Scene("cost", 10, 20, 500, ("floor", "gateway"))

READING = Reading(
    connections=20,
    wall_s=5.0,
    sent=100,
    frames=200,
    positions=1000,
    server_cpu_s=0.01,
    generator_cpu_s=0.004,
    helpers_cpu_s={"Valkey": 0.002},
    latencies_ms=[float(ms) for ms in range(100)],
)


def run(number: int, contender: str, cpu_s: float) -> Run:
    return Run(number, contender, SCENE, replace(READING, server_cpu_s=cpu_s))


def test_ratios_are_taken_within_a_round() -> None:
    runs = [run(1, "floor", 0.01), run(1, "gateway", 0.02), run(2, "floor", 0.02), run(2, "gateway", 0.06)]
    _, gateway = summarise(runs)
    assert (gateway.ratio, gateway.ratio_low, gateway.ratio_high) == pytest.approx((2.5, 2.0, 3.0))
    assert gateway.least_ratio == pytest.approx(2.0)
    assert gateway.position_us == pytest.approx(40)
    assert gateway.frame_us == pytest.approx(200)
    assert gateway.helpers_position_us == pytest.approx({"Valkey": 2.0, "their clients": 4.0})
    assert (gateway.latency_p50_ms, gateway.latency_p99_ms) == (49, 98)  # of 0 to 99, the fiftieth and the ninety-ninth


@pytest.mark.parametrize(
    ("reading", "said"),
    [
        (replace(READING, positions=0), "nothing"),
        (replace(READING, late=5), "saturated"),
        (replace(READING, positions=800), "80% of the positions"),
    ],
)
def test_flawed_runs_are_discarded_and_it_is_said_why(reading: Reading, said: str) -> None:
    flawed = Run(1, "gateway", SCENE, reading)
    assert said in (flawed.flaw or "")
    assert summarise([flawed]) == []


def test_verdicts_hold_the_gateway_to_its_bars() -> None:
    kept = summarise([run(1, "floor", 0.01), run(1, "gateway", 0.024)])
    missed = summarise([run(1, "floor", 0.01), run(1, "gateway", 0.026)])
    assert [good for good, _ in verdicts(kept)] == [True]
    assert [good for good, _ in verdicts(missed)] == [False]


def test_other_loads_are_held_to_their_own_bars() -> None:
    late = replace(READING, latencies_ms=[151.0])
    half = Run(1, "gateway", replace(SCENE, kind="half", window_ms=100), late)
    two = Run(1, "gateways-2", replace(SCENE, kind="gateways", window_ms=100), late)
    crowd = Run(1, "node", replace(SCENE, kind="crowd"), replace(READING, connection_bytes=15_000))
    assert [good for good, _ in verdicts(summarise([half, two, crowd]))] == [False, True, True]


@pytest.mark.parametrize(
    ("differs", "kept"),
    [
        ({}, [True, True]),
        ({"healed": CRASHES - 1.0}, [False, True]),
        ({"crashes": CRASHES - 1.0, "healed": CRASHES - 1.0}, [False, True]),
        ({"healed_max_ms": 251.0}, [False, True]),
        ({"others_p99_ms_crashing": 14.0}, [True, False]),
    ],
)
def test_each_crash_must_be_healed_in_time_and_leave_the_others_alone(
    differs: dict[str, float], kept: list[bool]
) -> None:
    healing = {
        "crashes": float(CRASHES),
        "healed": float(CRASHES),
        "healed_max_ms": 250.0,
        "others_p99_ms_quiet": 3.0,
        "others_p99_ms_crashing": 13.0,
    }
    assert [good for good, _ in healing_verdicts(healing | differs)] == kept
