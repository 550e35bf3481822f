"""The proxy that the plane's own machine goes out by, where its network has one."""

from __future__ import annotations

import asyncio
import base64
import ssl
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies_environment, proxy_bypass

from kennel.relay import Half

__all__ = ["Upstream", "upstream_for"]

_ANSWER_LIMIT = 16 << 10  # bytes of the proxy's answer to CONNECT
_HTTPS = 443


@dataclass(frozen=True, slots=True)
class Upstream:
    """An HTTP proxy by its address. `authorization` is a header line, or empty."""

    host: str
    port: int
    secure: bool
    authorization: str = ""

    async def connect(self, host: str, port: int) -> Half:
        """A tunnel to a host through this proxy. Raises OSError."""
        loop = asyncio.get_running_loop()
        context = ssl.create_default_context() if self.secure else None
        transport, asking = await loop.create_connection(_Asking, self.host, self.port, ssl=context)
        name = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        head = f"CONNECT {name} HTTP/1.1\r\nHost: {name}\r\n{self.authorization}\r\n"
        transport.write(head.encode("latin-1"))
        try:
            status = await asking.answer
        except BaseException:
            transport.close()
            raise
        if status != 200:
            transport.close()
            raise OSError(f"this machine's proxy {self.host}:{self.port} answers {status}")
        half = Half()
        half.connection_made(transport)
        transport.set_protocol(half)
        return half


def upstream_for(host: str, port: int) -> Upstream | None:
    """The proxy that the plane's environment names for a host (HTTPS_PROXY, HTTP_PROXY, NO_PROXY
    as curl and Python read them); None if it names none that can be used."""
    proxies = getproxies_environment()
    url = proxies.get("https" if port == _HTTPS else "http") or proxies.get("all")
    if not url or proxy_bypass(f"{host}:{port}", proxies):
        return None
    parts = urlsplit(url if "//" in url else f"http://{url}")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return None
    authorization = ""
    if parts.username:
        user = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        token = base64.b64encode(user.encode()).decode()
        authorization = f"Proxy-Authorization: Basic {token}\r\n"
    secure = parts.scheme == "https"
    return Upstream(parts.hostname, parts.port or (443 if secure else 80), secure, authorization)


class _Asking(asyncio.Protocol):
    """Reads a proxy's answer to CONNECT; `answer` is its status."""

    def __init__(self) -> None:
        self.answer: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._data = b""

    def data_received(self, data: bytes) -> None:
        if self.answer.done():
            return
        self._data += data
        head, end, rest = self._data.partition(b"\r\n\r\n")
        words = head.split(None, 2)
        if end and len(words) > 1 and words[1].isdigit() and not (rest and words[1] == b"200"):
            self.answer.set_result(int(words[1]))
        elif end or len(self._data) > _ANSWER_LIMIT:
            self.answer.set_exception(OSError("this machine's proxy does not speak HTTP"))

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.answer.done():
            self.answer.set_exception(OSError("this machine's proxy closed the connection"))
