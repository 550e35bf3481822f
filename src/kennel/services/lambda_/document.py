"""Functions and their versions as they are stored, and which status may follow which."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import msgspec

from kennel.store import Document

__all__ = [
    "Alias",
    "Code",
    "EventInvokeConfig",
    "Function",
    "IllegalMove",
    "Numbers",
    "State",
    "Update",
    "Version",
    "alias_key",
    "move_state",
    "move_update",
    "version_key",
]


class State(StrEnum):
    """The values of botocore's State that a function of Kennel's can have."""

    PENDING = "Pending"
    ACTIVE = "Active"
    FAILED = "Failed"


class Update(StrEnum):
    """LastUpdateStatus."""

    IN_PROGRESS = "InProgress"
    SUCCESSFUL = "Successful"
    FAILED = "Failed"


_STATES: Mapping[State, frozenset[State]] = {
    State.PENDING: frozenset({State.ACTIVE, State.FAILED}),
    # New code for a function that never worked starts it afresh.
    State.FAILED: frozenset({State.PENDING}),
    State.ACTIVE: frozenset(),
}

_UPDATES: Mapping[Update, frozenset[Update]] = {
    Update.IN_PROGRESS: frozenset({Update.SUCCESSFUL, Update.FAILED}),
    Update.SUCCESSFUL: frozenset({Update.IN_PROGRESS}),
    Update.FAILED: frozenset({Update.IN_PROGRESS}),
}


_DIGITS = 10


class IllegalMove(Exception):
    """A status can't follow another."""


class Code(msgspec.Struct, kw_only=True, frozen=True):
    """An archive that is kept: its id, base64 of its SHA-256, its size in bytes."""

    id: str
    sha256: str
    size: int


class Version(Document):
    """The code and configuration of one version of a function; `$LATEST` is one of them.

    `stored` holds parameters that are kept and described, but change nothing here (VpcConfig, …).
    `serving` is the code that invocations get: it differs from `code` while that is unpacked.
    `source` is the fingerprint of the `$LATEST` that a published version was taken from.
    """

    function: str
    version: str
    code: Code
    handler: str
    role: str
    runtime: str
    last_modified: float
    revision_id: str
    serving: Code | None = None
    description: str = ""
    timeout: int = 3
    memory: int = 128
    environment: dict[str, str] = msgspec.field(default_factory=dict)
    ephemeral_storage: int = 512
    architectures: list[str] = msgspec.field(default_factory=lambda: ["x86_64"])
    log_group: str = ""
    stored: dict[str, Any] = msgspec.field(default_factory=dict)
    state: State = State.PENDING
    state_reason: str = "The function is being created."
    state_reason_code: str = "Creating"
    update: Update = Update.IN_PROGRESS
    update_reason: str = ""
    update_reason_code: str = ""
    source: str = ""


class Alias(Document):
    """A name for a version. `weights` is the share of invocations, 0 to 1, that another one gets;
    it has at most one entry."""

    function: str
    name: str
    version: str
    revision_id: str
    description: str = ""
    weights: dict[str, float] = msgspec.field(default_factory=dict)


class Numbers(Document):
    """The last number that a function's versions had. It outlives the function: numbers are not
    used again, even if it is deleted and made anew ("Introduction to Lambda versioning")."""

    last: int


class EventInvokeConfig(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What happens to events that fail. Ages in seconds of policy time."""

    last_modified: float
    retries: int | None = None
    age: int | None = None


class Function(Document):
    """What all versions of a function share. `reserved` is its reserved concurrency. Policies and
    event settings are by qualifier, empty for the function itself."""

    name: str
    reserved: int | None = None
    tags: dict[str, str] = msgspec.field(default_factory=dict)
    policies: dict[str, list[dict[str, Any]]] = msgspec.field(default_factory=dict)
    event_configs: dict[str, EventInvokeConfig] = msgspec.field(default_factory=dict)


def version_key(function: str, version: str) -> str:
    """Under which a version is stored: a space sorts before all that a name can hold, so that keys
    are in the order of the names, and a function's versions are those with the prefix `NAME `.
    `$LATEST` is the first of them, and the others are in the order of their numbers."""
    return f"{function} {version.zfill(_DIGITS) if version.isdecimal() else version}"


def alias_key(function: str, alias: str) -> str:
    """Under which an alias is stored: a function's are those with the prefix `NAME `."""
    return f"{function} {alias}"


def move_state(version: Version, state: State, reason: str = "", code: str = "") -> None:
    """Changes the state. Raises IllegalMove."""
    if state not in _STATES[version.state]:
        raise IllegalMove(f"{version.function}: {version.state} can't become {state}")
    version.state, version.state_reason, version.state_reason_code = state, reason, code


def move_update(version: Version, update: Update, reason: str = "", code: str = "") -> None:
    """Changes LastUpdateStatus. Raises IllegalMove."""
    if update not in _UPDATES[version.update]:
        raise IllegalMove(f"{version.function}: {version.update} can't become {update}")
    version.update, version.update_reason, version.update_reason_code = update, reason, code
