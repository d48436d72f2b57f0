"""The yardsticks, each made ready and put under the load that the backends get."""

import importlib.util
import shutil
from pathlib import Path

import pytest

from evaluation.measuring import Cores, measure
from evaluation.plan import Step
from testbed.yardsticks import servers
from testbed.yardsticks.servers import YARDSTICKS, MissingTool, Yardstick


@pytest.mark.parametrize("yardstick", YARDSTICKS, ids=[yardstick.name for yardstick in YARDSTICKS])
async def test_everybody_gets_every_position(yardstick: Yardstick, tmp_path: Path) -> None:
    server = yardstick.made(tmp_path, yardstick.window_ms)
    step = Step("load", yardstick.name, 1, members=4, sessions=2, seconds=1.0)
    sample = await measure(step, Cores.of_this_machine(), {yardstick.name: server})
    assert sample.raw["connections"] == 8
    assert sample.values["cpu_per_position_us"] > 0
    assert sample.values["delivered_share"] == pytest.approx(1, abs=0.5)


def test_what_is_missing_is_said_plainly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    for made, said in (
        (servers.floor, "no C compiler"),
        (servers.node_ws, "no Node"),
        (servers.starlette, "Starlette"),
    ):
        with pytest.raises(MissingTool, match=said):
            made(tmp_path, 0)
