"""Refuses to build a wheel without the page: it would install well and then serve nothing to open."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class RequirePage(BuildHookInterface[Any]):
    """Looks for the built page before anything is packed. An editable install may come before the page."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - the interface's
        """Stop the build where the page is missing.

        Raises:
            FileNotFoundError: The page has not been built.
        """
        page = Path(self.root) / "src" / "cavalcade" / "page" / "index.html"
        if version != "editable" and not page.exists():
            raise FileNotFoundError(f"{page} is missing: run `make page` first, or `make dist`, which does both")
