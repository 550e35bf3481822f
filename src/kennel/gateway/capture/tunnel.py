"""Bytes between a client and a host that is not AWS's, both ways, as they come."""

from __future__ import annotations

import asyncio
import ipaddress
import socket

__all__ = ["Half", "Unreachable", "connect"]

_CONNECT_SECONDS = 30.0


class Unreachable(Exception):
    """A host that can't be reached, or must not be; the message is a sentence for the client."""

    def __init__(self, status: str, message: str) -> None:
        super().__init__(message)
        self.status = status


class Half(asyncio.Protocol):
    """One end of a tunnel. What one end reads, the other writes, no faster than it can."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.other: Half | None = None

    def join(self, other: Half) -> None:
        """Makes a tunnel of two ends."""
        self.other, other.other = other, self

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]  # uvloop's is no subclass

    def data_received(self, data: bytes) -> None:
        if self.other is not None and self.other.transport is not None:
            self.other.transport.write(data)

    def pause_writing(self) -> None:
        if self.other is not None and self.other.transport is not None:
            self.other.transport.pause_reading()

    def resume_writing(self) -> None:
        other = None if self.other is None else self.other.transport
        if other is not None and not other.is_closing():
            other.resume_reading()

    def eof_received(self) -> bool:
        other = None if self.other is None else self.other.transport
        if other is not None and not other.is_closing() and other.can_write_eof():
            other.write_eof()
            return True  # the answer may still come
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        if self.other is not None and self.other.transport is not None:
            self.other.transport.close()

    def shutdown(self) -> None:
        """Closes the tunnel."""
        if self.transport is not None:
            self.transport.close()


async def connect(host: str, port: int) -> Half:
    """The far end of a tunnel to a host. Raises Unreachable.

    What listens on this machine alone is not reached through the proxy: a program that is shut
    off from it would otherwise come to it that way. Nor is the link-local network, where a cloud
    machine's metadata service gives away real credentials.
    """
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(_CONNECT_SECONDS):
            found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            addresses = [str(entry[4][0]) for entry in found]
            for address in addresses:
                _check(host, address)
            return await _first(loop, addresses, port)
    except TimeoutError:
        raise Unreachable("504 Gateway Timeout", f"{host}:{port} does not answer.") from None
    except OSError as error:
        reason = error.strerror or str(error)
        raise Unreachable(
            "502 Bad Gateway", f"{host}:{port} can't be reached: {reason}."
        ) from error


def _check(host: str, address: str) -> None:
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped is not None:
        ip = ip.ipv4_mapped
    if ip.is_loopback or ip.is_link_local or ip.is_unspecified or ip.is_multicast:
        raise Unreachable(
            "403 Forbidden",
            f"Kennel's proxy does not lead to {host} ({ip}): it is an address of this machine.",
        )


async def _first(loop: asyncio.AbstractEventLoop, addresses: list[str], port: int) -> Half:
    """A connection to the first address that takes one."""
    last = OSError("it has no address")
    for address in addresses:
        try:
            _, half = await loop.create_connection(Half, address, port)
        except OSError as error:
            last = error
        else:
            return half
    raise last
