"""A network whose every outgoing packet is seen: `python -m tests.packet_watch SEEN COMMAND…`.

In a network namespace of its own it makes a TUN interface that carries the default route, and so
the way to every host but loopback's, and reads what the kernel would send there. SEEN gets a JSON
list of `[protocol, address, port]` when COMMAND has ended; the exit code is COMMAND's.
System calls: ioctl(2) as netdevice(7) and the kernel's tuntap documentation have it.
"""

from __future__ import annotations

import fcntl
import ipaddress
import json
import os
import socket
import struct
import subprocess
import sys
import threading
from pathlib import Path

from kennel.cli.program.namespace import enter_own_network

__all__ = ["watched"]

_TUNSETIFF, _IFF_TUN, _IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 1
_SIOCSIFADDR, _SIOCSIFNETMASK, _SIOCADDRT = 0x8916, 0x891C, 0x890B
_RTF_UP, _RTF_GATEWAY = 1, 2
_NAMES = {6: "tcp", 17: "udp", 1: "icmp"}
_NAME = b"watch"


def watched(command: list[str], seen: Path, environment: dict[str, str]) -> tuple[int, list[str]]:
    """Runs a command in such a network: its exit code, and where packets went (`udp 10.0.0.1:53`).

    The command's own output goes where this process's goes.
    """
    run = subprocess.run(
        [sys.executable, "-m", "tests.packet_watch", str(seen), *command],
        env=environment | {"PYTHONPATH": os.pathsep.join(sys.path)},
        timeout=500,
    )
    packets = json.loads(seen.read_text())
    return run.returncode, [f"{protocol} {address}:{port}" for protocol, address, port in packets]


def _address(text: str) -> bytes:
    return struct.pack("HH4s8x", socket.AF_INET, 0, socket.inet_aton(text))


def _open_tun() -> int:
    tun = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(tun, _TUNSETIFF, struct.pack("16sH14x", _NAME, _IFF_TUN | _IFF_NO_PI))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, _SIOCSIFADDR, struct.pack("16s16s", _NAME, _address("10.99.0.1")))
        fcntl.ioctl(control, _SIOCSIFNETMASK, struct.pack("16s16s", _NAME, _address("255.255.0.0")))
        name = struct.pack("16sH14x", _NAME, 0)
        flags = struct.unpack("16sH14x", fcntl.ioctl(control, _SIOCGIFFLAGS, name))[1]
        fcntl.ioctl(control, _SIOCSIFFLAGS, struct.pack("16sH14x", _NAME, flags | _IFF_UP))
        route = struct.pack(
            "L16s16s16sH6xLLhxxxxxxPLLH6x",
            0,
            _address("0.0.0.0"),
            _address("10.99.0.2"),
            _address("0.0.0.0"),
            _RTF_UP | _RTF_GATEWAY,
            *(0,) * 7,
        )
        fcntl.ioctl(control, _SIOCADDRT, route)
    return tun


def _read(tun: int, seen: list[tuple[str, str, int]]) -> None:
    while packet := os.read(tun, 65536):
        if packet[0] >> 4 == 4:
            protocol, address = packet[9], socket.inet_ntoa(packet[16:20])
            ports = packet[(packet[0] & 15) * 4 :]
        else:
            protocol, address = packet[6], socket.inet_ntop(socket.AF_INET6, packet[24:40])
            if ipaddress.ip_address(address).is_multicast:
                continue  # the kernel's own, when an interface comes up
            ports = packet[40:]
        port = struct.unpack("!H", ports[2:4])[0] if protocol in (6, 17) else 0
        seen.append((_NAMES.get(protocol, str(protocol)), address, port))


def _main(seen_file: str, command: list[str]) -> int:
    enter_own_network()
    seen: list[tuple[str, str, int]] = []
    threading.Thread(target=_read, args=(_open_tun(), seen), daemon=True).start()
    code = subprocess.run(command).returncode
    Path(seen_file).write_text(json.dumps(seen))
    return code


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1], sys.argv[2:]))
