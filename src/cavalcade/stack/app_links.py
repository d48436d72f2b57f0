"""What a domain says of the phone apps that may open its links: Android and iOS read it when the app is installed."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cavalcade.settings import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ANDROID = "CAVALCADE_APP_ANDROID"
"""`<package>=<SHA-256 of a signing certificate>`, several of the latter with commas between."""

IOS = "CAVALCADE_APP_IOS"
"""`<team>.<bundle>`."""

_PACKAGE = r"[A-Za-z][A-Za-z0-9_]*(?:\.[A-Za-z][A-Za-z0-9_]*)+"
_PRINT = r"(?:[0-9A-F]{2}:){31}[0-9A-F]{2}"
_ANDROID = re.compile(rf"({_PACKAGE})=({_PRINT}(?:,{_PRINT})*)")
_IOS = re.compile(r"[A-Z0-9]{10}\.[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")


@dataclass(frozen=True, slots=True)
class AppLinks:
    """Which apps are the operator's own.

    Attributes:
        package: Android's name of it; None where there is none.
        fingerprints: SHA-256 of the certificates that it is signed with.
        ios: Apple's name of it, with the team's; None where there is none.
    """

    package: str | None = None
    fingerprints: Sequence[str] = ()
    ios: str | None = None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> AppLinks:
        """Reads the settings.

        Raises:
            SettingsError: One of them is not what it must be.
        """
        android, ios = environment.get(ANDROID, "").strip(), environment.get(IOS, "").strip()
        found = _ANDROID.fullmatch(_upper_prints(android))
        problems = []
        if android and found is None:
            problems.append(
                f"{ANDROID} must be <package>=<SHA-256>, as in org.cavalcade.app=AB:CD:..., with 32 pairs of digits."
            )
        if ios and _IOS.fullmatch(ios) is None:
            problems.append(f"{IOS} must be <team>.<bundle>, as in ABCDE12345.org.cavalcade.app.")
        if problems:
            raise SettingsError(problems)
        return cls(found[1] if found else None, tuple(found[2].split(",")) if found else (), ios or None)


def systems(links: AppLinks) -> str:
    """Whose phones may have an app of the operator's, as the page reads it."""
    return " ".join(name for name, app in (("android", links.package), ("ios", links.ios)) if app is not None)


def caddy_lines(links: AppLinks) -> str:
    """How Caddy answers those systems; nothing for one whose app nobody named."""
    said: dict[str, object] = {}
    if links.package is not None:
        target = {
            "namespace": "android_app",
            "package_name": links.package,
            "sha256_cert_fingerprints": list(links.fingerprints),
        }
        said["assetlinks.json"] = [{"relation": ["delegate_permission/common.handle_all_urls"], "target": target}]
    if links.ios is not None:
        details = [{"appIDs": [links.ios], "components": [{"/": "/j"}]}]
        said["apple-app-site-association"] = {"applinks": {"details": details}}
    return "\n\t".join(
        f"""handle /.well-known/{name} {{
		header Content-Type application/json
		header Cache-Control "public, max-age=3600"
		respond `{json.dumps(answer)}` 200
	}}"""
        for name, answer in said.items()
    )


def _upper_prints(android: str) -> str:
    package, _, prints = android.partition("=")
    return f"{package}={prints.upper()}"
