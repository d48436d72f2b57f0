"""The command line: what it says of itself, and what it says of mistakes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from cavalcade import __version__
from cavalcade.cli import _door, commands, default_data_directory


def run(*arguments: str, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "cavalcade", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **(environment or {})},
    )


def test_version() -> None:
    assert run("--version").stdout == f"cavalcade {__version__}\n"


def test_help_lists_every_command_without_loading_it() -> None:
    done = run("--help")
    assert done.returncode == 0
    for command in ("up", "api", "gateway", "node", "inspect", "simulate"):
        assert f"  {command} " in done.stdout
    loaded = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "cavalcade", "--help"], capture_output=True, text=True, check=True
    )
    assert "sqlalchemy" not in loaded.stderr
    assert "litestar" not in loaded.stderr


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("up", ["--lan", "--public-url", "cavalcade up --port 8081 --data ./second", "CAVALCADE_SECRET"]),
        ("api", ["CAVALCADE_DATABASE_URL", "CAVALCADE_WINDOW_MS", "cavalcade api --listen", "--internal"]),
        ("node", ["CAVALCADE_REDIS_URL", "cavalcade node --listen", "--sockets"]),
        ("inspect", ["cavalcade inspect --watch", "--internal", "--json"]),
        ("gateway", ["CAVALCADE_REDIS_URL", "cavalcade gateway --listen", "unix:/path/to.sock"]),
    ],
)
def test_help_of_commands_has_examples_and_settings(command: str, said: list[str]) -> None:
    answer = CliRunner().invoke(commands, [command, "--help"])
    assert answer.exit_code == 0
    for words in said:
        assert words in answer.output


def test_help_names_every_setting() -> None:
    source = Path(sys.modules["cavalcade.settings"].__file__ or "").read_text(encoding="utf-8")
    names = {word.strip('"') for word in source.split() if word.startswith('"CAVALCADE_') and word.endswith('"')}
    text = "".join(CliRunner().invoke(commands, [command, "--help"]).output for command in ("api", "up"))
    assert len(names) >= 10
    # The command line itself says which backend runs.
    assert [name for name in sorted(names - {"CAVALCADE_BACKEND"}) if name not in text] == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--nodes", "0"], "is not in the range"),
        (["--affinity"], "goes with several --nodes"),
        (["--backend", "monolith", "--nodes", "2", "--affinity"], "monolith always has it"),
        (["--lan", "--public-url", "https://convoy.example.org"], "exclude each other"),
        (["--lan-address", "192.168.1.7"], "goes with --lan"),
        (["--public-url", "convoy.example.org"], "must be http://host or https://host"),
        (["--public-url", "http://convoy.example.org"], "cannot be served with automatic certificates"),
        (["--port", "70000"], "is not in the range"),
    ],
)
def test_up_says_what_does_not_go(arguments: list[str], said: str) -> None:
    answer = CliRunner().invoke(commands, ["up", *arguments])
    assert answer.exit_code in {1, 2}
    assert said in answer.output
    assert "Traceback" not in answer.output


@pytest.mark.parametrize("address", ["8080", "unix:relative.sock", "localhost:", "localhost:99999", ":80"])
def test_listen_address_is_checked(address: str) -> None:
    answer = CliRunner().invoke(commands, ["api", "--listen", address, "--internal", "127.0.0.1:9000"])
    assert answer.exit_code == 2
    assert "is neither HOST:PORT nor unix:/path/to.sock" in answer.output


@pytest.mark.parametrize(("command", "more"), [("api", ()), ("gateway", ()), ("node", ("--sockets", "127.0.0.1:3"))])
def test_processes_name_every_missing_setting(command: str, more: tuple[str, ...]) -> None:
    given = {name: "" for name in os.environ if name.startswith("CAVALCADE_")}
    done = run(command, "--listen", "127.0.0.1:1", "--internal", "127.0.0.1:2", *more, environment=given)
    assert done.returncode == 1
    for name in ("CAVALCADE_DATABASE_URL", "CAVALCADE_REDIS_URL", "CAVALCADE_SECRET"):
        assert f"cavalcade: {name} is not set" in done.stderr
    assert "Traceback" not in done.stderr


def test_inspect_says_that_nothing_runs(tmp_path: Path) -> None:
    answer = CliRunner().invoke(commands, ["inspect", "--data", str(tmp_path / "none")])
    assert answer.exit_code == 1
    assert "Nothing of Cavalcade runs at" in answer.output
    assert not (tmp_path / "none").exists()


def test_default_data_directory_follows_the_platform() -> None:
    assert default_data_directory({"XDG_DATA_HOME": "/data"}) == Path("/data/cavalcade")
    assert default_data_directory({}) == Path.home() / ".local" / "share" / "cavalcade"


@pytest.mark.parametrize(
    ("port", "public_url", "base_url", "listens_on"),
    [
        (None, None, "http://localhost:8080", (8080,)),
        (8123, None, "http://localhost:8123", (8123,)),
        (None, "https://convoy.example.org", "https://convoy.example.org", (80, 443)),
        (8123, "https://convoy.example.org", "https://convoy.example.org", (8123,)),
        # What is the default everywhere else means the same here.
        (None, "http://localhost:8080", "http://localhost:8080", (8080,)),
        (8080, "http://localhost:8080", "http://localhost:8080", (8080,)),
        (8123, "http://localhost:8080", "http://localhost:8080", (8123,)),
    ],
)
def test_the_public_address_and_the_port_say_what_is_served(
    port: int | None, public_url: str | None, base_url: str, listens_on: tuple[int, ...]
) -> None:
    door = _door(port, public_url, lan=False, lan_address=None)
    assert (door.base_url, door.ports) == (base_url, listens_on)
