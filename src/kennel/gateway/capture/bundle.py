"""The certificates that a program under Kennel trusts: the machine's, certifi's, and Kennel's."""

from __future__ import annotations

import os
import re
import ssl
from collections.abc import Iterator

import certifi

__all__ = ["bundle_of"]

_BLOCK = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)
# What a person may have set because the machine's network has an authority of its own.
_VARIABLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "AWS_CA_BUNDLE")
# Debian and its kin, Fedora and its kin, Alpine and macOS.
_PLACES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
)


def bundle_of(own: bytes) -> bytes:
    """A PEM file's content: `own` first, then each certificate that the machine trusts, once."""
    blocks = dict.fromkeys(_BLOCK.findall(own))
    for path in _files():
        try:
            with open(path, "rb") as file:
                blocks |= dict.fromkeys(_BLOCK.findall(file.read()))
        except OSError:
            continue  # a variable may name what is gone
    return b"\n".join(blocks) + b"\n"


def _files() -> Iterator[str]:
    yield from (os.environ[name] for name in _VARIABLES if os.environ.get(name))
    default = ssl.get_default_verify_paths().cafile
    if default:
        yield default
    yield from _PLACES
    yield certifi.where()
