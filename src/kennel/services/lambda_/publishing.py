"""Versions: immutable snapshots of `$LATEST`'s code and configuration.

Publishing an unchanged `$LATEST` again gives the version that is there ("Creating function
versions"). Numbers count up and are never used twice.
"""

from __future__ import annotations

import hashlib
import uuid
from typing import TYPE_CHECKING

import msgspec

from kennel.services.lambda_.document import (
    Numbers,
    State,
    Update,
    Version,
    version_key,
)
from kennel.store import Collection

if TYPE_CHECKING:
    import sqlite3

__all__ = ["fingerprint", "publish_in", "snapshot"]


def fingerprint(version: Version) -> str:
    """Equal for two versions that are the same in code and configuration."""
    content = (
        version.code.sha256,
        version.handler,
        version.role,
        version.runtime,
        version.description,
        version.timeout,
        version.memory,
        version.environment,
        version.ephemeral_storage,
        version.architectures,
        version.log_group,
        version.stored,
    )
    return hashlib.sha256(msgspec.json.encode(content, order="deterministic")).hexdigest()


def snapshot(latest: Version, number: int, description: str | None) -> Version:
    """A version as `$LATEST` is now. It is Active if `$LATEST`'s code is unpacked, else Pending.
    `description` replaces `$LATEST`'s unless it is None."""
    version = msgspec.structs.replace(
        latest,
        version=str(number),
        revision_id=str(uuid.uuid4()),
        description=latest.description if description is None else description,
        environment=dict(latest.environment),
        architectures=list(latest.architectures),
        stored=dict(latest.stored),
        source=fingerprint(latest),
        serving=None,
        state=State.PENDING,
        state_reason="The function is being created.",
        state_reason_code="Creating",
        update=Update.IN_PROGRESS,
        update_reason="",
        update_reason_code="",
    )
    if latest.update is Update.SUCCESSFUL and latest.serving == latest.code:
        version.serving = version.code
        version.state, version.state_reason, version.state_reason_code = State.ACTIVE, "", ""
        version.update = Update.SUCCESSFUL
    return version


def publish_in(
    connection: sqlite3.Connection,
    versions: Collection[Version],
    numbers: Collection[Numbers],
    latest: Version,
    description: str | None = None,
) -> Version:
    """The version that `latest` is from now on: a new one, or the last if that is the same.
    `latest` gets another revision then, and is not stored here."""
    name = latest.function
    counted = numbers.get_in(connection, name) or Numbers(last=0)
    last = versions.get_in(connection, version_key(name, str(counted.last)))
    if last is not None and _is_same(last, latest):
        return last
    counted.last += 1
    numbers.put_in(connection, name, counted)
    version = snapshot(latest, counted.last, description)
    versions.put_in(connection, version_key(name, version.version), version)
    # [O] $LATEST has another RevisionId after it was published.
    latest.revision_id = str(uuid.uuid4())
    return version


def _is_same(last: Version, latest: Version) -> bool:
    return last.state is not State.FAILED and last.source == fingerprint(latest)
