"""AWS's own managed policies, as moto collected them.

They are 5 MB of text, so the file is read at each question that is new (15 ms), and only the
policies that were asked for stay in memory. It is read without importing `moto.iam`, which would
bring the whole of moto.
"""

from __future__ import annotations

import ast
import importlib.util
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path

import msgspec

__all__ = ["AwsManagedPolicy", "aws_managed_policies", "aws_managed_policy"]

_PREFIX = "arn:aws:iam::aws:policy/"
_KEPT = 64


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
    return _one(arn) if arn.startswith(_PREFIX) else None


def aws_managed_policies() -> Mapping[str, AwsManagedPolicy]:
    """All of them by ARN; 60 ms, and some MB while the caller holds them."""
    rows = msgspec.json.decode(_text(), type=dict[str, _Row])
    policies = [_policy(name, row) for name, row in rows.items()]
    return {policy.arn: policy for policy in policies}


@lru_cache(maxsize=_KEPT)
def _one(arn: str) -> AwsManagedPolicy | None:
    name = arn.rpartition("/")[2]
    text = _text()
    key = f"\n {json.dumps(name)}:"  # a policy's name stands one blank in, and nothing else does
    place = text.find(key)
    if place < 0:
        return None
    _, end = json.JSONDecoder().raw_decode(text, place + len(key))
    policy = _policy(name, msgspec.json.decode(text[place + len(key) : end], type=_Row))
    return policy if policy.arn == arn else None


def _policy(name: str, row: _Row) -> AwsManagedPolicy:
    return AwsManagedPolicy(
        name=name,
        path=row.Path,
        arn=f"{_PREFIX[:-1]}{row.Path}{name}",
        created=row.CreateDate.timestamp(),
        updated=row.UpdateDate.timestamp(),
        version=row.DefaultVersionId,
        document=msgspec.json.format(bytes(row.Document), indent=-1).decode(),
    )


def _text() -> str:
    """The JSON in moto's module, which is one string literal."""
    package = importlib.util.find_spec("moto")
    if package is None or package.origin is None:
        raise RuntimeError("moto is not installed, so AWS's managed policies are not known")
    path = Path(package.origin).parent / "iam" / "aws_managed_policies.py"
    literal = path.read_text(encoding="utf-8").partition("=")[2].strip()
    if "\\" in literal:  # none has any, so none need be read as Python, which takes 30 MB
        return str(ast.literal_eval(literal))
    return literal.strip('"')
