"""AWS's own managed policies, as moto collected them.

They are 5 MB of text that most planes never ask for, so they are read at the first question. The
file is read without importing `moto.iam`, which would bring the whole of moto.
"""

from __future__ import annotations

import importlib.util
import runpy
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path

import msgspec

__all__ = ["AwsManagedPolicy", "aws_managed_policies", "aws_managed_policy"]

_PREFIX = "arn:aws:iam::aws:policy/"
_loading = threading.Lock()


@dataclass(frozen=True, slots=True)
class AwsManagedPolicy:
    """A policy of AWS's; only its default version is known. Times are seconds since the epoch."""

    name: str
    path: str
    arn: str
    created: float
    updated: float
    version: str
    document: str


class _Row(msgspec.Struct):
    CreateDate: datetime
    DefaultVersionId: str
    Document: msgspec.Raw
    Path: str
    UpdateDate: datetime


def aws_managed_policy(arn: str) -> AwsManagedPolicy | None:
    """The policy of that ARN; None, at no cost, for ARNs of an account."""
    if not arn.startswith(_PREFIX):
        return None
    return aws_managed_policies().get(arn)


def aws_managed_policies() -> Mapping[str, AwsManagedPolicy]:
    """All of them by ARN."""
    with _loading:
        return _load()


@lru_cache(maxsize=1)
def _load() -> Mapping[str, AwsManagedPolicy]:
    rows = msgspec.json.decode(_text(), type=dict[str, _Row])
    policies = [
        AwsManagedPolicy(
            name=name,
            path=row.Path,
            arn=f"arn:aws:iam::aws:policy{row.Path}{name}",
            created=row.CreateDate.timestamp(),
            updated=row.UpdateDate.timestamp(),
            version=row.DefaultVersionId,
            document=msgspec.json.format(bytes(row.Document), indent=-1).decode(),
        )
        for name, row in rows.items()
    ]
    return {policy.arn: policy for policy in policies}


def _text() -> str:
    package = importlib.util.find_spec("moto")
    if package is None or package.origin is None:
        raise RuntimeError("moto is not installed, so AWS's managed policies are not known")
    path = Path(package.origin).parent / "iam" / "aws_managed_policies.py"
    text: str = runpy.run_path(str(path))["aws_managed_policies_data"]
    return text
