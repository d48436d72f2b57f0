"""What is kept on the disk is read as it was, whole or not at all, and nothing else is taken for it."""

import asyncio
import json
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cavalcade.app.device import store as stores
from cavalcade.app.device.phone_store import PhoneStore
from cavalcade.app.device.store import MAX_TEXT, BrowserStore, DiskStore, Store, StoreError
from cavalcade.app.session.backlog import APART_MS, MOST, MOST_SENT, Backlog
from cavalcade.app.session.kept import SESSION, KeptSession, Preferences
from cavalcade.client import Fix, Membership, Resumption
from cavalcade.client.pending_operations import PendingOperation
from cavalcade.domain.model import Limits
from cavalcade.domain.session import found
from cavalcade.wire.errors import DecodeError

NOW = 1_800_000_000_000
MEMBERSHIP = Membership("https://example.org", "abcdefghij", 2, "t0ken", "wss://example.org/socket", code="c")
fixes = st.builds(
    Fix, st.floats(-90, 90), st.floats(-180, 180), st.integers(NOW, NOW + 10**8), st.none() | st.floats(0, 100)
)


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def kept(backlog: Backlog) -> KeptSession:
    waiting = (PendingOperation("o1", "profile:set", {"op_id": "o1", "name": "Zoé"}),)
    return KeptSession(MEMBERSHIP, Resumption(found("abcdefghij", "Trip", None, NOW, Limits()), waiting), backlog, True)


@given(st.lists(fixes, max_size=20))
def test_a_session_is_read_as_it_was(taken: list[Fix]) -> None:
    backlog = Backlog()
    for fix in taken:
        backlog.keep(fix)
    session = kept(backlog)
    read = KeptSession.from_text(session.to_text())
    assert (read.membership, read.is_leaving) == (MEMBERSHIP, True)
    assert read.resumption.operations == session.resumption.operations
    assert read.backlog.to_list() == backlog.to_list()


@given(
    st.text()
    | st.recursive(st.none() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)).map(
        json.dumps
    )
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(DecodeError):
        KeptSession.from_text(text)
    assert isinstance(Preferences.from_text(text), Preferences)


@pytest.mark.parametrize("part", ["membership", "resumption", "backlog"])
@pytest.mark.parametrize(
    "value",
    [None, 1, [1], {"token": 1}, [{"lat": 1, "lon": "x", "fix_time": 1}], [{"lat": 99, "lon": 1, "fix_time": 1}]],
)
def test_a_broken_part_is_refused(part: str, value: object) -> None:
    data = json.loads(kept(Backlog()).to_text())
    data[part] = value
    with pytest.raises(DecodeError):
        KeptSession.from_text(json.dumps(data))


def test_a_membership_says_no_secret_when_it_is_printed() -> None:
    assert "t0ken" not in repr(kept(Backlog()))


@given(st.lists(st.tuples(fixes, st.booleans()), max_size=1_500))
def test_the_backlog_is_bounded_in_order_and_keeps_the_ends(taken: list[tuple[Fix, bool]]) -> None:
    backlog = Backlog()
    for number, (fix, goes_out) in enumerate(taken):
        timed = Fix(fix.lat, fix.lon, NOW + number * APART_MS)
        (backlog.sent if goes_out else backlog.keep)(timed)
    assert len(backlog.to_list()) <= MOST + MOST_SENT
    times = [fix.fix_time or 0 for fix in backlog.take()]
    assert times == sorted(times)
    assert len(backlog) == 0


def test_what_was_sent_and_never_shown_is_kept_when_the_connection_is_gone() -> None:
    backlog = Backlog()
    for second in range(4):
        backlog.sent(Fix(47.0, 9.0, NOW + second * APART_MS))
    backlog.shown(NOW + APART_MS)
    backlog.disconnected()
    assert [fix.fix_time for fix in backlog.take()] == [NOW + 2 * APART_MS, NOW + 3 * APART_MS]
    backlog.sent(Fix(47.0, 9.0, NOW))
    backlog.clear()
    backlog.disconnected()
    assert len(backlog) == 0


class Browser:
    """What Flet's shared preferences do, in a browser that may refuse."""

    def __init__(self) -> None:
        self.values: dict[str, object] = {}
        self.refuses = False

    async def get(self, key: str) -> object:
        if self.refuses:
            raise RuntimeError
        return self.values.get(key)

    async def set(self, key: str, value: str) -> bool:
        if not self.refuses:
            self.values[key] = value
        return not self.refuses

    async def remove(self, key: str) -> bool:
        return self.values.pop(key, None) is not None


@pytest.mark.parametrize("kind", ["disk", "browser"])
async def test_a_store_keeps_replaces_and_forgets(kind: str, tmp_path: Path) -> None:
    store: Store = DiskStore(tmp_path / "new" / "folder") if kind == "disk" else BrowserStore(Browser())
    assert await store.read("session") is None
    await store.write("session", "one")
    await store.write("session", "zwei ü")
    assert await store.read("session") == "zwei ü"
    with pytest.raises(StoreError):
        await store.write("session", "x" * (MAX_TEXT + 1))
    assert await store.read("session") == "zwei ü"
    await store.remove("session")
    await store.remove("session")
    assert await store.read("session") is None


