"""Standing still: noticed by whoever asks first, and told once."""

import pytest

from cavalcade.services import pulse as pulse_module
from cavalcade.services.lease import LEASE_S
from cavalcade.services.pulse import Pulse


def test_pause_as_long_as_a_lease_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(pulse_module, "moment", lambda: now)
    woken: list[float] = []
    pulse = Pulse(lambda: woken.append(now))
    now += LEASE_S
    assert pulse.check()
    now += 0.1
    assert not pulse.check()
    assert pulse.check()
    assert woken == [now]
