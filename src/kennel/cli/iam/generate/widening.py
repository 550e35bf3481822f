"""From the resources of one action to the patterns that a policy names, each with its reason."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from functools import partial

from kennel.cli.iam.generate.folders import Thresholds, alike_but_for_a_folder, folders_of
from kennel.cli.iam.generate.patterns import escaped, fits, widest
from kennel.cli.iam.generate.varying import numbered, without_random_parts, without_times

__all__ = ["Widened", "Widening", "widen", "widen_values"]

_STREAM = ":log-stream:"
_BUCKETS = "arn:aws:s3:::"
_HEAD = 5  # arn, partition, service, region, account


@dataclass(frozen=True, slots=True)
class Widening:
    """A pattern with a wildcard, what it stands for, and why."""

    pattern: str
    stands_for: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Widened:
    """What a policy names, and the reasons of the wildcards among it."""

    patterns: frozenset[str]
    widenings: tuple[Widening, ...]


class _Patterns:
    """Patterns by what they stand for, grown rule by rule. A rule's pattern that would let in what
    was denied is not taken."""

    def __init__(self, names: Iterable[str], denied: Collection[str]) -> None:
        self.members: dict[str, set[str]] = {escaped(name): {name} for name in names}
        self.reasons: dict[str, str] = {}
        self._denied = denied

    def may(self, pattern: str) -> bool:
        return not any(fits(pattern, name) for name in self._denied)

    def replace(self, olds: Collection[str], pattern: str, reason: str) -> None:
        """`pattern` takes the place of others, if it may."""
        if not self.may(pattern) or set(olds) == {pattern}:
            return
        taken: set[str] = set()
        for old in olds:
            taken |= self.members.pop(old, set())
            self.reasons.pop(old, None)
        self.members.setdefault(pattern, set()).update(taken)
        self.reasons[pattern] = reason

    def each(self, change: Callable[[str], str], reason: str) -> None:
        """Replaces each pattern by what `change` makes of it."""
        for pattern in list(self.members):
            changed = change(pattern)
            if changed != pattern:
                self.replace([pattern], changed, reason)

    def alike(self, change: Callable[[str], str], reason: str) -> None:
        """Replaces patterns by what `change` makes of them where it makes the same of several."""
        groups: dict[str, list[str]] = defaultdict(list)
        for pattern in self.members:
            groups[change(pattern)].append(pattern)
        for changed, olds in groups.items():
            if len(olds) > 1:
                self.replace(olds, changed, f"{len(olds)} {reason}")

    def result(self) -> Widened:
        kept = widest(self.members)
        return Widened(
            kept,
            tuple(
                Widening(pattern, tuple(sorted(self.members[pattern])), self.reasons[pattern])
                for pattern in sorted(kept & self.reasons.keys())
            ),
        )


def widen(
    resources: Collection[str],
    denied: Collection[str] = (),
    thresholds: Thresholds = Thresholds(),  # noqa: B008 - frozen
) -> Widened:
    """Patterns for ARNs. Wildcards stand only where names vary; never so that one fits a resource
    that was `denied` to the same action."""
    made = _Patterns(resources, denied)
    made.each(_any_stream, "log streams are made anew by every process that writes")
    made.each(_whole_group, "AWS wants a log group's ARN to end so in policies")
    made.each(_in_name(without_times), "the name holds a time, new with each run")
    made.alike(_in_name(without_random_parts), "names differ in a random part alone")
    _count_up(made, [one for one in made.members if not one.startswith(_BUCKETS) and one != "*"])
    _gather_objects(made, thresholds)
    return made.result()


def widen_values(values: Collection[str], most: int = 5) -> Widened:
    """Patterns for values of a condition key that are paths, such as prefixes of object keys."""
    made = _Patterns(values, ())
    made.each(without_times, "the value holds a time, new with each run")
    made.alike(without_random_parts, "values differ in a random part alone")
    for pattern, olds in folders_of(made.members, made.may, Thresholds()).items():
        made.replace(olds, pattern, f"{len(olds)} values lie below it")
    if len(made.members) > most:
        start = _common_start(list(made.members))
        made.replace(list(made.members), f"{start}*", f"{len(made.members)} values begin so")
    return made.result()


def _any_stream(pattern: str) -> str:
    group, stream, name = pattern.partition(_STREAM)
    return f"{group}{stream}*" if name else pattern


def _whole_group(pattern: str) -> str:
    return f"{pattern.removesuffix(_STREAM)}:*" if pattern.endswith(_STREAM) else pattern


def _in_name(change: Callable[[str], str]) -> Callable[[str], str]:
    """The change, on what follows the account of an ARN alone."""

    def changed(arn: str) -> str:
        parts = arn.split(":", _HEAD)
        if len(parts) <= _HEAD:
            return arn
        name = parts[_HEAD]
        if arn.startswith(_BUCKETS):  # a bucket is there before the run that uses it
            bucket, slash, key = name.partition("/")
            name = bucket + slash + change(key)
        else:
            name = change(name)
        return ":".join([*parts[:_HEAD], name])

    return changed


def _count_up(made: _Patterns, patterns: Collection[str]) -> None:
    for pattern, olds in numbered(patterns).items():
        made.replace(olds, pattern, f"{len(olds)} names differ in a number alone")


def _gather_objects(made: _Patterns, thresholds: Thresholds) -> None:
    for head, keys in _buckets(made).items():
        for folder, within in folders_of(keys, partial(_may, made, head), thresholds).items():
            olds = [head + key for key in within]
            count = sum(len(made.members[old]) for old in olds)
            made.replace(olds, head + folder, f"{count} objects below it were used")
    before = -1
    while before != len(made.members):  # what differed in two folders now differs in one
        before = len(made.members)
        for head, keys in _buckets(made).items():
            for pattern, within in alike_but_for_a_folder(keys, thresholds).items():
                olds = [head + key for key in within]
                made.replace(olds, head + pattern, f"{len(olds)} names differ in a folder alone")


def _buckets(made: _Patterns) -> dict[str, list[str]]:
    """Patterns of keys by the bucket's ARN with its slash."""
    buckets: dict[str, list[str]] = defaultdict(list)
    for pattern in made.members:
        bucket, slash, key = pattern.removeprefix(_BUCKETS).partition("/")
        if slash and key and pattern.startswith(_BUCKETS):
            buckets[f"{_BUCKETS}{bucket}/"].append(key)
    return buckets


def _may(made: _Patterns, head: str, folder: str) -> bool:
    return made.may(head + folder)


def _common_start(values: list[str]) -> str:
    first, last = min(values), max(values)
    length = next(
        (i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b),
        min(len(first), len(last)),
    )
    return first[:length].split("*")[0]
