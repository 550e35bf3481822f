"""A notebook instance as it is stored, and which status may follow which."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

import msgspec

from kennel.store import Document

__all__ = ["COLLECTION", "IllegalMove", "NotebookInstance", "NotebookStatus", "move"]

COLLECTION = "sagemaker.notebook-instances"


class NotebookStatus(StrEnum):
    """The statuses of botocore's NotebookInstanceStatus that one of Kennel's can be in."""

    PENDING = "Pending"
    IN_SERVICE = "InService"
    STOPPING = "Stopping"
    STOPPED = "Stopped"
    FAILED = "Failed"
    DELETING = "Deleting"
    UPDATING = "Updating"


_S = NotebookStatus
_MOVES: Mapping[NotebookStatus, frozenset[NotebookStatus]] = {
    _S.PENDING: frozenset({_S.IN_SERVICE, _S.FAILED}),
    # Pending: the machine or the plane went down under it, and it starts again.
    _S.IN_SERVICE: frozenset({_S.STOPPING, _S.PENDING, _S.FAILED}),
    _S.STOPPING: frozenset({_S.STOPPED}),
    _S.STOPPED: frozenset({_S.PENDING, _S.UPDATING, _S.DELETING}),
    _S.FAILED: frozenset({_S.PENDING, _S.UPDATING, _S.DELETING}),
    _S.UPDATING: frozenset({_S.STOPPED}),
    _S.DELETING: frozenset(),
}


class IllegalMove(Exception):
    """A status can't follow another."""


class NotebookInstance(Document):
    """Times are policy time, seconds since the epoch.

    `folder` is the name of its folder, which no other instance ever had. `boot` counts its starts;
    `created` says that OnCreate is done for good; `port` is where JupyterLab was last.
    """

    name: str
    arn: str
    region: str
    status: NotebookStatus
    creation_time: float
    last_modified_time: float
    instance_type: str
    role_arn: str
    folder: str
    boot: int = 1
    created: bool = False
    port: int = 0
    failure_reason: str = ""
    volume_size: int = 5
    lifecycle_config: str = ""
    root_access: str = "Enabled"
    platform_identifier: str = "notebook-al2023-v1"
    ip_address_type: str = "ipv4"
    imds_version: str = "1"
    direct_internet_access: str = "Enabled"
    subnet_id: str = ""
    security_group_ids: list[str] = msgspec.field(default_factory=list)
    kms_key_id: str = ""


def move(instance: NotebookInstance, status: NotebookStatus, now: float) -> None:
    """Changes the status; a reason for a failure goes with it. Raises IllegalMove."""
    if status not in _MOVES[instance.status]:
        raise IllegalMove(f"{instance.name}: {instance.status} can't become {status}")
    instance.status = status
    instance.last_modified_time = now
    instance.failure_reason = ""
