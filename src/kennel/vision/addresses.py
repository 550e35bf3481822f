"""Which addresses a link may lead to: public ones, and nothing of this machine or its network."""

from __future__ import annotations

import ipaddress

__all__ = ["is_public"]

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_NAT64_LOCAL = ipaddress.ip_network("64:ff9b:1::/48")
_IPV4_COMPATIBLE = ipaddress.ip_network("::/96")
_CARRIERS = ipaddress.ip_network("100.64.0.0/10")  # RFC 6598: a provider's inner network


def is_public(text: str) -> bool:
    """Whether an address, written as a socket gives it, is one of the open internet.

    An IPv6 address that stands for an IPv4 one (mapped, compatible, 6to4, Teredo, NAT64) is
    judged by both.
    """
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    return all(_is_open(one) for one in (address, *_inner(address)))


def _is_open(address: _Address) -> bool:
    if address in _NAT64:
        return True  # judged by the address inside
    return address.is_global and not (
        address.is_multicast
        or address.is_reserved
        or address.is_loopback
        or address.is_link_local
        or address.is_private
        or address.is_unspecified
        or address in _CARRIERS
        or address in _NAT64_LOCAL
        or (isinstance(address, ipaddress.IPv6Address) and address.is_site_local)
    )


def _inner(address: _Address) -> list[_Address]:
    if isinstance(address, ipaddress.IPv4Address):
        return []
    inner: list[_Address] = []
    if address.ipv4_mapped is not None:
        inner.append(address.ipv4_mapped)
    if address.sixtofour is not None:
        inner.append(address.sixtofour)
    if address.teredo is not None:
        inner.extend(address.teredo)
    if address in _NAT64 or address in _IPV4_COMPATIBLE:
        inner.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return inner
