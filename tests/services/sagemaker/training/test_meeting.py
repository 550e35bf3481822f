from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterator

import pytest

from kennel.services.sagemaker.training.meeting import MASTER_PORT, Meeting, Meetings, hosts_file

HOSTS = ("algo-1", "algo-10", "algo-2")


@pytest.fixture
def meetings() -> Iterator[Meetings]:
    made = Meetings()
    yield made
    made.close()


def test_jobs_share_neither_port_nor_address(meetings):
    found = [meetings.take(f"job-{number}") for number in range(50)]
    assert len({meeting.port for meeting in found}) == 50
    assert len({meeting.network for meeting in found}) == 50
    assert all(meeting.port >= MASTER_PORT for meeting in found)


def test_every_host_has_a_loopback_address_of_its_own(meetings):
    addresses = meetings.take("job").addresses(HOSTS)
    assert list(addresses) == list(HOSTS)
    assert len(set(addresses.values())) == 3
    assert all(ipaddress.ip_address(address).is_loopback for address in addresses.values())
    with socket.create_server((addresses["algo-10"], 0)) as server:
        socket.create_connection(server.getsockname()).close()


def test_in_networks_of_their_own_all_jobs_have_awss_port():
    own = Meeting.in_own_network()
    assert own == Meeting.in_own_network()
    assert own.port == MASTER_PORT
    addresses = own.addresses(HOSTS)
    assert all(ipaddress.ip_address(address).is_loopback for address in addresses.values())


def test_a_job_keeps_its_meeting_until_it_ends(meetings):
    first = meetings.take("job")
    assert meetings.take("job") == first
    meetings.end("job")
    assert meetings.take("other").port == first.port
    meetings.end("never there")


def test_another_plane_takes_other_ports(meetings):
    other = Meetings()
    assert meetings.take("job").port != other.take("job").port
    other.close()


def test_a_server_of_the_job_can_listen_on_its_port(meetings):
    port = meetings.take("job").port
    with socket.create_server(("", port)), pytest.raises(OSError, match="in use"):
        socket.create_server(("", port))
    with socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True):
        pass


def test_a_port_that_a_program_listens_on_is_left_to_it(meetings):
    port = meetings.take("job").port
    with socket.create_server(("", port)):
        meetings.end("job")
        assert meetings.take("job").port != port


def test_what_a_plane_before_had_given_is_kept(meetings):
    before = Meeting("127.80.1", meetings.take("free").port)
    meetings.end("free")
    with socket.create_server(("", before.port)):  # the job's own host, alive
        meetings.keep("job", before)
        assert meetings.take("job") == before
        assert meetings.take("other").port != before.port


def test_a_jobs_hosts_come_before_the_machines():
    text = hosts_file("127.0.0.1 localhost\n10.0.0.9 algo-1\n", {"algo-1": "127.80.1.1"})
    assert text == "127.80.1.1\talgo-1\n127.0.0.1 localhost\n10.0.0.9 algo-1\n"
