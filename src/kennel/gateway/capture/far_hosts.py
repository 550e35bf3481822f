"""Connections to hosts that are not AWS's."""

from __future__ import annotations

import asyncio
import ipaddress
import socket

from kennel.gateway.capture.upstream import upstream_for
from kennel.relay import Half

__all__ = ["Unreachable", "connect"]

_CONNECT_SECONDS = 30.0
_EC2_METADATA_V6 = ipaddress.ip_address("fd00:ec2::254")


class Unreachable(Exception):
    """A host that can't be reached, or must not be; the message is a sentence for the client."""

    def __init__(self, status: str, message: str) -> None:
        super().__init__(message)
        self.status = status


async def connect(host: str, port: int) -> Half:
    """The far end of a tunnel to a host. Raises Unreachable.

    What listens on this machine alone is not reached through the proxy: a program that is shut
    off from it would otherwise come to it that way. Nor is the link-local network, where a cloud
    machine's metadata service gives away real credentials.
    """
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(_CONNECT_SECONDS):
            upstream = upstream_for(host, port)
            if upstream is not None:
                _check_name(host)
                return await upstream.connect(host, port)
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


def _check_name(host: str) -> None:
    """What can be told of a host whose name another proxy will look up."""
    try:
        _check(host, "127.0.0.1" if host.rstrip(".").endswith("localhost") else host)
    except ValueError:
        pass  # a name, not an address


def _check(host: str, address: str) -> None:
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped is not None:
        ip = ip.ipv4_mapped
    local = ip.is_loopback or ip.is_link_local or ip.is_unspecified or ip.is_multicast
    if local or ip == _EC2_METADATA_V6:
        raise Unreachable(
            "403 Forbidden",
            f"Kennel's proxy does not lead to {host} ({ip}): it is local to this machine.",
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
