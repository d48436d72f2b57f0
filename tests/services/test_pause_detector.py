"""Standing still: noticed by the first question, and told once."""

import pytest

from cavalcade.services import pause_detector
from cavalcade.services.gateway_lease import LEASE_S
from cavalcade.services.pause_detector import STALL_S, PauseDetector

BEGIN = 1000.0


class Sleeper:
    """A process whose lease stands for some time from the begin on, and that wakes when it is told."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, stands_for_s: float) -> None:
        self.now = BEGIN
        monkeypatch.setattr(pause_detector, "moment", lambda: self.now)
        self.woken: list[float] = []
        self.pauses = PauseDetector(lambda: self.woken.append(self.now), lambda: BEGIN + stands_for_s)

    def goes_on_after(self, pause_s: float) -> bool:
        self.now = BEGIN + pause_s
        return self.pauses.check()


def test_pause_longer_than_a_lease_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    sleeper = Sleeper(monkeypatch, stands_for_s=0.0)
    assert sleeper.goes_on_after(LEASE_S)
    assert not sleeper.goes_on_after(LEASE_S + 0.1)
    assert sleeper.goes_on_after(LEASE_S + 0.1)
    assert sleeper.woken == [sleeper.now]


def test_the_lease_may_be_older_than_the_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """It was renewed two seconds before, so the others take this process for dead after eight."""
    sleeper = Sleeper(monkeypatch, stands_for_s=LEASE_S - 2.0)
    assert sleeper.goes_on_after(LEASE_S - 2.1)
    assert not sleeper.goes_on_after(LEASE_S - 2.0)
    assert sleeper.woken == [sleeper.now]


def test_a_busy_machine_is_no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """With Redis away the lease is over at some time: that alone is no reason to drop all sessions."""
    sleeper = Sleeper(monkeypatch, stands_for_s=1.0)
    assert sleeper.goes_on_after(STALL_S)
    assert not sleeper.goes_on_after(STALL_S + 0.1)
