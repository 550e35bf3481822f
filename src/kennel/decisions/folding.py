"""What stands for many resources."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["patterns_of"]

_HEAD = 5  # arn, partition, service, region, account


def patterns_of(arn: str) -> Sequence[str]:
    """Patterns that fit the resource and its like, the narrowest first: the same folder, the same
    bucket or type of resource, the same service. `*` has none."""
    parts = arn.split(":", _HEAD)
    if len(parts) <= _HEAD:
        return ()
    head, resource = ":".join(parts[:_HEAD]) + ":", parts[_HEAD]
    cuts = [i + 1 for i, character in enumerate(resource) if character in "/:"]
    made = [resource[:cut] + "*" for cut in ([cuts[-1], cuts[0]] if cuts else [])]
    unique = dict.fromkeys([*made, "*"])
    return [head + pattern for pattern in unique if pattern != resource]
