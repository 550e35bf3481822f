"""The certificate authority by which the plane answers for AWS's host names.

It lives in `STATE/ca`: its key (mode 0600), its certificate, and the bundle that programs trust.
Its certificate is constrained to AWS's domains, so even a stolen key vouches for no other site.
"""

from __future__ import annotations

import os
import ssl
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import NamedTemporaryFile

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from kennel.gateway.capture.bundle import bundle_of
from kennel.wire.hosts import AWS_SUFFIXES

__all__ = ["CertificateAuthority"]

_LIFE = timedelta(days=825)  # the longest that Apple's platforms take
_RENEW_BEFORE = timedelta(days=30)
_CLOCK_SKEW = timedelta(hours=1)
_MOST_HOSTS = 4096  # whose certificates are kept; virtual-hosted buckets each have one


class CertificateAuthority:
    """Makes certificates for hosts. `start` reads or makes the authority itself."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._contexts: dict[str, ssl.SSLContext] = {}

    def start(self) -> None:
        """Takes the stored authority, or a new one if there is none, it is no good or it is
        about to expire; then writes the bundle afresh, as the machine's may have changed."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            self._key, self._certificate = self._read()
        except (OSError, ValueError, TypeError):
            self._key, self._certificate = self._make()
        self._host_key = ec.generate_private_key(ec.SECP256R1())
        _replace(self._folder / "bundle.pem", bundle_of(_pem(self._certificate)), 0o644)

    def server_context(self, host: str) -> ssl.SSLContext:
        """The TLS settings of a server that is taken for `host`. Reads and writes files, so call
        it on a thread that may wait."""
        with self._lock:
            context = self._contexts.get(host)
            if context is None:
                if len(self._contexts) >= _MOST_HOSTS:
                    self._contexts.clear()
                context = self._contexts[host] = self._new_context(host)
            return context

    def _read(self) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
        """Raises OSError or ValueError if there is no authority that can be used."""
        key = serialization.load_pem_private_key(
            (self._folder / "ca.key").read_bytes(), password=None
        )
        certificate = x509.load_pem_x509_certificate((self._folder / "ca.pem").read_bytes())
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise ValueError("the authority's key is of another kind")
        if certificate.public_key() != key.public_key():
            raise ValueError("the authority's key and certificate are no pair")
        if certificate.not_valid_after_utc - _RENEW_BEFORE < datetime.now(UTC):
            raise ValueError("the authority is about to expire")
        constraints = certificate.extensions.get_extension_for_class(x509.NameConstraints)
        if constraints.value.permitted_subtrees != _domains():
            raise ValueError("the authority was made for other domains")
        return key, certificate

    def _make(self) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
        key = ec.generate_private_key(ec.SECP256R1())
        name = _name("Kennel's own certificate authority")
        builder = (
            _builder(name, name, key.public_key(), _LIFE)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_key_usage(signs_certificates=True), critical=True)
            .add_extension(
                x509.NameConstraints(permitted_subtrees=_domains(), excluded_subtrees=None),
                critical=True,
            )
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
        )
        certificate = builder.sign(key, hashes.SHA256())
        _replace(self._folder / "ca.key", _private_pem(key), 0o600)
        _replace(self._folder / "ca.pem", _pem(certificate), 0o644)
        return key, certificate

    def _new_context(self, host: str) -> ssl.SSLContext:
        issuer = self._certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
        builder = (
            # A common name has 64 characters at most, and no client reads it.
            _builder(_name(host[:64]), self._certificate.subject, self._host_key.public_key(), None)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(signs_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(issuer.value), False
            )
        )
        # No later than the authority itself.
        builder = builder.not_valid_after(self._certificate.not_valid_after_utc)
        certificate = builder.sign(self._key, hashes.SHA256())
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_alpn_protocols(["http/1.1"])
        # ssl reads certificates from files alone.
        with NamedTemporaryFile(dir=self._folder, prefix="host-") as file:
            file.write(_private_pem(self._host_key) + _pem(certificate))
            file.flush()
            context.load_cert_chain(file.name)
        return context


def _domains() -> list[x509.GeneralName]:
    return [x509.DNSName(suffix) for suffix in AWS_SUFFIXES]


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    life: timedelta | None,
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCK_SKEW)
    )
    return builder if life is None else builder.not_valid_after(now + life)


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


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _private_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _replace(path: Path, content: bytes, mode: int) -> None:
    """Writes a file whole: whoever reads it meanwhile sees the old one or the new one."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    open_private: Callable[[str, int], int] = lambda name, flags: os.open(name, flags, mode)  # noqa: E731
    with open(fresh, "wb", opener=open_private) as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    fresh.chmod(mode)
    fresh.replace(path)
