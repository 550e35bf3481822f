"""What an environment is made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

__all__ = ["Deployment"]


@dataclass(frozen=True, slots=True)
class Deployment:
    """One version's code and settings as they were published. A change makes another one.

    `timeout` is in seconds, `memory` and `storage` (of /tmp) in MiB. `initialization` is
    AWS_LAMBDA_INITIALIZATION_TYPE.
    """

    function: str
    version: str
    region: str
    code: Path
    handler: str
    runtime: str
    role: str
    timeout: int
    memory: int
    log_group: str
    environment: Mapping[str, str]
    initialization: str = "on-demand"
    storage: int = 512

    def provisioned(self) -> Deployment:
        """The same for environments that are initialized beforehand."""
        return replace(self, initialization="provisioned-concurrency")
