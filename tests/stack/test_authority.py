"""The authority of `--lan`: what it vouches for, for how long, and what is left of it."""

from __future__ import annotations

import datetime as dt
import ipaddress
import shutil
import ssl
import stat
import subprocess
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID

from cavalcade.stack.authority import LIFETIME, Authority, authority_for

if TYPE_CHECKING:
    from pathlib import Path

NOW = dt.datetime.now(dt.UTC)
HOSTS = {
    "192.168.1.7": x509.IPAddress(ipaddress.ip_network("192.168.1.7/32")),
    "fd00::7": x509.IPAddress(ipaddress.ip_network("fd00::7/128")),
    "laptop.local": x509.DNSName("laptop.local"),
}


def certificates(authority: Authority) -> tuple[x509.Certificate, x509.Certificate]:
    paths = (authority.certificate, authority.server)
    root, server = (x509.load_pem_x509_certificate(path.read_bytes()) for path in paths)
    return root, server


@pytest.mark.parametrize(("host", "permitted"), HOSTS.items(), ids=HOSTS)
def test_it_vouches_for_one_host_for_a_year(tmp_path: Path, host: str, permitted: x509.GeneralName) -> None:
    root, server = certificates(authority_for(host, tmp_path / "lan", NOW))
    constraints = root.extensions.get_extension_for_class(x509.NameConstraints)
    assert constraints.critical
    assert permitted in (constraints.value.permitted_subtrees or ())
    basic = root.extensions.get_extension_for_class(x509.BasicConstraints).value
    assert (basic.ca, basic.path_length) == (True, 0)
    for certificate in (root, server):
        purposes = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        assert list(purposes) == [ExtendedKeyUsageOID.SERVER_AUTH]
        assert certificate.not_valid_after_utc - NOW <= LIFETIME
    assert not server.extensions.get_extension_for_class(x509.BasicConstraints).value.ca


def test_no_key_of_the_authority_is_left(tmp_path: Path) -> None:
    authority = authority_for("192.168.1.7", tmp_path / "lan", NOW)
    root, server = certificates(authority)
    assert root.public_key() != server.public_key()
    keys = [path for path in (tmp_path / "lan").iterdir() if b"PRIVATE KEY" in path.read_bytes()]
    assert keys == [authority.key]
    assert load_pem_private_key(authority.key.read_bytes(), None).public_key() == server.public_key()
    assert stat.S_IMODE(authority.key.stat().st_mode) == 0o600


@pytest.mark.skipif(shutil.which("openssl") is None, reason="asks OpenSSL's command")
@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("other", ["www.example.org", "laptop.local.example.org", "192.168.1.8", "fd00::8"])
def test_openssl_holds_it_to_the_constraints(tmp_path: Path, host: str, other: str) -> None:
    """What its key could have signed beside the server's certificate would not be believed."""
    authority = authority_for(host, tmp_path / "lan", NOW)
    root, server = certificates(authority)
    assert verifies(root, server, tmp_path)
    # With a key of ours in the place of the one that was thrown away, and all else as it is.
    key = ec.generate_private_key(ec.SECP256R1())
    known = resigned(root, key, root.public_key(), None)
    elsewhere: x509.GeneralName = x509.DNSName(other)
    if other[0] in "1f":
        elsewhere = x509.IPAddress(ipaddress.ip_address(other))
    assert verifies(known, resigned(server, key, server.public_key(), None), tmp_path)
    assert not verifies(known, resigned(server, key, server.public_key(), elsewhere), tmp_path)


def resigned(
    certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey, public: object, name: x509.GeneralName | None
) -> x509.Certificate:
    """The same certificate with another signature and, perhaps, another name; a root gets the key's public half."""
    is_root = certificate.issuer == certificate.subject
    builder = x509.CertificateBuilder(
        issuer_name=certificate.issuer,
        subject_name=certificate.subject,
        public_key=key.public_key() if is_root else public,  # type: ignore[arg-type]
        serial_number=certificate.serial_number,
        not_valid_before=certificate.not_valid_before_utc,
        not_valid_after=certificate.not_valid_after_utc,
    )
    for extension in certificate.extensions:
        value = extension.value
        if isinstance(value, (x509.SubjectKeyIdentifier, x509.AuthorityKeyIdentifier)):
            continue
        if isinstance(value, x509.SubjectAlternativeName) and name is not None:
            value = x509.SubjectAlternativeName([name])
        builder = builder.add_extension(value, extension.critical)
    return builder.sign(key, SHA256())


def verifies(root: x509.Certificate, server: x509.Certificate, folder: Path) -> bool:
    (folder / "root.pem").write_bytes(root.public_bytes(Encoding.PEM))
    (folder / "server.pem").write_bytes(server.public_bytes(Encoding.PEM))
    command = ["openssl", "verify", "-CAfile", str(folder / "root.pem"), str(folder / "server.pem")]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def test_it_is_kept_until_a_month_before_its_end(tmp_path: Path) -> None:
    first = authority_for("192.168.1.7", tmp_path / "lan", NOW)
    assert first.is_new
    text = first.certificate.read_text()
    later = authority_for("192.168.1.7", tmp_path / "lan", NOW + dt.timedelta(days=330))
    assert (later.is_new, later.until) == (False, first.until)
    assert first.certificate.read_text() == text
    last = authority_for("192.168.1.7", tmp_path / "lan", NOW + dt.timedelta(days=340))
    assert last.is_new
    assert last.until > first.until + dt.timedelta(days=330)


@pytest.mark.parametrize("damaged", ["authority.crt", "server.crt", "server.key"])
def test_another_host_or_a_damaged_file_makes_another(tmp_path: Path, damaged: str) -> None:
    folder = tmp_path / "lan"
    assert authority_for("192.168.1.7", folder, NOW).is_new
    assert authority_for("192.168.1.8", folder, NOW).is_new
    (folder / damaged).write_text("no certificate")
    assert authority_for("192.168.1.8", folder, NOW).is_new
    assert not authority_for("192.168.1.8", folder, NOW).is_new
    assert ssl.create_default_context(cafile=str(folder / "authority.crt")).cert_store_stats()["x509_ca"] >= 1
