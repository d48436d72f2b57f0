"""Installs the packages of a lock file with pip, and shows how far it is.

Run by the environment's own Python: ``python tools/install_locked.py requirements.lock``.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

_NAME = re.compile(r"(?:Collecting|Requirement already satisfied:) ([A-Za-z0-9._-]+)")
_LAST_LINES = 25


def main() -> int:
    """Run pip on the lock file of the first argument; its exit code is the answer."""
    lock = Path(sys.argv[1])
    # Packages for other systems are in the lock too, so this is the most there can be.
    most = sum(line[:1].isalpha() and "==" in line for line in lock.read_text(encoding="utf-8").splitlines())
    command = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--require-hashes"]
    seen: set[str] = set()
    lines: list[str] = []
    with subprocess.Popen(  # noqa: S603 - the command is above
        [*command, "-r", str(lock)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as pip:
        for line in pip.stdout or ():
            lines.append(line)
            if found := _NAME.match(line):
                seen.add(found.group(1))
                _show(f"  {len(seen)} of up to {most}: {found.group(1)}", often=len(seen) % 10 == 0)
            elif line.startswith("Installing collected"):
                _show("  Unpacking", often=True)
    if sys.stdout.isatty():
        sys.stdout.write("\r\x1b[K")
    if pip.returncode:
        sys.stderr.writelines(lines[-_LAST_LINES:])
        sys.stderr.write(f"cavalcade: the packages of {lock} could not be installed; see above.\n")
    return pip.returncode


def _show(text: str, *, often: bool) -> None:
    """One line that changes on a terminal; a line now and then elsewhere."""
    if sys.stdout.isatty():
        sys.stdout.write(f"\r\x1b[K{text}")
        sys.stdout.flush()
    elif often:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
