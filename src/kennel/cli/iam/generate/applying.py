"""Putting generated policies in the place of the ones that were there."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from kennel.cli.errors import UsageError
from kennel.cli.iam.generate.current import Holder
from kennel.cli.iam.generate.fitting import INLINE_LIMITS
from kennel.cli.iam.generate.statements import Document, document_size

__all__ = ["apply"]


def apply(iam: Any, holder: Holder, name: str, documents: Sequence[Document]) -> Iterator[str]:
    """Puts them in place and takes the others away; says each step, and of an inline policy that
    goes what it was. Old inline policies go first, as old and new together might be too long.

    Groups are left: their policies are others' too. Raises UsageError before it changes anything,
    botocore's ClientError.
    """
    if holder.is_root:
        raise UsageError("The root takes no policies; leave --apply away.")
    if holder.is_gone:
        raise UsageError(f"The {holder.kind} {holder.name} was deleted; leave --apply away.")
    if sum(map(document_size, documents)) > INLINE_LIMITS[holder.kind]:
        limit = INLINE_LIMITS[holder.kind]
        raise UsageError(
            f"All inline policies of a {holder.kind} together may have {limit:,} characters, and "
            "these have more. Leave --apply away and make managed policies of them."
        )
    return _apply(iam, holder, name, documents)


def _apply(iam: Any, holder: Holder, name: str, documents: Sequence[Document]) -> Iterator[str]:
    kind, of = holder.kind, {f"{holder.kind.title()}Name": holder.name}
    names = [name if len(documents) == 1 else f"{name}-{n + 1}" for n in range(len(documents))]
    outgrown = [policy for policy in holder.inline if policy not in names]
    for policy in outgrown:
        document = getattr(iam, f"get_{kind}_policy")(**of, PolicyName=policy)["PolicyDocument"]
        yield f"Taking away the inline policy {policy}: {json.dumps(document)}"
    for policy in outgrown:
        getattr(iam, f"delete_{kind}_policy")(**of, PolicyName=policy)
    for label, document in zip(names, documents, strict=True):
        getattr(iam, f"put_{kind}_policy")(
            **of, PolicyName=label, PolicyDocument=json.dumps(document)
        )
        yield f"Put the inline policy {label}."
    for arn in holder.attached:
        getattr(iam, f"detach_{kind}_policy")(**of, PolicyArn=arn)
        yield f"Detached {arn}."
    for group in holder.groups:
        yield f"Left in the group {group}, whose policies go on allowing."
