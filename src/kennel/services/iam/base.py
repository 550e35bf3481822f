"""What all of IAM's operations share: the collections, and how entities are found."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Generic, TypeVar
from urllib.parse import quote

from kennel.services.iam.aws_managed import aws_managed_policy
from kennel.services.iam.documents import (
    Account,
    Group,
    Holder,
    InstanceProfile,
    ManagedPolicy,
    Role,
    User,
)
from kennel.services.iam.errors import NoSuchEntityException, UnmodifiableEntityException
from kennel.services.iam.naming import iam_arn
from kennel.services.service import Parts, Service
from kennel.store import Collection, Database

__all__ = ["HolderKind", "IamBase", "key_of", "shown_boundary", "shown_document", "shown_tags"]

_TRACKED_SECONDS = 400 * 86_400.0
"""Wall time; "at least the last 400 days" (GenerateServiceLastAccessedDetails)."""

H = TypeVar("H", bound=Holder)
T = TypeVar("T")


def key_of(name: str) -> str:
    """The store's key of a name: names that differ only in case are one and the same."""
    return name.lower()


def shown_document(text: str) -> str:
    """A policy as IAM's replies carry it: percent-encoded."""
    return quote(text, safe="")


def shown_boundary(arn: str) -> dict[str, str]:
    """A permissions boundary as IAM's replies carry it."""
    return {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn}


def shown_tags(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Tags as IAM's replies carry them."""
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]


@dataclass(frozen=True, slots=True)
class HolderKind(Generic[H]):
    """Users, groups or roles. `inline_limit` is the characters that all inline policies of one
    may have together."""

    noun: str
    collection: Collection[H]
    inline_limit: int

    def get(self, name: str) -> H:
        """The entity of that name. Raises NoSuchEntityException."""
        found = self.collection.get(key_of(name))
        if found is None:
            raise self.missing(name)
        return found

    def get_in(self, connection: sqlite3.Connection, name: str) -> H:
        """The same, inside somebody's write."""
        found = self.collection.get_in(connection, key_of(name))
        if found is None:
            raise self.missing(name)
        return found

    def all(self) -> list[H]:
        """Every one of them."""
        return [document for _, document in self.collection.list()]

    def change_in(
        self, connection: sqlite3.Connection, name: str, change: Callable[[H], None]
    ) -> None:
        """Alters one inside somebody's write. Raises NoSuchEntityException, or
        UnmodifiableEntityException for a service-linked role."""
        found = self.get_in(connection, name)
        if isinstance(found, Role) and found.linked_service:
            raise UnmodifiableEntityException(
                f"Cannot perform the operation on the protected role '{found.name}' - "
                "this role is only modifiable by AWS"
            )
        change(found)
        self.collection.put_in(connection, key_of(name), found)

    def missing(self, name: str) -> NoSuchEntityException:
        """The error for a name that nobody has."""
        return NoSuchEntityException(f"The {self.noun} with name {name} cannot be found.")


class IamBase(Service):
    """The store of AWS Identity and Access Management."""

    name: ClassVar[str] = "iam"

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        database: Database = parts.database
        self._database = database
        # Default quotas, "IAM and AWS STS quotas" in the IAM user guide.
        self._users = HolderKind("user", Collection(database, "iam.users", User), 2_048)
        self._groups = HolderKind("group", Collection(database, "iam.groups", Group), 5_120)
        self._roles = HolderKind("role", Collection(database, "iam.roles", Role), 10_240)
        self._policies = Collection(database, "iam.policies", ManagedPolicy)
        self._profiles = Collection(database, "iam.instance-profiles", InstanceProfile)
        self._account = Collection(database, "iam.account", Account)
        self._policies_version = object()
        # A user's keys are kept by the credential directory; this keeps both sides together.
        self._user_keys_lock = threading.Lock()

    def _now(self) -> float:
        return self.parts.clock.wall()

    def _arn(self, kind: str, path: str, name: str) -> str:
        return iam_arn(self.parts.account_id, kind, path, name)

    def _write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Every change of who there is and what they may goes through here: once it returns,
        nobody decides by what was before."""
        try:
            return self._database.write(work)
        finally:
            self._changed()

    def _changed(self) -> None:
        self._policies_version = object()  # unlike a count, right from many threads

    def _change(self, kind: HolderKind[H], name: str, change: Callable[[H], None]) -> None:
        """Alters one user, group or role. Raises what `change_in` raises."""
        self._write(lambda connection: kind.change_in(connection, name, change))

    def _last_uses(self, holder: Holder) -> Mapping[str, float]:
        """By action, when a user or role last asked for it; not what another did that had the
        name before."""
        if self.parts.decisions is None:
            return {}
        since = max(holder.created, self._now() - _TRACKED_SECONDS)
        return self.parts.decisions.last_uses(holder.arn, since)

    def _policy_exists_in(self, connection: sqlite3.Connection, arn: str) -> bool:
        """Whether a managed policy, the account's own or one of AWS's, has that ARN."""
        return (
            self._policies.get_in(connection, arn) is not None
            or aws_managed_policy(arn) is not None
        )

    def _check_boundary_in(self, connection: sqlite3.Connection, arn: str) -> None:
        """Raises NoSuchEntityException unless `arn` is empty or a managed policy's."""
        if arn and not self._policy_exists_in(connection, arn):
            raise NoSuchEntityException(f"Scope ARN: {arn} does not exist or is not attachable.")
