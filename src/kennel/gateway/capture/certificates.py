"""Certificates: the authority's own, and those that it signs for hosts.

Run as a program, `certificates.py FOLDER DOMAIN…` makes an authority: its own process, because the
library costs 9 MB and a plane may never sign anything. So nothing of Kennel is imported here.
"""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

__all__ = ["Signer", "make_authority"]

_LIFE = timedelta(days=825)  # the longest that Apple's platforms take
_CLOCK_SKEW = timedelta(hours=1)


def make_authority(folder: Path, domains: list[str]) -> None:
    """Writes the key and the certificate of a new authority, which can vouch for hosts of those
    domains alone."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name("Kennel's own certificate authority")
    constraints = x509.NameConstraints([x509.DNSName(domain) for domain in domains], None)
    certificate = (
        _builder(name, name, key.public_key(), datetime.now(UTC) + _LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
        .add_extension(constraints, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    _write(folder / "ca.key", _private_pem(key), 0o600)
    _write(folder / "ca.pem", certificate.public_bytes(serialization.Encoding.PEM), 0o644)


class Signer:
    """The authority of a folder at work. Its hosts share one key, which is in memory alone."""

    def __init__(self, folder: Path) -> None:
        key = serialization.load_pem_private_key((folder / "ca.key").read_bytes(), password=None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        self._key = key
        self._certificate = x509.load_pem_x509_certificate((folder / "ca.pem").read_bytes())
        self._host_key = ec.generate_private_key(ec.SECP256R1())

    def host(self, name: str) -> bytes:
        """A host's key and certificate, as PEM. It is good for as long as the authority is."""
        own = self._certificate
        issuer = own.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
        identifier = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(issuer)
        subject = _name(name[:64])  # the longest common name; no client reads it
        public_key = self._host_key.public_key()
        certificate = (
            _builder(subject, own.subject, public_key, own.not_valid_after_utc)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(signs_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(identifier, critical=False)
            .sign(self._key, hashes.SHA256())
        )
        return _private_pem(self._host_key) + certificate.public_bytes(serialization.Encoding.PEM)


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, until: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.now(UTC) - _CLOCK_SKEW)
        .not_valid_after(until)
    )


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _private_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _write(path: Path, content: bytes, mode: int) -> None:
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    path.chmod(mode)


if __name__ == "__main__":
    make_authority(Path(sys.argv[1]), sys.argv[2:])
