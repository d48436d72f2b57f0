"""Which process gets which tests, where they run in several."""

from collections import OrderedDict
from typing import Any

from tests.conftest import Lanes

BROWSER = ["tests/browser/test_a.py", "tests/browser/test_b.py"]
OTHERS = ["tests/app/test_c.py", "tests/domain/test_d.py"]


class Process:
    """One that runs what it is told to, at once."""

    def send_runtest_some(self, _indexes: list[int]) -> None:
        pass


def lanes(*scopes: str) -> Any:
    """Some tests that wait, one in each scope, and nobody to run them yet."""
    made: Any = Lanes.__new__(Lanes)
    made.workqueue = OrderedDict((scope, {scope: False}) for scope in scopes)
    made.assigned_work, made.registered_collections = {}, {}
    return made


def gives(waiting: Any, process: Process) -> str:
    """What a process gets next."""
    waiting.registered_collections[process] = [*BROWSER, *OTHERS]
    before = set(waiting.workqueue)
    waiting._assign_work_unit(process)
    (given,) = before - set(waiting.workqueue)
    return str(given)


def test_one_process_has_the_browser_and_another_helps_once_nothing_else_is_left() -> None:
    waiting = lanes(OTHERS[0], *BROWSER, OTHERS[1])
    one, other = Process(), Process()
    assert gives(waiting, one) == BROWSER[0]
    assert [gives(waiting, other) for _ in OTHERS] == OTHERS
    assert gives(waiting, other) == BROWSER[1]


def test_who_is_done_with_a_file_of_the_browsers_gets_the_next() -> None:
    waiting = lanes(OTHERS[0], *BROWSER)
    one, other = Process(), Process()
    assert gives(waiting, one) == BROWSER[0]
    waiting.assigned_work[one][BROWSER[0]][BROWSER[0]] = True
    assert gives(waiting, one) == BROWSER[1]
    assert gives(waiting, other) == OTHERS[0]


def test_what_shares_an_installation_stays_together() -> None:
    split = lanes()._split_scope
    assert split("tests/hostile/test_a.py::test_b[services-caddy]") == "hostile on services"
    assert split("tests/hostile/test_c.py::test_d[monolith-a body-deployed]") == "hostile on monolith"
    assert split("tests/scenarios/test_e.py::test_f[monolith-2]") == "scenarios on monolith-2"
    assert split("tests/browser/test_g.py::test_h[services]") == "tests/browser/test_g.py"
    assert split("tests/test_cli.py::test_version") == "tests/test_cli.py"
