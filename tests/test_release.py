"""`make release` in a clone of its own: what it writes, and what keeps it from doing so."""

import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[1]
TOOL: Final = "tools/release.py"
PLACES: Final[dict[str, tuple[str, int]]] = runpy.run_path(str(ROOT / TOOL))["PLACES"]
VERSION_NOW: Final = "0.1.0"


def git(clone: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=clone, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def release(clone: Path, version: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, TOOL, version, "--skip-checks"]
    return subprocess.run(command, cwd=clone, check=False, capture_output=True, text=True)


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """What a release touches, at an early version, committed on main."""
    for name in (*PLACES, TOOL):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    for name, (pattern, count) in PLACES.items():
        text = (tmp_path / name).read_text()
        early = re.sub(
            pattern, lambda found: found[0].replace(found[1], VERSION_NOW), text, count=count, flags=re.MULTILINE
        )
        (tmp_path / name).write_text(early)
    (tmp_path / "CHANGELOG.md").write_text(
        "# Changelog\n\n## Unreleased\n\n### Added\n\n- Waving.\n\n## 0.1.0 - 2026-01-01\n\n- All.\n"
    )
    git(tmp_path, "init", "--quiet", "--initial-branch=main")
    for key, value in (("user.name", "Anna"), ("user.email", "anna@example.org"), ("commit.gpgsign", "false")):
        git(tmp_path, "config", key, value)
    git(tmp_path, "add", "--all")
    git(tmp_path, "commit", "--quiet", "--message", "all")
    return tmp_path


def test_writes_the_version_everywhere_and_tags_the_notes(clone: Path) -> None:
    done = release(clone, "0.2.0")
    assert done.returncode == 0, done.stderr
    for name, (pattern, count) in PLACES.items():
        assert re.findall(pattern, (clone / name).read_text(), re.MULTILINE)[:count] == ["0.2.0"] * count, name
    changed = git(clone, "diff", "--stat", "HEAD~1", "--", *PLACES)
    assert changed.endswith("6 insertions(+), 6 deletions(-)")  # one line each, and two in the page's lock
    changelog = (clone / "CHANGELOG.md").read_text()
    assert re.search(
        r"^## Unreleased\n\n## 0\.2\.0 - \d{4}-\d\d-\d\d\n\n### Added\n\n- Waving\.\n", changelog, re.MULTILINE
    )
    assert git(clone, "cat-file", "-t", "v0.2.0") == "tag"
    assert git(clone, "tag", "--list", "--format=%(contents)").strip() == "Cavalcade 0.2.0\n\n### Added\n\n- Waving."
    assert git(clone, "status", "--porcelain") == ""


@pytest.mark.parametrize("version", ["0.1.0", "0.0.9", "1", "v0.2.0", "0.2.0rc1"])
def test_a_version_must_be_one_that_comes_later(clone: Path, version: str) -> None:
    refused(clone, version)


def test_nothing_may_be_left_to_commit(clone: Path) -> None:
    (clone / "new").write_text("x")
    refused(clone, "0.2.0")


def test_it_must_be_main(clone: Path) -> None:
    git(clone, "switch", "--quiet", "--create", "other")
    refused(clone, "0.2.0")


def test_main_must_be_current(clone: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    origin = tmp_path_factory.mktemp("origin") / "origin"
    git(clone, "clone", "--quiet", ".", str(origin))
    git(origin, "-c", "user.name=Ben", "-c", "user.email=ben@example.org", "commit", "--allow-empty", "-qm", "more")
    git(clone, "remote", "add", "origin", str(origin))
    refused(clone, "0.2.0")


def test_there_must_be_something_to_release(clone: Path) -> None:
    changelog = clone / "CHANGELOG.md"
    changelog.write_text(changelog.read_text().replace("### Added\n\n- Waving.\n\n", ""))
    git(clone, "commit", "--quiet", "--all", "--message", "nothing new")
    refused(clone, "0.2.0")


def refused(clone: Path, version: str) -> None:
    before = git(clone, "rev-parse", "HEAD"), git(clone, "status", "--porcelain")
    done = release(clone, version)
    assert done.returncode == 1
    assert done.stderr.startswith("no release: ")
    assert (git(clone, "rev-parse", "HEAD"), git(clone, "status", "--porcelain")) == before
    assert git(clone, "tag", "--list") == ""
