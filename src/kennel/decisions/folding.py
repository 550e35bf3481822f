"""What stands for many resources."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["patterns_of"]

_HEAD = 5  # arn, partition, service, region, account
_MOST = 8  # levels; of deeper ones the innermost and the outermost


def patterns_of(arn: str) -> Sequence[str]:
    """Patterns that fit the resource and its like, the narrowest first: its folder, the folders
    around it, the bucket or type of resource, the service. `*` has none."""
    parts = arn.split(":", _HEAD)
    if len(parts) <= _HEAD:
        return ()
    head, resource = ":".join(parts[:_HEAD]) + ":", parts[_HEAD]
    cuts = [i + 1 for i, character in enumerate(resource) if character in "/:"]
    if len(cuts) > _MOST:
        cuts = [*cuts[: _MOST - 1], cuts[-1]]
    made = [resource[:cut] + "*" for cut in reversed(cuts)]
    return [head + pattern for pattern in [*made, "*"] if pattern != resource]
