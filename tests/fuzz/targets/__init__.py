"""All targets."""

from __future__ import annotations

from tests.fuzz.target import Target
from tests.fuzz.targets.archives import TARS, ZIPS
from tests.fuzz.targets.configurations import CONFIGURATIONS
from tests.fuzz.targets.gateway import GATEWAY
from tests.fuzz.targets.pictures import PICTURES
from tests.fuzz.targets.policies import POLICIES
from tests.fuzz.targets.signatures import CHUNKS, SIGNATURES
from tests.fuzz.targets.sockets import SOCKETS
from tests.fuzz.targets.wire import WIRE

__all__ = ["TARGETS"]

TARGETS: tuple[Target, ...] = (
    WIRE,
    SIGNATURES,
    CHUNKS,
    POLICIES,
    TARS,
    ZIPS,
    PICTURES,
    CONFIGURATIONS,
    GATEWAY,
    SOCKETS,
)
