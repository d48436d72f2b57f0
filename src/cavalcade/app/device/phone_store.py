"""A phone's documents: what proves who somebody is lies in its secure storage, the rest in the app's own folder.

Android's key store and iOS' keychain give the secrets to this app on this phone alone. A backup has neither: Android's
holds what only a key can read that never leaves the phone, and the keychain's entries are for this device.
"""

import asyncio
import json
from collections.abc import Awaitable
from hashlib import sha256
from typing import Any, Final, Protocol

from cavalcade.app.device.store import DiskStore, StoreError

PART: Final = "membership"
"""The part of a document that lies in secure storage."""

_MARK: Final = "membership_mark"
"""In the folder: which secret belongs to the rest."""

ANSWER_WITHIN_S: Final = 5.0


class SecureStorage(Protocol):
    """What `flet_secure_storage.SecureStorage` is used for here."""

    async def get(self, key: str) -> str | None:
        """The value, or None."""

    async def set(self, key: str, value: str) -> None:
        """Keeps a value."""

    async def remove(self, key: str) -> None:
        """Forgets a value."""


def secure_storage() -> SecureStorage:
    """The phone's own. It can be read once the phone was unlocked after its start, as the app needs in a pocket."""
    import flet_secure_storage as fss  # noqa: PLC0415 - for phones alone

    storage: Any = fss.SecureStorage(
        ios_options=fss.IOSOptions(accessibility=fss.KeychainAccessibility.FIRST_UNLOCK_THIS_DEVICE)
    )
    return storage  # type: ignore[no-any-return]


class PhoneStore:
    """Keeps documents in two places. A document without a secret is a file as on other devices."""

    def __init__(self, disk: DiskStore, secrets: SecureStorage) -> None:
        """Keeps what is no secret on a disk.

        Args:
            disk: The app's folder.
            secrets: The secure storage.
        """
        self._disk = disk
        self._secrets = secrets
        self._kept: dict[str, str] = {}

    async def read(self, name: str) -> str | None:
        """The text, or None where there is none, or where one of its two parts is missing."""
        await self._disk.recover(name)
        text = await self._disk.read(name)
        document = _document(text)
        if text is None or document is None:
            return text
        if PART in document:
            # From before there was secure storage.
            await self._move(name, document)
            return text
        if _MARK not in document:
            return text
        secret = await self._ask(self._secrets.get(_key(name)), f"{name} could not be read")
        if not isinstance(secret, str) or _mark(secret) != document.pop(_MARK):
            return None
        self._kept[name] = secret
        return json.dumps({**document, PART: json.loads(secret)}, separators=(",", ":"))

    async def write(self, name: str, text: str) -> None:
        """Keeps a text; the secret is written only where it is another."""
        document = _document(text)
        if document is None or PART not in document:
            await self._disk.write(name, text)
            return
        secret = json.dumps(document.pop(PART), separators=(",", ":"))
        if self._kept.get(name) != secret:
            await self._ask(self._secrets.set(_key(name), secret), f"{name} could not be kept")
            self._kept[name] = secret
        await self._disk.write(name, json.dumps({**document, _MARK: _mark(secret)}, separators=(",", ":")))

    async def remove(self, name: str) -> None:
        """Forgets a text, if there is one."""
        self._kept.pop(name, None)
        await self._disk.remove(name)
        await self._ask(self._secrets.remove(_key(name)), f"{name} could not be removed")

    async def _move(self, name: str, document: dict[str, object]) -> None:
        """Writes a plain document in two parts, and wipes the plain one."""
        await self._disk.set_aside(name)
        await self.write(name, json.dumps(document, separators=(",", ":")))
        await self._disk.wipe_aside(name)

    @staticmethod
    async def _ask(question: Awaitable[object], problem: str) -> object:
        try:
            async with asyncio.timeout(ANSWER_WITHIN_S):
                return await question
        except Exception as error:
            raise StoreError(f"{problem}: {type(error).__name__}") from error


def _document(text: str | None) -> dict[str, object] | None:
    try:
        data = json.loads(text or "")
    except (ValueError, RecursionError):
        return None
    return data if isinstance(data, dict) else None


def _mark(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()[:16]


def _key(name: str) -> str:
    return f"cavalcade.{name}"
