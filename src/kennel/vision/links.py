"""Fetching a photo by its link, on behalf of somebody who may not be trusted.

The address that is really connected to is checked, at every hop, so that neither a name that
resolves anew nor a redirect leads inside. The one exception is the S3 that the process's own
environment names (AWS_ENDPOINT_URL): objects there may be linked to, and nothing else of it.
"""

from __future__ import annotations

import http.client
import os
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult, parse_qs, urljoin, urlsplit

from .addresses import is_public
from .errors import LinkError

__all__ = ["LinkFetcher", "Rules"]

_PORTS = {"http": 80, "https": 443}
_REDIRECTS = (301, 302, 303, 307, 308)
_CHUNK = 64 * 1024
# What S3 and file servers say of photos whose type nobody set.
_UNKNOWN_TYPES = ("", "application/octet-stream", "binary/octet-stream")
# /2015-03-31/functions/… and the like are other services' paths.
_API_VERSION = re.compile(r"\d{4}-\d{2}-\d{2}")
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")


@dataclass(frozen=True, slots=True)
class Rules:
    """`seconds` are for the whole fetch, `is_allowed` judges an address, `endpoint` is the S3
    that may be anywhere (empty: none)."""

    max_bytes: int = 10 * 1024 * 1024
    seconds: float = 5.0
    max_redirects: int = 3
    is_allowed: Callable[[str], bool] = is_public
    endpoint: str = ""

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Rules:
        """With the S3 that the environment names."""
        endpoint = environment.get("AWS_ENDPOINT_URL_S3") or environment.get("AWS_ENDPOINT_URL")
        return cls(endpoint=endpoint or "")


