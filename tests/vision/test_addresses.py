from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kennel.vision.addresses import is_public


@pytest.mark.parametrize("address", ["8.8.8.8", "151.101.1.69", "2606:4700::6810:84e5"])
def test_the_open_internet_is_public(address):
    assert is_public(address)


INSIDE = [
    "127.0.0.1",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "192.0.2.1",
    "198.18.0.1",
]


@pytest.mark.parametrize("address", INSIDE)
def test_what_is_inside_is_not_however_it_is_written(address):
    number = int(ipaddress.IPv4Address(address))
    assert not is_public(address)
    assert not is_public(f"::ffff:{address}")
    assert not is_public(f"::{address}")
    assert not is_public(f"64:ff9b::{address}")
    assert not is_public(str(ipaddress.IPv6Address((0x2002 << 112) | (number << 80) | 1)))


@pytest.mark.parametrize(
    "address",
    [
        *("::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12::1", "ff02::1", "fec0::1"),
        *("2001:db8::1", "64:ff9b:1::1", "100::1", "nonsense", "", "127.1"),
    ],
)
def test_inner_addresses_of_version_six_are_not(address):
    assert not is_public(address)


def test_an_address_that_stands_for_a_public_one_is_judged_by_it():
    assert is_public("64:ff9b::8.8.8.8")
    assert is_public("2002:808:808::1")


@given(st.ip_addresses())
def test_nothing_private_is_ever_public(address):
    if is_public(str(address)):
        assert not address.is_private
        assert not address.is_link_local
