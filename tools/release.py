"""Makes a release in this clone: the version, the changelog's section, a commit, an annotated tag. It pushes nothing.

`make release VERSION=0.2.0`; docs/releasing.md has the steps around it.
"""

import argparse
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
VERSION: Final = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)")
UNRELEASED: Final = "## Unreleased\n"

# The first version in each of these is the project's own; the lock of the page names it twice.
PLACES: Final[Mapping[str, tuple[str, int]]] = {
    "pyproject.toml": (r'^version = "([^"]+)"$', 1),
    "mobile/pyproject.toml": (r'^version = "([^"]+)"$', 1),
    "src/cavalcade/__init__.py": (r'^__version__ = "([^"]+)"$', 1),
    "page/package.json": (r'^  "version": "([^"]+)",$', 1),
    "page/package-lock.json": (r'^ {2,6}"version": "([^"]+)",$', 2),
}


class Refused(Exception):
    """Why there is no release, for people."""


def main() -> int:
    """Makes it, or says what is in the way and changes nothing."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("version", help="such as 0.2.0")
    parser.add_argument("--skip-checks", action="store_true", help="do not run `make test`, because it has just run")
    arguments = parser.parse_args()
    version: str = arguments.version
    try:
        _see_that_it_can_be(version)
        if not arguments.skip_checks:
            subprocess.run(["make", "test"], cwd=ROOT, check=True)  # noqa: S607 - the make that is on the path
        notes = _write(version)
    except (Refused, subprocess.CalledProcessError) as error:
        sys.stderr.write(f"no release: {error}\n")
        return 1
    files = [*PLACES, "CHANGELOG.md"]
    _git("commit", "--quiet", "--message", f"release: {version}", "--", *files)
    # Lines that begin with # are headings here, not comments.
    _git("tag", "--annotate", "--cleanup=verbatim", f"v{version}", "--message", f"Cavalcade {version}\n\n{notes}")
    sys.stderr.write(f"v{version} is made. Publish it with: git push origin main v{version}\n")
    return 0


def _see_that_it_can_be(version: str) -> None:
    if not VERSION.fullmatch(version):
        raise Refused(f"{version} is no version such as 0.2.0")
    if _number(version) <= _number(old := _version_now()):
        raise Refused(f"{version} does not come after {old}")
    if _git("status", "--porcelain"):
        raise Refused("there are changes that are not committed")
    if (branch := _git("branch", "--show-current")) != "main":
        raise Refused(f"this is the branch {branch or '(none)'}, not main")
    if _git("tag", "--list", f"v{version}"):
        raise Refused(f"there is a tag v{version} already")
    if "origin" in _git("remote").split():
        _git("fetch", "--quiet", "--tags", "origin", "main")
        if _git("rev-list", "--count", "HEAD..origin/main") != "0":
            raise Refused("origin has commits that are not here: pull first")
    if not _notes((ROOT / "CHANGELOG.md").read_text(encoding="utf-8")):
        raise Refused("CHANGELOG.md has nothing under Unreleased")


def _write(version: str) -> str:
    """Sets the version everywhere and dates the changelog's section; gives its text."""
    for name, (pattern, count) in PLACES.items():
        _edit(name, lambda text, pattern=pattern, count=count: _with_version(text, pattern, count, version))
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    heading = f"{UNRELEASED}\n## {version} - {datetime.now(UTC):%Y-%m-%d}\n"
    _edit("CHANGELOG.md", lambda text: text.replace(UNRELEASED, heading, 1))
    return _notes(changelog)


def _notes(changelog: str) -> str:
    _, _, after = changelog.partition(UNRELEASED)
    return re.split(r"^## ", after, maxsplit=1, flags=re.MULTILINE)[0].strip()


def _with_version(text: str, pattern: str, count: int, version: str) -> str:
    def replaced(found: re.Match[str]) -> str:
        return found[0].replace(found[1], version)

    made, times = re.subn(pattern, replaced, text, count=count, flags=re.MULTILINE)
    if times != count:
        raise Refused(f"the version is not where it should be: {pattern}")
    return made


def _version_now() -> str:
    pattern, _ = PLACES["pyproject.toml"]
    found = re.search(pattern, (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE)
    if found is None:
        raise Refused("pyproject.toml says no version")
    return found[1]


def _number(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def _edit(name: str, change: Callable[[str], str]) -> None:
    path = ROOT / name
    path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=ROOT, check=True, capture_output=True, text=True)  # noqa: S603, S607
    return done.stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
