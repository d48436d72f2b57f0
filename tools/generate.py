"""Writes what follows from the domain's dataclasses: the contract's tables, the socket's document, the page's types.

`python tools/generate.py` writes the files, `--check` says which are out of date and fails where one is. The OpenAPI
document is made of the same by the servers, at `/api/openapi.json`.
"""

import sys
from pathlib import Path

import asyncapi
import contract_tables
import page_types

ROOT = Path(__file__).resolve().parents[1]
CONTRACT = ROOT / "docs" / "contract.md"


def main() -> int:
    """Writes the files, or checks them."""
    made = {
        CONTRACT: contract_tables.with_tables(CONTRACT.read_text(encoding="utf-8")),
        ROOT / "docs" / "asyncapi.json": asyncapi.document(),
        ROOT / "page" / "src" / "model" / "wire.ts": page_types.module(),
    }
    stale = [path for path, text in made.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    if "--check" not in sys.argv:
        for path in stale:
            path.write_text(made[path], encoding="utf-8")
        return 0
    for path in stale:
        sys.stderr.write(f"{path.relative_to(ROOT)} is out of date: run python tools/generate.py\n")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
