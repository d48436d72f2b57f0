"""Where the app keeps its documents: a folder on the device, or the browser's own storage in web mode."""

import asyncio
import os
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Final, Protocol

ANSWER_WITHIN_S: Final = 20.0
"""How long a browser that is there may take: a slow one has a storage all the same."""

LOOK_EVERY_S: Final = 1.0
"""How often it is looked whether it still is."""

MAX_TEXT: Final = 1_000_000
"""Characters in one document: 200 people, 256 operations and the longest backlog have a quarter of it."""


class StoreError(Exception):
    """A document could not be kept or read; the message is fit for a person."""


class Store(Protocol):
    """Keeps small texts by name. Implementations write whole or not at all, and raise `StoreError`."""

    async def read(self, name: str) -> str | None:
        """The text, or None where there is none."""

    async def write(self, name: str, text: str) -> None:
        """Keeps a text in the place of an earlier one."""

    async def remove(self, name: str) -> None:
        """Forgets a text, if there is one."""


class DiskStore:
    """Documents in a folder that nobody else may read; a crash or a full disk leaves the earlier one whole."""

    def __init__(self, folder: Path) -> None:
        """Keeps documents in a folder, which is made when it is needed."""
        self._folder = folder

    async def read(self, name: str) -> str | None:
        """The text, or None where there is none or one that is too long to be ours."""
        return await asyncio.to_thread(self._read, name)

    async def write(self, name: str, text: str) -> None:
        """Keeps a text: it is on the disk when this returns."""
        _check(text)
        await asyncio.to_thread(self._write, name, text)

    async def remove(self, name: str) -> None:
        """Forgets a text, if there is one."""
        try:
            await asyncio.to_thread(self._path(name).unlink, missing_ok=True)
        except OSError as error:
            raise StoreError(f"{name} could not be removed: {error.strerror}") from error

    async def set_aside(self, name: str) -> None:
        """Puts a document where `wipe_aside` finds it, and `recover` if that never comes."""
        await asyncio.to_thread(self._path(name).replace, self._aside(name))

    async def wipe_aside(self, name: str) -> None:
        """Overwrites what was set aside, and removes it."""
        await asyncio.to_thread(self._wipe, self._aside(name))

    async def recover(self, name: str) -> None:
        """Ends what a crash interrupted: what was set aside is back, or wiped where a new one is whole."""
        if self._aside(name).exists():
            if self._path(name).exists():
                await self.wipe_aside(name)
            else:
                await asyncio.to_thread(self._aside(name).replace, self._path(name))

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.json"

    def _aside(self, name: str) -> Path:
        return self._folder / f".{name}-aside"

    @staticmethod
    def _wipe(path: Path) -> None:
        try:
            with path.open("r+b") as file:
                file.write(bytes(path.stat().st_size))
                file.flush()
                os.fsync(file.fileno())
            path.unlink()
        except OSError as error:
            raise StoreError(f"the plain document could not be wiped: {error.strerror}") from error

    def _read(self, name: str) -> str | None:
        try:
            with self._path(name).open(encoding="utf-8") as file:
                text = file.read(MAX_TEXT + 1)
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise StoreError(f"{name} could not be read: {error}") from error
        return text if len(text) <= MAX_TEXT else None

    def _write(self, name: str, text: str) -> None:
        temporary: str | None = None
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            # Made with mode 0600, in the same folder, so that it can take the old one's place at once.
            handle, temporary = tempfile.mkstemp(dir=self._folder, prefix=f".{name}-")
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).replace(self._path(name))
        except OSError as error:
            if temporary is not None:
                with suppress(OSError):
                    Path(temporary).unlink()
            raise StoreError(f"{name} could not be kept: {error.strerror}") from error


class Preferring(Protocol):
    """What `flet.SharedPreferences` is used for here."""

    async def get(self, key: str) -> object:
        """The value, or None."""

    async def set(self, key: str, value: str) -> bool:
        """Keeps a value."""

    async def remove(self, key: str) -> bool:
        """Forgets a value."""


class BrowserStore:
    """Documents in the browser's storage: in web mode the disk belongs to the server, which keeps nobody's secrets."""

    def __init__(self, preferences: Preferring, is_there: Callable[[], bool] = lambda: True) -> None:
        """Keeps documents through Flet's shared preferences.

        Args:
            preferences: Flet's.
            is_there: Whether the browser is connected; one that is not answers nothing.
        """
        self._preferences = preferences
        self._is_there = is_there

    async def read(self, name: str) -> str | None:
        """The text, or None where there is none."""
        text = await self._ask(partial(self._preferences.get, _key(name)), f"{name} could not be read")
        return text if isinstance(text, str) and len(text) <= MAX_TEXT else None

    async def write(self, name: str, text: str) -> None:
        """Keeps a text."""
        _check(text)
        if not await self._ask(partial(self._preferences.set, _key(name), text), f"{name} could not be kept"):
            raise StoreError(f"{name} could not be kept: the browser refused")

    async def remove(self, name: str) -> None:
        """Forgets a text, if there is one."""
        await self._ask(partial(self._preferences.remove, _key(name)), f"{name} could not be removed")

    async def _ask(self, question: Callable[[], Awaitable[object]], problem: str) -> object:
        """What the browser answers; a page that is reloaded meanwhile never does."""
        if not self._is_there():
            raise StoreError(problem)
        asking = asyncio.ensure_future(question())
        try:
            async with asyncio.timeout(ANSWER_WITHIN_S):
                while not (await asyncio.wait({asking}, timeout=LOOK_EVERY_S))[0]:
                    if not self._is_there():
                        raise StoreError(problem)
            return asking.result()
        except (RuntimeError, TimeoutError) as error:
            raise StoreError(problem) from error
        finally:
            asking.cancel()


def _key(name: str) -> str:
    return f"cavalcade.app.{name}"


def _check(text: str) -> None:
    if len(text) > MAX_TEXT:
        raise StoreError(f"a document may have {MAX_TEXT} characters at most")
