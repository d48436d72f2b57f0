"""Where Flet begins: the app on one page."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

import flet as ft

from cavalcade.app.shell import AppOptions, Shell

ASSETS: Final = Path(__file__).parent / "assets"


def make_main(options: AppOptions) -> Callable[[ft.Page], Awaitable[None]]:
    """The function that Flet calls with each page."""

    async def main(page: ft.Page) -> None:
        await Shell(page, options).open()

    return main


def run(options: AppOptions) -> None:
    """Runs the app in a window of its own, or as the whole program on a phone."""
    ft.run(make_main(options), name="Cavalcade", assets_dir=str(ASSETS))
