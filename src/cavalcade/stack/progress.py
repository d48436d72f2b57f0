"""What `cavalcade up` says while it starts, runs and stops: on standard error, alive on a terminal, plain elsewhere."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from rich.console import Console

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.status import Status


class Progress:
    """Writes lines for people to standard error, and a spinner beside them where that is a terminal."""

    def __init__(self) -> None:
        self.console = Console(stderr=True, highlight=False, soft_wrap=True)
        self._waiting: list[str] = []
        self._status: Status | None = None

    @contextlib.contextmanager
    def starting(self, names: Sequence[str]) -> Iterator[None]:
        """Show that the parts called ``names`` are being started, until :meth:`started` was called for each."""
        self._waiting = list(names)
        if not self.console.is_terminal:
            yield
            return
        with self.console.status(self._doing()) as self._status:
            yield
        self._status = None

    def started(self, name: str, seconds: float) -> None:
        """Say that a part can serve, and how long that took."""
        self.console.print(f"  [green]✓[/green] {name} [dim]{seconds:.1f} s[/dim]")
        if name in self._waiting:
            self._waiting.remove(name)
        if self._status and self._waiting:
            self._status.update(self._doing())

    def say(self, text: str) -> None:
        """Say something that is as it should be."""
        self.console.print(text, markup=False)

    def warn(self, text: str) -> None:
        """Say something that is not as it should be."""
        self.console.print(text, style="yellow", markup=False)

    def _doing(self) -> str:
        return "Starting " + ", ".join(self._waiting)
