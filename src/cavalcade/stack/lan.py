"""What `--lan` needs beside Caddy: the machine's address, and a page that helps a phone trust its certificate."""

from __future__ import annotations

import base64
import hashlib
import html
import io
import plistlib
import socket
import ssl
import uuid
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

from cavalcade.stack import private_files
from cavalcade.stack.errors import StackError

if TYPE_CHECKING:
    from cavalcade.stack.caddy import Door

_PAGE = Path(__file__).parent / "phone"
_SOMEWHERE = ("192.0.2.1", 9)
"""An address reserved for documentation: nothing is ever sent there."""


def network_address() -> str:
    """The address under which the local network knows this machine.

    Raises:
        StackError: It has none.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        try:
            # Connecting a datagram socket sends nothing; it only makes the system choose the address to send from.
            asked.connect(_SOMEWHERE)
            address: str = asked.getsockname()[0]
        except OSError:
            address = "127.0.0.1"
    if address.startswith("127."):
        raise StackError(
            "This machine seems to be on no network.", "Give the address that phones can reach with --lan-address."
        )
    return address


def fingerprint(certificate: str) -> str:
    """The SHA-256 fingerprint of a PEM certificate, as phones show it."""
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(certificate)).digest().hex(" ").upper()


def write_certificate_page(folder: Path, certificate: str, door: Door, until: str) -> None:
    """Write the page, and the certificate in the two forms that phones take.

    Args:
        folder: Where to; made if need be.
        certificate: The authority's certificate, in PEM.
        door: What the certificate is for.
        until: The day on which it ends.
    """
    private_files.own_folder(folder)
    for name in ("style.css", "check.js"):
        private_files.write(folder / name, (_PAGE / name).read_text(encoding="utf-8"))
    words = {
        "address": door.base_url,
        "host": door.host,
        "authority": f"Cavalcade on {socket.gethostname()}",
        "fingerprint": fingerprint(certificate),
        "until": until,
    }
    page = Template((_PAGE / "index.html").read_text(encoding="utf-8"))
    text = page.substitute({name: html.escape(value) for name, value in words.items()})
    private_files.write(folder / "index.html", text)
    private_files.write(folder / "cavalcade.crt", certificate)
    private_files.write(folder / "cavalcade.mobileconfig", _profile(certificate, door.host).decode())


def _profile(certificate: str, host: str) -> bytes:
    """Apple's configuration profile with the certificate in it."""
    der = ssl.PEM_cert_to_DER_cert(certificate)
    # The same certificate makes the same identifiers, so that installing it twice replaces it.
    name = base64.b16encode(hashlib.sha256(der).digest()[:8]).decode().lower()
    payload = {
        "PayloadType": "com.apple.security.root",
        "PayloadVersion": 1,
        "PayloadIdentifier": f"cavalcade.{name}.certificate",
        "PayloadUUID": str(uuid.uuid5(uuid.NAMESPACE_OID, f"{name} certificate")),
        "PayloadDisplayName": f"Cavalcade on {host}",
        "PayloadCertificateFileName": "cavalcade.cer",
        "PayloadContent": der,
    }
    return plistlib.dumps(
        {
            "PayloadType": "Configuration",
            "PayloadVersion": 1,
            "PayloadIdentifier": f"cavalcade.{name}",
            "PayloadUUID": str(uuid.uuid5(uuid.NAMESPACE_OID, name)),
            "PayloadDisplayName": "Cavalcade",
            "PayloadDescription": f"Lets this device trust the Cavalcade server at {host}.",
            "PayloadContent": [payload],
        }
    )


def qr_code(address: str) -> str:
    """``address`` as a QR code of half blocks, for a terminal."""
    import segno  # noqa: PLC0415 - needed for --lan alone

    drawn = io.StringIO()
    segno.make(address, error="l", micro=False).terminal(out=drawn, compact=True, border=2)
    return drawn.getvalue()
