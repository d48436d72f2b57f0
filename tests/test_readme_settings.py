"""Every setting in the README's table means something to each command that is told it, or is refused by it in words."""

from __future__ import annotations

import re
import secrets
from pathlib import Path

import pytest
from click.testing import CliRunner

from cavalcade.cli import commands
from cavalcade.settings import SettingsError

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
NAMES = [
    name
    for row in re.findall(r"^\| (`CAVALCADE_[^|]*) \|", README, re.MULTILINE)
    for name in re.findall(r"CAVALCADE_[A-Z_]+", row)
]
ADDRESSES = ("--listen", "127.0.0.1:1", "--internal", "127.0.0.1:2")
COMPLETE = {
    "CAVALCADE_DATABASE_URL": "postgresql:///nowhere?host=/nowhere",
    "CAVALCADE_REDIS_URL": "unix:///nowhere",
    "CAVALCADE_SECRET": secrets.token_hex(32),
}
# None of these can mean anything, so that a command which takes one without a word has not read it.
WRONG = {"CAVALCADE_MAX_PARTICIPANTS": "1", "CAVALCADE_MAP_STYLE_DARK": "neither an address"}


def said_by(command: tuple[str, ...], environment: dict[str, str]) -> str:
    outcome = CliRunner(env=dict.fromkeys(NAMES, "") | environment).invoke(commands, command)
    assert outcome.exit_code != 0
    if isinstance(outcome.exception, SettingsError):
        return str(outcome.exception)
    assert isinstance(outcome.exception, SystemExit), outcome.exception
    return outcome.output


def test_the_table_is_found() -> None:
    assert len(NAMES) >= 17


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("command", ["api", "gateway", "node"])
def test_a_process_reads_it_or_refuses_it(command: str, name: str) -> None:
    more = ("--sockets", "127.0.0.1:3") if command == "node" else ()
    said = said_by((command, *ADDRESSES, *more), COMPLETE | {name: WRONG.get(name, "wrong value")})
    assert re.search(rf"^{name}\b", said, re.MULTILINE), said


@pytest.mark.parametrize("name", NAMES)
def test_up_reads_it(name: str, tmp_path: Path) -> None:
    said = said_by(("up", "--data", str(tmp_path / "data"), "--port", "1"), {name: WRONG.get(name, "wrong value")})
    if "Port 1 is in use" in said or "may not listen" in said:
        pytest.fail("it got as far as its port")
    assert name in said


@pytest.mark.parametrize(
    "options", [("--lan", "--lan-address", "127.0.0.1"), ("--tunnel", "cloudflared")], ids=["lan", "tunnel"]
)
def test_the_variable_is_named_where_it_does_not_go_with_an_option(options: tuple[str, ...]) -> None:
    said = said_by(("up", *options), {"CAVALCADE_PUBLIC_URL": "https://convoy.example.org"})
    assert "CAVALCADE_PUBLIC_URL" in said
    assert options[0] in said


def test_a_process_of_the_other_backend_is_refused() -> None:
    said = said_by(("api", *ADDRESSES), COMPLETE | {"CAVALCADE_BACKEND": "monolith"})
    assert "CAVALCADE_BACKEND must be services for `cavalcade api`" in said