class LinkFetcher:
    """Fetches photos by http, https and s3 links."""

    def __init__(self, rules: Rules | None = None) -> None:
        self._rules = rules or Rules.of(os.environ)
        self._tls: ssl.SSLContext | None = None

    def fetch(self, link: str) -> bytes:
        """The bytes behind a link. Raises LinkError."""
        if link.startswith("s3://"):
            return self._fetch_object(link)
        deadline = time.monotonic() + self._rules.seconds
        url, is_exempt = link, self._is_own_object(link)
        for _ in range(self._rules.max_redirects + 1):
            parts = _checked(url)
            answer = self._get(parts, url, deadline, is_exempt)
            if isinstance(answer, bytes):
                return answer
            # Only the link that was given may lead to our own S3, no other server's redirect.
            url, is_exempt = urljoin(url, answer), False
        raise LinkError(f"{link} was redirected more than {self._rules.max_redirects} times.")

    def _get(self, parts: SplitResult, url: str, deadline: float, is_exempt: bool) -> bytes | str:
        """The body, or where a redirect leads."""
        connection = http.client.HTTPConnection("-", 80)  # its socket is ours
        sock = self._connect(parts, url, deadline, is_exempt)
        # A server that sends a byte now and then never runs into a socket's own time-out.
        watchdog = threading.Timer(max(0.0, deadline - time.monotonic()), _cut, (sock,))
        watchdog.start()
        try:
            if parts.scheme == "https":
                sock = self._wrapped(sock, parts, deadline)
            connection.sock = sock
            target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            headers = {"Host": parts.netloc, "Accept": "image/*", "User-Agent": "kennel-vision"}
            connection.request("GET", target, headers=headers)
            response = connection.getresponse()
            if response.status in _REDIRECTS and (location := response.getheader("Location")):
                return location
            return self._body(response, url, deadline)
        except (OSError, http.client.HTTPException, ValueError) as error:
            if time.monotonic() >= deadline:
                raise self._too_slow(url) from error
            raise LinkError(f"{url} can't be fetched: {error}.") from error
        finally:
            watchdog.cancel()
            connection.close()
            sock.close()

    def _body(self, response: http.client.HTTPResponse, url: str, deadline: float) -> bytes:
        if response.status != 200:
            raise LinkError(f"{url} answered {response.status} {response.reason}.")
        kind = (response.getheader("Content-Type") or "").partition(";")[0].strip().lower()
        if not kind.startswith("image/") and kind not in _UNKNOWN_TYPES:
            raise LinkError(f"{url} is {kind}, not a picture.")
        body = bytearray()
        while chunk := response.read(_CHUNK):
            body += chunk
            if len(body) > self._rules.max_bytes:
                raise LinkError(
                    f"{url} is larger than the {self._rules.max_bytes:,} bytes that are fetched."
                )
        if time.monotonic() >= deadline:
            raise self._too_slow(url)  # the watchdog's cut reads as an end
        if response.length:
            raise LinkError(f"{url} broke off {response.length:,} bytes before its end.")
        return bytes(body)

    def _connect(
        self, parts: SplitResult, url: str, deadline: float, is_exempt: bool
    ) -> socket.socket:
        """A connection to the first of the host's addresses that may be asked and answers."""
        port = parts.port or _PORTS[parts.scheme]
        failure: OSError | None = None
        for family, kind, protocol, _, address in self._resolve(parts, port, deadline):
            if not is_exempt and not self._rules.is_allowed(str(address[0])):
                raise LinkError(
                    f"{url} is refused: {parts.hostname} has the address {address[0]}, which is "
                    "not one of the public internet."
                )
            sock = socket.socket(family, kind, protocol)
            try:
                sock.settimeout(max(0.001, deadline - time.monotonic()))
                sock.connect(address)
                return sock
            except OSError as error:
                sock.close()
                failure = error
        if time.monotonic() >= deadline:
            raise self._too_slow(url) from failure
        raise LinkError(f"{url} can't be reached: {failure}.") from failure

    def _resolve(
        self, parts: SplitResult, port: int, deadline: float
    ) -> list[tuple[socket.AddressFamily, socket.SocketKind, int, str, tuple[str, int]]]:
        """getaddrinfo has no time-out of its own, so it gets a thread to be late in."""
        found: list[object] = []

        def ask() -> None:
            try:
                found.append(socket.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM))
            except (OSError, UnicodeError) as error:
                found.append(error)

        thread = threading.Thread(target=ask, daemon=True)
        thread.start()
        thread.join(max(0.0, deadline - time.monotonic()))
        answer = found[0] if found else OSError("its name server does not answer")
        if isinstance(answer, Exception):
            raise LinkError(f"The host {parts.hostname} can't be found: {answer}.") from answer
        return list(answer)  # type: ignore[call-overload,no-any-return]

    def _wrapped(self, sock: socket.socket, parts: SplitResult, deadline: float) -> ssl.SSLSocket:
        if self._tls is None:
            self._tls = ssl.create_default_context()
        sock.settimeout(max(0.001, deadline - time.monotonic()))
        return self._tls.wrap_socket(sock, server_hostname=parts.hostname)

    def _too_slow(self, url: str) -> LinkError:
        return LinkError(f"{url} did not answer within {self._rules.seconds:g} seconds.")

    def _is_own_object(self, link: str) -> bool:
        """Whether a link is a GET of an object in the S3 of AWS_ENDPOINT_URL, and no other path."""
        if not self._rules.endpoint:
            return False
        own, parts = urlsplit(self._rules.endpoint), urlsplit(link)
        try:
            is_there = (parts.scheme, parts.hostname, parts.port or _PORTS.get(parts.scheme)) == (
                own.scheme,
                own.hostname,
                own.port or _PORTS.get(own.scheme),
            )
        except ValueError:
            return False
        bucket, _, key = parts.path.lstrip("/").partition("/")
        credential = parse_qs(parts.query).get("X-Amz-Credential", ["/s3/aws4_request"])[0]
        return (
            is_there
            and bool(key)
            and _BUCKET.fullmatch(bucket) is not None
            and _API_VERSION.fullmatch(bucket) is None
            and credential.endswith("/s3/aws4_request")
        )

    def _fetch_object(self, link: str) -> bytes:
        """By the role of this process, which must be allowed to read it."""
        bucket, _, key = link.removeprefix("s3://").partition("/")
        try:
            import boto3
            from botocore.config import Config
            from botocore.exceptions import BotoCoreError, ClientError
        except ImportError as error:
            raise LinkError(f"{link} can't be fetched: boto3 is not installed here.") from error
        seconds = self._rules.seconds
        timing = Config(connect_timeout=seconds, read_timeout=seconds, retries={"max_attempts": 0})
        try:
            client = boto3.client("s3", config=timing)
            answer = client.get_object(Bucket=bucket, Key=key)
            if answer["ContentLength"] > self._rules.max_bytes:
                raise LinkError(
                    f"{link} is larger than the {self._rules.max_bytes:,} bytes that are fetched."
                )
            return bytes(answer["Body"].read())
        except (BotoCoreError, ClientError) as error:
            raise LinkError(f"{link} can't be fetched: {error}") from error


def _checked(url: str) -> SplitResult:
    """The link's parts. Raises LinkError for one that no photo can be behind."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise LinkError(f"{url!r} is no link: {error}.") from error
    if parts.scheme not in _PORTS:
        raise LinkError(f"{url!r} is refused: only http, https and s3 links are fetched.")
    if not parts.hostname or port == 0:
        raise LinkError(f"{url!r} names no host.")
    if parts.username is not None or parts.password is not None:
        raise LinkError(f"The link to {parts.hostname} is refused: it holds a name or password.")
    if any(ord(character) <= 32 or ord(character) > 126 for character in url):
        raise LinkError(f"{url!r} is no link: it holds a blank or an unescaped character.")
    return parts


def _cut(sock: socket.socket) -> None:
    try:
        sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass  # it has ended by itself
