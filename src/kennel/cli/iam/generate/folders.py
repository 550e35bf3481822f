"""Objects of a bucket: when many in one folder are asked for, the folder is what is needed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

__all__ = ["Thresholds", "alike_but_for_a_folder", "folders_of"]


@dataclass(frozen=True, slots=True)
class Thresholds:
    """From how many on: objects of a folder, folders of a folder, and objects at the top of a
    bucket, where the pattern would be the whole bucket; `whole_buckets`: from how many patterns of
    any depth on it is the whole bucket."""

    objects: int = 3
    folders: int = 5
    at_the_top: int = 50
    whole_buckets: float = float("inf")


def folders_of(
    keys: Iterable[str], may: Callable[[str], bool], thresholds: Thresholds
) -> Mapping[str, Sequence[str]]:
    """Folder patterns (`data/train/*`) with the keys that each stands for.

    `may` says of a pattern whether it can be allowed. Keys that no folder takes are left out.
    """
    remaining = sorted(set(keys))
    made: dict[str, list[str]] = {}
    # The deepest folders first, so that a folder of folders sees what its own became.
    depth = max((key.count("/") for key in remaining), default=0)
    while depth >= 0:
        children: dict[str, list[str]] = defaultdict(list)
        for key in (*remaining, *made):
            if key.removesuffix("/*").count("/") == depth:
                children[key.removesuffix("/*").rpartition("/")[0]].append(key)
        for folder, members in children.items():
            pattern = f"{folder}/*" if folder else "*"
            if not _is_enough(folder, members, made, thresholds) or not may(pattern):
                continue
            keys_within = [key for member in members for key in made.pop(member, [member])]
            made[pattern] = sorted(keys_within)
            taken = set(members)
            remaining = [key for key in remaining if key not in taken]
        depth -= 1
    if len(made) + len(remaining) >= thresholds.whole_buckets and may("*"):
        return {"*": sorted({*remaining, *(key for within in made.values() for key in within)})}
    return made


def alike_but_for_a_folder(
    patterns: Iterable[str], thresholds: Thresholds
) -> Mapping[str, Sequence[str]]:
    """`output/*/model` for as many of `output/JOB/model` as make up a folder of folders, with what
    each stands for. The first folder, which is most of what a bucket holds, is never the one."""
    groups: dict[str, list[str]] = defaultdict(list)
    for pattern in patterns:
        parts = pattern.split("/")
        for index in range(1, len(parts) - 1):
            if "*" not in parts[index]:
                groups["/".join([*parts[:index], "*", *parts[index + 1 :]])].append(pattern)
    found: dict[str, Sequence[str]] = {}
    taken: set[str] = set()
    for group, members in sorted(groups.items(), key=lambda item: (-len(item[1]), item[0])):
        rest = [one for one in members if one not in taken]
        if len(rest) >= thresholds.folders:
            found[group] = rest
            taken.update(rest)
    return found


def _is_enough(
    folder: str, members: Sequence[str], made: Mapping[str, object], thresholds: Thresholds
) -> bool:
    folders = sum(member in made for member in members)
    objects = len(members) - folders
    if not folder:
        return objects >= thresholds.at_the_top
    return objects >= thresholds.objects or folders >= thresholds.folders
