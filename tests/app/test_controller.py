"""What the app does before and after a session, without drawing anything."""

from pathlib import Path

import pytest

from cavalcade.app import problems
from cavalcade.app.controller import Controller, Origin
from cavalcade.app.kept import PREFERENCES, Preferences
from cavalcade.app.store import DiskStore
from cavalcade.client import Rejected
from tests.app.sources import MovedByHand

OVERRIDE = "Ana \u202e"


@pytest.fixture
def app(tmp_path: Path) -> Controller:
    return Controller(DiskStore(tmp_path), lambda _: MovedByHand(), Origin("http://localhost:1"), lambda _: None)


async def test_a_name_that_no_server_takes_is_not_kept(app: Controller, tmp_path: Path) -> None:
    await app.rename("Ana")
    with pytest.raises(Rejected) as refused:
        await app.rename(OVERRIDE)
    assert app.preferences.name == "Ana"
    assert Preferences.from_text(await DiskStore(tmp_path).read(PREFERENCES) or "").name == "Ana"
    assert problems.of_error(refused.value, app.form).text == app.form.words.say("people.nameWrong")


def test_one_that_an_earlier_version_kept_is_forgotten() -> None:
    assert Preferences.from_text(Preferences(name=OVERRIDE).to_text()).name == ""
    assert Preferences.from_text(Preferences(name="Ana \U0001fa77").to_text()).name == "Ana \U0001fa77"
