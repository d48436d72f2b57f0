"""What processes take, on real ones."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from testbed.installations.process_usage import cpu_s, descendants, group_bytes, group_cpu_s, memory_bytes, spent_s

pytestmark = pytest.mark.skipif(not Path("/proc/self/schedstat").exists(), reason="CPU is read from Linux's /proc")

CHILD = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'print(1, flush=True); input()', 'grandchild'])"


def test_work_shows_as_cpu_and_memory() -> None:
    me = os.getpid()
    before, memory = cpu_s(me), memory_bytes(me)
    kept = bytearray(os.urandom(1024)) * 30_000
    assert cpu_s(me) > before
    assert memory_bytes(me) - memory > 20_000_000
    assert len(kept) == 30_720_000


def test_a_group_counts_those_that_are_there_both_times() -> None:
    assert spent_s({1: 1.0, 2: 5.0}, {1: 1.5, 3: 9.0}) == 0.5


def test_whoever_is_gone_is_left_out() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        gone.wait()
    assert group_cpu_s([gone.pid]) == {}
    assert group_bytes([gone.pid]) == 0


def test_children_of_children_are_found_with_their_commands() -> None:
    with subprocess.Popen([sys.executable, "-c", CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdout.readline()  # the grandchild runs
        found = descendants(os.getpid())
        child.stdin.close()
    assert child.pid in found
    assert any(command[-1] == "grandchild" for command in found.values())
