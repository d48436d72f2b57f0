"""The certificates of `--lan`: an authority for one address and one year, whose key is thrown away at once.

A phone that trusts an authority believes all that the authority's key signs. So the key signs one certificate, that of
this server, and is never written anywhere. What is left cannot vouch for anything else, even in the wrong hands. Name
constraints bind the authority to the address as well, for phones that look at them.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import os
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from cavalcade.stack import private_files

if TYPE_CHECKING:
    from pathlib import Path

LIFETIME: Final = dt.timedelta(days=365)
RENEWED_BEFORE: Final = dt.timedelta(days=30)
"""How long before its end an authority is replaced by another at the next start."""

_CLOCKS_DIFFER: Final = dt.timedelta(hours=24)
_NO_NAME: Final = "cavalcade.invalid"
"""A name that nobody can have: where this one alone is permitted, no name is."""


@dataclass(frozen=True, slots=True)
class Authority:
    """The files of an authority and of the one certificate that it signed."""

    certificate: Path
    """The authority's, which phones install; PEM."""

    server: Path
    """The server's, which it signed; PEM."""

    key: Path
    """The server's key; PEM."""

    until: dt.datetime
    """When both end."""

    is_new: bool
    """It was made just now, so phones have to install it (again)."""


def authority_for(host: str, folder: Path, now: dt.datetime) -> Authority:
    """The authority that vouches for ``host``, made where there is none for it or that one ends soon.

    Args:
        host: The address, or the name, that people use.
        folder: Where it is kept; made if need be.
        now: The time of day, with its zone.

    Raises:
        StackError: The files are not this user's own.
        OSError: They cannot be written.
    """
    private_files.own_folder(folder)
    files = folder / "authority.crt", folder / "server.crt", folder / "server.key"
    until = _kept(host, files, now)
    if until is not None:
        return Authority(*files, until, is_new=False)
    until = (now + LIFETIME).replace(microsecond=0)
    for path, text in zip(files, _made(host, now, until), strict=True):
        private_files.write(path, text)
    return Authority(*files, until, is_new=True)


def _kept(host: str, files: tuple[Path, Path, Path], now: dt.datetime) -> dt.datetime | None:
    """Until when what is there holds; None where it is not whole, is for another host, or ends soon."""
    try:
        authority, server, key = (_read(path) for path in files)
        root, leaf = x509.load_pem_x509_certificate(authority), x509.load_pem_x509_certificate(server)
        leaf.verify_directly_issued_by(root)
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        if load_pem_private_key(key, None).public_key() != leaf.public_key() or list(names) != [_general_name(host)]:
            return None
        until: dt.datetime = root.not_valid_after_utc
    except Exception:  # noqa: BLE001 - whatever is wrong with them, new ones are made
        return None
    return until if until - now > RENEWED_BEFORE else None


def _read(path: Path) -> bytes:
    with os.fdopen(private_files.open_file(path, os.O_RDONLY), "rb") as file:
        return file.read()


def _made(host: str, now: dt.datetime, until: dt.datetime) -> tuple[str, str, str]:
    """A new authority's certificate, the server's, and the server's key, in PEM."""
    authority_key, server_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Cavalcade on {socket.gethostname()}"[:64])])
    for_servers = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
    identifier = x509.SubjectKeyIdentifier.from_public_key(authority_key.public_key())
    root = (
        _begun(name, name, authority_key.public_key(), now, until)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(for_servers, critical=False)
        .add_extension(_constraints(host), critical=True)
        .add_extension(identifier, critical=False)
        .sign(authority_key, SHA256())
    )
    # OpenSSL takes a common name that looks like a host's for one, and holds it against the constraints.
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Cavalcade server")])
    leaf = (
        _begun(subject, name, server_key.public_key(), now, until)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(for_servers, critical=False)
        .add_extension(x509.SubjectAlternativeName([_general_name(host)]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), critical=False)
        .sign(authority_key, SHA256())
    )
    key = server_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return root.public_bytes(Encoding.PEM).decode(), leaf.public_bytes(Encoding.PEM).decode(), key.decode()


def _begun(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    now: dt.datetime,
    until: dt.datetime,
) -> x509.CertificateBuilder:
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key)
    dated = builder.not_valid_before(now - _CLOCKS_DIFFER).not_valid_after(until)
    return dated.serial_number(x509.random_serial_number())


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _constraints(host: str) -> x509.NameConstraints:
    """This address and no name, or this name and no address."""
    try:
        network = ipaddress.ip_network(host)
    except ValueError:
        everywhere = [x509.IPAddress(ipaddress.ip_network(each)) for each in ("0.0.0.0/0", "::/0")]
        return x509.NameConstraints(permitted_subtrees=[x509.DNSName(host)], excluded_subtrees=everywhere)
    return x509.NameConstraints(
        permitted_subtrees=[x509.IPAddress(network), x509.DNSName(_NO_NAME)], excluded_subtrees=None
    )
