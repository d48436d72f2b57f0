"""The data directory: who may use it, and what is said when it cannot be used."""

from __future__ import annotations

import collections
import os
import shutil
import stat
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from cavalcade.stack import data_directory
from cavalcade.stack.errors import StackError

if TYPE_CHECKING:
    from pathlib import Path


def test_makes_what_it_needs_for_its_owner_alone(directory: Path) -> None:
    with data_directory.opened(directory / "new" / "data") as data:
        for folder in (data.path, data.run, data.valkey, data.caddy, data.path / "logs"):
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert (data.path / "version").read_text().strip() == data_directory.LAYOUT


def test_signing_secret_is_made_once_and_private(directory: Path) -> None:
    with data_directory.opened(directory / "data") as data:
        secret = data.signing_secret()
        assert len(secret) >= 32
        assert stat.S_IMODE((data.path / "secret").stat().st_mode) == 0o600
    with data_directory.opened(directory / "data") as data:
        assert data.signing_secret() == secret


def test_second_user_is_told_who_the_first_is(directory: Path) -> None:
    with data_directory.opened(directory / "data") as data:
        data.announce("http://localhost:8080")
        with (
            pytest.raises(StackError, match=rf"process {os.getpid()}\) uses .* and serves http://localhost:8080"),
            data_directory.opened(directory / "data"),
        ):
            pass
    with data_directory.opened(directory / "data"):
        pass


def test_waits_for_the_watchdogs_of_a_killed_process(directory: Path) -> None:
    """They hold the lock for the moment it takes them to end what they watch."""
    with data_directory.opened(directory / "data") as data:
        gone = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
        os.ftruncate(data.lock, 0)
        os.pwrite(data.lock, gone.stdout, 0)
        watchdog = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, pass_fds=[data.lock])
    assert watchdog.stdin
    with watchdog, subprocess.Popen(["sleep", "0.3"]) as a_moment:
        a_moment.wait()
        watchdog.stdin.write(b"\n")
        watchdog.stdin.close()
        with data_directory.opened(directory / "data"):
            pass


def test_another_layout_is_refused(directory: Path) -> None:
    with data_directory.opened(directory / "data"):
        pass
    (directory / "data" / "version").write_text("99\n")
    with (
        pytest.raises(StackError, match=r"another version of Cavalcade \(layout 99"),
        data_directory.opened(directory / "data"),
    ):
        pass


def test_folder_of_somebody_else_is_left_alone(directory: Path) -> None:
    (directory / "thesis.txt").write_text("irreplaceable")
    with pytest.raises(StackError, match="holds files that are not Cavalcade's"), data_directory.opened(directory):
        pass
    assert [path.name for path in directory.iterdir()] == ["thesis.txt"]


def test_a_file_in_its_place(directory: Path) -> None:
    (directory / "file").touch()
    with pytest.raises(StackError, match="is not a folder"), data_directory.opened(directory / "file"):
        pass


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_no_permission(directory: Path) -> None:
    directory.chmod(0o500)
    with pytest.raises(StackError, match="No permission to write"), data_directory.opened(directory / "data"):
        pass


def test_too_little_space(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = collections.namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(2**30, 2**30 - 2**24, 2**24))
    with pytest.raises(StackError, match="has 16 MB left; at least 300 MB"), data_directory.opened(directory / "data"):
        pass


def test_long_path_has_its_sockets_elsewhere(directory: Path) -> None:
    with data_directory.opened(directory / ("long" * 30)) as data:
        assert len(str(data.run / "gateway-internal.sock")) <= 103
        assert stat.S_IMODE(data.run.stat().st_mode) == 0o700
        first = data.run
    with data_directory.opened(directory / ("long" * 30)) as data:
        assert data.run == first
    first.rmdir()


MINE_ALONE = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to somebody else")
NOBODY = 65534


def refused(directory: Path) -> str:
    """Why the folder ``data`` is not taken, or its secret not used."""
    with pytest.raises(StackError) as caught, data_directory.opened(directory / "data") as data:
        data.signing_secret()
    return f"{caught.value.problem} {caught.value.advice}"


def used_before(directory: Path) -> Path:
    with data_directory.opened(directory / "data") as data:
        data.signing_secret()
    return directory / "data"


@MINE_ALONE
@pytest.mark.parametrize("part", ["", "lock", "version", "secret", "logs", "caddy", "valkey", "run"])
def test_what_belongs_to_somebody_else_is_refused(directory: Path, part: str) -> None:
    path = used_before(directory) / part
    os.chown(path, NOBODY, NOBODY)
    assert f"{path} belongs to somebody else (user {NOBODY}, not {os.geteuid()})" in refused(directory)


@pytest.mark.parametrize("part", ["", "logs", "caddy", "valkey", "run"])
@pytest.mark.parametrize("mode", [0o777, 0o770, 0o702])
def test_a_folder_that_others_may_write_to_is_refused(directory: Path, part: str, mode: int) -> None:
    path = used_before(directory) / part
    (path / "something").touch()
    path.chmod(mode)
    said = refused(directory)
    assert f"Other users may write to {path}" in said
    assert f"chmod go-w {path}" in said
    path.chmod(0o755)
    with data_directory.opened(directory / "data"):
        pass


def test_an_empty_folder_is_made_private(directory: Path) -> None:
    (directory / "data").mkdir()
    (directory / "data").chmod(0o777)
    with data_directory.opened(directory / "data") as data:
        assert stat.S_IMODE(data.path.stat().st_mode) == 0o700


def test_a_way_that_everybody_may_change_is_refused(directory: Path) -> None:
    (directory / "shared").mkdir()
    (directory / "shared").chmod(0o777)
    data = data_directory.opened(directory / "shared" / "data")
    with pytest.raises(StackError, match="could put another folder into the place"), data:
        pass
    # As /tmp is: there, nobody may rename what is another's.
    (directory / "shared").chmod(0o1777)
    with data_directory.opened(directory / "shared" / "data"):
        pass


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o602, 0o660])
def test_a_secret_that_others_may_read_or_change_is_refused(directory: Path, mode: int) -> None:
    secret = used_before(directory) / "secret"
    secret.chmod(mode)
    assert f"Other users may read or change {secret}" in refused(directory)


@pytest.mark.parametrize("part", ["lock", "version", "secret", "logs", "caddy", "valkey", "run"])
def test_no_link_is_followed(directory: Path, part: str) -> None:
    path = used_before(directory) / part
    elsewhere = directory / "elsewhere"
    path.rename(elsewhere)
    path.symlink_to(elsewhere)
    assert f"{path} is a symbolic link" in refused(directory)


@pytest.mark.parametrize("part", ["lock", "version", "secret"])
def test_what_is_no_file_is_refused_and_holds_nothing_up(directory: Path, part: str) -> None:
    path = used_before(directory) / part
    path.unlink()
    os.mkfifo(path)
    assert f"{path} is not an ordinary file" in refused(directory)
    path.unlink()
    path.mkdir()
    assert f"{path} is not an ordinary file" in refused(directory)


def test_a_file_with_another_name_is_refused(directory: Path) -> None:
    secret = used_before(directory) / "secret"
    (directory / "elsewhere").hardlink_to(secret)
    assert "is also known under another name" in refused(directory)


@pytest.mark.parametrize("text", ["", "change-me-change-me-change-me-change-me", "short"])
def test_a_secret_that_can_be_guessed_is_refused(directory: Path, text: str) -> None:
    secret = used_before(directory) / "secret"
    secret.write_text(text)
    said = refused(directory)
    assert f"The signing secret in {secret}" in said
    assert "Remove the file" in said
