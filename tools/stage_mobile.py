"""Puts everything that `flet build` packs for phones into one folder: mobile/, and the app's pure Python from src/.

python tools/stage_mobile.py [FOLDER] [--server URL]
"""

import argparse
import json
import shutil
from pathlib import Path

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "cavalcade"
PARTS = ("app", "client", "domain", "simulate", "strings", "wire")
ELSEWHERE = (
    "app/around.js",
    "app/command.py",
    "app/web.py",
    "simulate/command.py",
    "simulate/ride.py",
    "simulate/statistics.py",
)
"""What those parts have for servers and the command line alone."""


def stage(folder: Path, server: str | None = None) -> None:
    """Fills a folder, in the place of whatever was in it.

    Args:
        folder: Where to build from.
        server: The server that the app comes with; None for the one in mobile/main.py.
    """
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(ROOT / "mobile", folder)
    package = folder / "cavalcade"
    package.mkdir()
    shutil.copy(SOURCE / "__init__.py", package)
    for part in PARTS:
        shutil.copytree(SOURCE / part, package / part, ignore=shutil.ignore_patterns("__pycache__"))
    for path in ELSEWHERE:
        (package / path).unlink()
    # On a phone Flutter loads pictures and fonts from the assets beside main.py.
    shutil.copytree(SOURCE / "app" / "assets", folder / "assets", dirs_exist_ok=True)
    if server is not None:
        main = folder / "main.py"
        text = main.read_text()
        line = next(line for line in text.splitlines() if line.startswith("SERVER = "))
        main.write_text(text.replace(line, f"SERVER = {json.dumps(server)}"))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT / "build" / "mobile")
    parser.add_argument("--server", help="the server that the app comes with")
    arguments = parser.parse_args()
    stage(arguments.folder, arguments.server)
    print(arguments.folder)  # noqa: T201 - for `flet build $(...)`