class Keychain:
    """What a phone's secure storage does, as the plugin passes it on."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}
        self.refuses = False

    async def get(self, key: str) -> str | None:
        if self.refuses:
            raise RuntimeError
        return self.values.get(key)

    async def set(self, key: str, value: str) -> None:
        if self.refuses:
            raise RuntimeError
        self.values[key] = value

    async def remove(self, key: str) -> None:
        self.values.pop(key, None)


def everything_in(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.iterdir())


async def test_a_phones_secrets_lie_in_its_secure_storage_alone(tmp_path: Path) -> None:
    keychain, kept = Keychain(), KeptSession(MEMBERSHIP, backlog=Backlog([Fix(47.0, 9.0, NOW)]))
    store = PhoneStore(DiskStore(tmp_path), keychain)
    await store.write(SESSION, kept.to_text())
    await store.write("preferences", Preferences(name="Zoé").to_text())
    assert MEMBERSHIP.token.encode() not in everything_in(tmp_path)
    assert MEMBERSHIP.token in keychain.values["cavalcade.session"]
    # Another run of the app has both parts.
    again = await PhoneStore(DiskStore(tmp_path), keychain).read(SESSION)
    assert KeptSession.from_text(again or "").membership == MEMBERSHIP
    # A restored backup has the folder without the keychain, or with that of another session.
    assert await PhoneStore(DiskStore(tmp_path), Keychain()).read(SESSION) is None
    keychain.values["cavalcade.session"] = "{}"
    assert await PhoneStore(DiskStore(tmp_path), keychain).read(SESSION) is None
    await store.remove(SESSION)
    assert keychain.values == {}
    assert names(tmp_path) == ["preferences.json"]


@pytest.mark.parametrize("crashes", [None, "before", "after"])
async def test_a_plain_file_of_an_older_app_is_moved_once_and_wiped(
    crashes: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keychain, text = Keychain(), KeptSession(MEMBERSHIP).to_text()
    disk = DiskStore(tmp_path)
    await disk.write(SESSION, text)
    plain = (tmp_path / "session.json").open("rb")  # what lies on the disk, whatever its name
    with plain, monkeypatch.context() as interrupted:
        if crashes is not None:
            keychain.refuses = crashes == "before"
            if crashes == "after":
                interrupted.setattr(DiskStore, "wipe_aside", lambda *_: None)
            with pytest.raises((StoreError, TypeError)):
                await PhoneStore(disk, keychain).read(SESSION)
            keychain.refuses = False
            interrupted.undo()
        found = await PhoneStore(DiskStore(tmp_path), keychain).read(SESSION)
        assert KeptSession.from_text(found or "").membership == MEMBERSHIP
        assert set(plain.read()) == {0}
    assert names(tmp_path) == ["session.json"]
    assert MEMBERSHIP.token.encode() not in everything_in(tmp_path)


async def test_a_secure_storage_that_refuses_never_makes_a_plain_file(tmp_path: Path) -> None:
    keychain = Keychain()
    keychain.refuses = True
    with pytest.raises(StoreError):
        await PhoneStore(DiskStore(tmp_path), keychain).write(SESSION, KeptSession(MEMBERSHIP).to_text())
    assert MEMBERSHIP.token.encode() not in everything_in(tmp_path)


async def test_nobody_else_may_read_the_disk_and_a_failed_write_leaves_the_old_one(tmp_path: Path) -> None:
    store = DiskStore(tmp_path)
    await store.write("session", "one")
    assert stat.S_IMODE((tmp_path / "session.json").stat().st_mode) == 0o600
    (tmp_path / "session.json").unlink()
    (tmp_path / "session.json").mkdir()
    with pytest.raises(StoreError):
        await store.write("session", "two")
    with pytest.raises(StoreError):
        await store.read("session")
    assert names(tmp_path) == ["session.json"]


async def test_a_file_that_is_not_ours_counts_as_none(tmp_path: Path) -> None:
    (tmp_path / "session.json").write_text("x" * (MAX_TEXT + 1))
    assert await DiskStore(tmp_path).read("session") is None


async def test_a_browser_that_refuses_says_so() -> None:
    browser = Browser()
    browser.refuses = True
    with pytest.raises(StoreError):
        await BrowserStore(browser).write("session", "one")
    with pytest.raises(StoreError):
        await BrowserStore(browser).read("session")


async def test_a_browser_that_is_slow_is_waited_for_while_it_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stores, "LOOK_EVERY_S", 0.001)
    browser, is_there = Browser(), [True, True, True]
    answering = asyncio.Event()

    class Slow(Browser):
        async def get(self, key: str) -> object:
            await answering.wait()
            return await browser.get(key)

    await BrowserStore(browser).write("session", "one")
    gone = BrowserStore(Slow(), lambda: bool(is_there) and is_there.pop())
    with pytest.raises(StoreError):
        await gone.read("session")
    reading = asyncio.ensure_future(BrowserStore(Slow()).read("session"))
    answering.set()
    assert await reading == "one"
