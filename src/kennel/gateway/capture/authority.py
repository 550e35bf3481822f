"""The certificate authority by which the plane answers for AWS's host names.

It lives in `STATE/ca`: its key (mode 0600), its certificate, and the bundle that programs trust.
Its certificate is constrained to AWS's domains, so even a stolen key vouches for no other site.
"""

from __future__ import annotations

import os
import ssl
import subprocess
import sys
import threading
import time
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING

from kennel.gateway.capture.bundle import bundle_of
from kennel.wire.hosts import AWS_SUFFIXES

if TYPE_CHECKING:
    from kennel.gateway.capture.certificates import Signer

__all__ = ["CertificateAuthority"]

_PROGRAM = Path(__file__).with_name("certificates.py")
_RENEW_BEFORE = 30 * 86_400.0  # seconds
_MOST_HOSTS = 4096  # whose certificates are kept; virtual-hosted buckets each have one


class CertificateAuthority:
    """Makes certificates for hosts. `start` reads or makes the authority itself."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._contexts: dict[str, ssl.SSLContext] = {}
        self._signer: Signer | None = None

    def start(self) -> None:
        """Takes the stored authority, or a new one if there is none, it is no good or it is
        about to expire; then writes the bundle afresh, as the machine's may have changed. Raises
        OSError."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not self._is_good():
            (self._folder / "domains").unlink(missing_ok=True)  # until it is there as a whole
            self._make()
            (self._folder / "domains").write_text("\n".join(AWS_SUFFIXES))
        bundle = self._folder / "bundle.pem"
        fresh = bundle.with_name(f".bundle.{os.getpid()}")
        fresh.write_bytes(bundle_of((self._folder / "ca.pem").read_bytes()))
        fresh.chmod(0o644)
        fresh.replace(bundle)  # whoever reads it sees the old one or the new one, whole

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

    def _make(self) -> None:
        command = [sys.executable, "-I", str(_PROGRAM), str(self._folder), *AWS_SUFFIXES]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        if done.returncode:
            reason = done.stderr.strip().rpartition("\n")[2] or f"exit code {done.returncode}"
            raise OSError(f"its certificate authority can't be made: {reason}")

    def _is_good(self) -> bool:
        """Whether the stored authority is whole, of today's domains, and will not expire soon."""
        certificate = self._folder / "ca.pem"
        try:
            if (self._folder / "domains").read_text() != "\n".join(AWS_SUFFIXES):
                return False
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            # Raises if they are no pair. A key that wants a password must not ask for one.
            context.load_cert_chain(certificate, self._folder / "ca.key", password="")
            context.load_verify_locations(certificate)
            [described] = context.get_ca_certs()
            until = ssl.cert_time_to_seconds(str(described["notAfter"]))
        except (OSError, ValueError):  # ssl.SSLError is an OSError
            return False
        return until - _RENEW_BEFORE > time.time()

    def _new_context(self, host: str) -> ssl.SSLContext:
        if self._signer is None:
            # Here, because it costs 9 MB and many a plane never signs anything.
            from kennel.gateway.capture.certificates import Signer

            self._signer = Signer(self._folder)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_alpn_protocols(["http/1.1"])
        # ssl reads certificates from files alone.
        with NamedTemporaryFile(dir=self._folder, prefix="host-") as file:
            file.write(self._signer.host(host))
            file.flush()
            context.load_cert_chain(file.name)
        return context
