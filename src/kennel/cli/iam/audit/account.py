"""What an audit looks at: everything of one account, as it is at one moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from kennel.cli.iam.generate.current import Holder
from kennel.policy import NamedPolicy

__all__ = ["AccessKey", "Account", "Bucket", "Function", "Identity"]


@dataclass(frozen=True, slots=True)
class AccessKey:
    """A user's key. Times are seconds since the epoch; `used` is None if it never was."""

    id: str
    active: bool
    created: float
    used: float | None


@dataclass(frozen=True, slots=True)
class Identity:
    """A user or a role. `used` is the last time of a call, None if there never was one; `trust` is
    a role's trust policy; `actions` are those that it took and that the record still has."""

    holder: Holder
    created: float
    used: float | None
    trust: NamedPolicy | None = None
    keys: tuple[AccessKey, ...] = ()
    actions: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Bucket:
    """`shut`: its public access block keeps strangers out, whatever the policy says."""

    name: str
    policy: NamedPolicy | None
    shut: bool

    @property
    def arn(self) -> str:
        return f"arn:aws:s3:::{self.name}"


@dataclass(frozen=True, slots=True)
class Function:
    """`policies` are by qualifier, the empty one being the function's own."""

    name: str
    arn: str
    policies: Mapping[str, NamedPolicy] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Account:
    """One account."""

    id: str
    identities: tuple[Identity, ...] = ()
    buckets: tuple[Bucket, ...] = ()
    functions: tuple[Function, ...] = ()
