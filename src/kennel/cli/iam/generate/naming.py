"""Names of statements that read well."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

from kennel.cli.iam.actions import Action, action_reference

__all__ = ["sid_of"]

_SERVICES: Mapping[str, str] = {
    "application-autoscaling": "AutoScaling",
    "cloudwatch": "CloudWatch",
    "ecr": "Ecr",
    "ec2": "Ec2",
    "iam": "Iam",
    "lambda": "Lambda",
    "logs": "Logs",
    "s3": "S3",
    "sagemaker": "SageMaker",
    "sts": "Sts",
}
_LEVELS: Mapping[str, str] = {
    "List": "List",
    "Read": "Read",
    "Write": "Write",
    "Tagging": "Tag",
    "Permissions management": "Manage",
}


def sid_of(actions: Sequence[str], resources: Collection[str], taken: set[str]) -> str:
    """`S3GetObject` for one action, `S3ReadWriteObject` for several. What it gives is added to
    `taken`, where no name is twice."""
    prefix = actions[0].partition(":")[0]
    service = _SERVICES.get(prefix) or _letters(prefix.title())
    if len(actions) == 1:
        name = service + _letters(actions[0].partition(":")[2])
    else:
        known = [one for one in map(action_reference().find, actions) if one is not None]
        found = {one.level for one in known}
        levels = "".join(word for level, word in _LEVELS.items() if level in found)
        name = f"{service}{levels or 'Use'}{_noun(known, resources)}"
    sid, number = name, 2
    while sid in taken:
        sid, number = f"{name}{number}", number + 1
    taken.add(sid)
    return sid


def _noun(actions: Sequence[Action], resources: Collection[str]) -> str:
    """The type of the resources, if it is one."""
    if not actions or "*" in resources:
        return ""
    example = min(resources)
    for arn, kind in zip(actions[0].arns, actions[0].types, strict=False):
        pattern = re.escape(arn).replace(r"\*", ".*")
        if re.fullmatch(pattern, example):
            return _letters(kind.title())
    return ""


def _letters(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9]", "", text)
