"""What the app does before and after a session, without drawing anything."""

from dataclasses import replace
from pathlib import Path

import pytest

from cavalcade.app.device.store import DiskStore
from cavalcade.app.map.ground import Tiles
from cavalcade.app.screens import share_sheet
from cavalcade.app.screens.base import ScreenContext
from cavalcade.app.session import advice
from cavalcade.app.session.controller import AppDefaults, Controller, ScreenName
from cavalcade.app.session.kept import PREFERENCES, Preferences
from cavalcade.app.session.own_links import full_map_of
from cavalcade.app.ui.guard import Guard
from cavalcade.app.ui.palette import LIGHT
from cavalcade.client import Membership, Rejected
from cavalcade.wire.links import Invitation, read_invitation
from tests.app.sources import MovedByHand
from tests.app.test_guard import NoDevice

OVERRIDE = "Ana \u202e"


@pytest.fixture
def app(tmp_path: Path) -> Controller:
    return Controller(DiskStore(tmp_path), lambda _: MovedByHand(), AppDefaults("http://localhost:1"), lambda _: None)


async def test_a_name_that_no_server_takes_is_not_kept(app: Controller, tmp_path: Path) -> None:
    await app.rename("Ana")
    with pytest.raises(Rejected) as refused:
        await app.rename(OVERRIDE)
    assert app.preferences.name == "Ana"
    assert Preferences.from_text(await DiskStore(tmp_path).read(PREFERENCES) or "").name == "Ana"
    assert advice.of_error(refused.value, app.form).text == app.form.words.say("people.nameWrong")


def test_one_that_an_earlier_version_kept_is_forgotten() -> None:
    assert Preferences.from_text(Preferences(name=OVERRIDE).to_text()).name == ""
    assert Preferences.from_text(Preferences(name="Ana \U0001fa77").to_text()).name == "Ana \U0001fa77"


async def test_a_device_that_keeps_nothing_is_said_to(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file where the folder should be")
    app = Controller(
        DiskStore(tmp_path / "taken"), lambda _: MovedByHand(), AppDefaults("http://localhost:1"), lambda _: None
    )
    await app.open("/")
    assert app.screen is ScreenName.START
    assert app.problem is not None
    assert app.problem.title == app.form.words.say("app.problem.forgetfulTitle")
    await app.go_home()
    assert app.screen is ScreenName.START


@pytest.mark.parametrize("allows", [True, False])
async def test_copied_is_said_of_what_was_copied(app: Controller, allows: bool) -> None:
    class Clipboard(NoDevice):
        said = ""

        async def copy(self, text: str) -> bool:  # noqa: ARG002
            return allows

        def say(self, words: str) -> None:
            self.said = words

    device = Clipboard()
    await share_sheet._copy(
        ScreenContext(app, device, Guard(app.fail), LIGHT, Tiles(), lambda: None), "https://ride.example/j#x"
    )
    assert device.said.startswith(app.form.words.say("share.copied" if allows else "share.notCopied"))


def test_the_full_map_opens_as_oneself() -> None:
    member = Membership("https://ride.example", "abc123defg", 2, "a-token", "wss://ride.example/socket")
    assert full_map_of(member, is_viewer=False) is None
    code = f"abc123defg.{'A' * 22}"
    for is_viewer, mark in ((False, ""), (True, "&watch")):
        address = full_map_of(replace(member, code=code), is_viewer=is_viewer)
        assert address == f"https://ride.example/j#{code}{mark}&as=a-token"
        # Read as a link, it is the invitation and no more.
        assert read_invitation(address) == Invitation("https://ride.example", code, is_viewer)
