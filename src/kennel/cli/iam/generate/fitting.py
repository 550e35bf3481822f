"""From recorded calls to documents that fit: with wider folders if they must be, or in pieces."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kennel.cli.iam.generate.calls import Calls
from kennel.cli.iam.generate.folders import Thresholds
from kennel.cli.iam.generate.grants import Granted, grants_of
from kennel.cli.iam.generate.kept import Kept
from kennel.cli.iam.generate.statements import Document, document_size, split, statements_of

__all__ = ["INLINE_LIMITS", "MANAGED_LIMIT", "Generated", "generate"]

MANAGED_LIMIT = 6_144
INLINE_LIMITS = {"role": 10_240, "user": 2_048, "root": MANAGED_LIMIT}
"""Characters without white space, of all inline policies of one holder together. Source: "IAM and
AWS STS quotas"."""

_TIGHTER = (
    Thresholds(),
    Thresholds(objects=2, folders=3, at_the_top=20),
    Thresholds(objects=2, folders=2, at_the_top=2, whole_buckets=20),
)


@dataclass(frozen=True, slots=True)
class Generated:
    """The documents, what they were made from, and what had to be done so that they fit."""

    documents: Sequence[Document]
    granted: Granted
    notes: Sequence[str]

    @property
    def sizes(self) -> list[int]:
        """Characters of each document."""
        return [document_size(one) for one in self.documents]


def generate(
    calls: Calls,
    limit: int,
    kept: Kept = Kept(),  # noqa: B008 - frozen
    *,
    exact: bool = False,
) -> Generated:
    """The smallest policy that the wanted calls need, with what is kept, in documents of at most
    `limit` characters.

    Objects are folded into ever wider folders until one document is enough; if none of that helps,
    and with `exact`, there are several.
    """
    best: Generated | None = None
    for step, thresholds in enumerate(_TIGHTER[:1] if exact else _TIGHTER):
        granted = grants_of(calls, kept.scopes, exact=exact, thresholds=thresholds)
        allows = statements_of(granted.grants, (one.sid for one in kept.denials))
        documents = split([*allows, *kept.denials], limit)
        notes = list(kept.notes)
        if step:
            notes.append(
                "Object keys are folded further than their number asks for, so that the policy "
                f"has at most {limit:,} characters."
            )
        if best is None or len(documents) < len(best.documents):
            best = Generated(documents, granted, notes)
        if len(documents) <= 1:
            break
    assert best is not None
    if len(best.documents) > 1:
        note = f"One policy may have {limit:,} characters, so there are {len(best.documents)}."
        return Generated(best.documents, best.granted, [*best.notes, note])
    return best
