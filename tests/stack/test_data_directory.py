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
