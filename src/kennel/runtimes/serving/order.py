"""What the plane asks of a new instance."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

__all__ = ["Order", "OrderRefused"]


class OrderRefused(Exception):
    """The order can't be carried out; the message says why, to the plane."""


@dataclass(frozen=True, slots=True)
class Order:
    """`environment` is laid over the zygote's; `cgroup_procs` are files to write the pid to."""

    name: str
    folder: str
    environment: dict[str, str]
    cgroup_procs: list[str]

    @classmethod
    def parse(cls, message: Mapping[str, Any]) -> Order:
        """Raises OrderRefused."""
        name, folder = message.get("name"), message.get("folder")
        environment = message.get("environment") or {}
        groups = message.get("cgroup_procs") or []
        if not isinstance(name, str) or not name:
            raise OrderRefused("A fork needs a name.")
        if not isinstance(folder, str) or not os.path.isdir(folder):
            raise OrderRefused(f"The folder {folder} of the instance {name} does not exist.")
        if not _are_strings(environment, dict) or not _are_strings(groups, list):
            raise OrderRefused("environment maps strings to strings; cgroup_procs lists paths.")
        return cls(name, os.path.abspath(folder), environment, groups)

    @property
    def socket(self) -> str:
        return os.path.join(self.folder, "socket")

    @property
    def groups(self) -> list[str]:
        """The control groups' folders."""
        return [os.path.dirname(path) for path in self.cgroup_procs]

    def as_message(self) -> dict[str, Any]:
        return asdict(self)


def _are_strings(value: object, kind: type) -> bool:
    if isinstance(value, dict) and kind is dict:
        return _are_strings([*value, *value.values()], list)
    return isinstance(value, list) and kind is list and all(isinstance(item, str) for item in value)
