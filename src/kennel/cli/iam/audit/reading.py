"""Asks the plane for all that an audit looks at."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from kennel.cli.connection import Connection, aws_errors
from kennel.cli.errors import CommandError
from kennel.cli.iam.audit.account import AccessKey, Account, Bucket, Function, Identity
from kennel.cli.iam.generate.calls import since_made, sort_calls
from kennel.cli.iam.generate.current import read_holder
from kennel.cli.iam.recorded import read_decisions
from kennel.decisions import RecordedDecision
from kennel.policy import NamedPolicy, PolicyError, PolicyKind, PolicyType, parse_policy

__all__ = ["read_account"]

_OF_SERVICES = "/aws-service-role/"  # the path of roles that belong to AWS's services


def read_account(plane: Connection) -> Account:
    """Everything of the plane's account. Raises CommandError."""
    recorded: defaultdict[str, list[RecordedDecision]] = defaultdict(list)
    for one in read_decisions(plane):
        recorded[one.holder].append(one)
    with aws_errors():
        return Account(
            id=plane.client("sts").get_caller_identity()["Account"],
            identities=tuple(_identities(plane.client("iam"), recorded)),
            buckets=tuple(_buckets(plane.client("s3"))),
            functions=tuple(_functions(plane.client("lambda"))),
        )


def _identities(iam: Any, recorded: Mapping[str, Sequence[RecordedDecision]]) -> Iterator[Identity]:
    for page in iam.get_paginator("list_users").paginate():
        for user in page["Users"]:
            arn = user["Arn"]
            calls = since_made(recorded.get(arn, ()), user["CreateDate"].timestamp())
            yield Identity(
                holder=read_holder(iam, arn),
                created=user["CreateDate"].timestamp(),
                used=_last(calls),
                keys=tuple(_keys(iam, user["UserName"])),
                actions=_needed(calls),
            )
    for page in iam.get_paginator("list_roles").paginate():
        for role in page["Roles"]:
            if role["Path"].startswith(_OF_SERVICES):
                continue
            arn, name = role["Arn"], role["RoleName"]
            calls = since_made(recorded.get(arn, ()), role["CreateDate"].timestamp())
            seen = iam.get_role(RoleName=name)["Role"].get("RoleLastUsed", {}).get("LastUsedDate")
            moments = [_last(calls), seen and seen.timestamp()]
            trust = json.dumps(role["AssumeRolePolicyDocument"])
            yield Identity(
                holder=read_holder(iam, arn),
                created=role["CreateDate"].timestamp(),
                used=max((one for one in moments if one), default=None),
                trust=_policy(PolicyType.TRUST, "trust policy", arn, trust, PolicyKind.TRUST),
                actions=_needed(calls),
            )


def _last(calls: Sequence[RecordedDecision]) -> float | None:
    return max((one.last for one in calls), default=None)


def _needed(calls: Sequence[RecordedDecision]) -> frozenset[str]:
    """The actions that `kennel iam generate` would put into a policy."""
    return frozenset(one.action.lower() for one in sort_calls(calls).wanted)


def _keys(iam: Any, user: str) -> Iterator[AccessKey]:
    for page in iam.get_paginator("list_access_keys").paginate(UserName=user):
        for key in page["AccessKeyMetadata"]:
            used = iam.get_access_key_last_used(AccessKeyId=key["AccessKeyId"])
            moment = used["AccessKeyLastUsed"].get("LastUsedDate")
            yield AccessKey(
                key["AccessKeyId"],
                key["Status"] == "Active",
                key["CreateDate"].timestamp(),
                moment.timestamp() if moment else None,
            )


def _buckets(s3: Any) -> Iterator[Bucket]:
    for bucket in s3.list_buckets()["Buckets"]:
        name = bucket["Name"]
        text = _unless_none(lambda name=name: s3.get_bucket_policy(Bucket=name)["Policy"])
        block = _unless_none(lambda name=name: s3.get_public_access_block(Bucket=name)) or {}
        shut = block.get("PublicAccessBlockConfiguration", {}).get("RestrictPublicBuckets", False)
        policy = text and _policy(
            PolicyType.RESOURCE, "bucket policy", f"arn:aws:s3:::{name}", text
        )
        yield Bucket(name, policy or None, shut)


def _functions(functions: Any) -> Iterator[Function]:
    for page in functions.get_paginator("list_functions").paginate():
        for function in page["Functions"]:
            name, arn = function["FunctionName"], function["FunctionArn"]
            versions = functions.get_paginator("list_versions_by_function")
            aliases = functions.get_paginator("list_aliases")
            numbers = [
                one["Version"]
                for found in versions.paginate(FunctionName=name)
                for one in found["Versions"]
                if one["Version"] != "$LATEST"
            ]
            names = [
                one["Name"]
                for found in aliases.paginate(FunctionName=name)
                for one in found["Aliases"]
            ]
            policies = {}
            for qualifier in ("", *numbers, *names):
                of = {"FunctionName": name, **({"Qualifier": qualifier} if qualifier else {})}
                text = _unless_none(lambda of=of: functions.get_policy(**of)["Policy"])
                if text:
                    holder = f"{arn}:{qualifier}" if qualifier else arn
                    policies[qualifier] = _policy(
                        PolicyType.RESOURCE, "function policy", holder, text
                    )
            yield Function(name, arn, policies)


_NOTHING_THERE = frozenset(
    {"NoSuchBucketPolicy", "NoSuchPublicAccessBlockConfiguration", "ResourceNotFoundException"}
)


def _unless_none(ask: Any) -> Any:
    """The answer; None where AWS says that there is no such thing."""
    from botocore.exceptions import ClientError

    try:
        return ask()
    except ClientError as error:
        if error.response["Error"]["Code"] in _NOTHING_THERE:
            return None
        raise


def _policy(
    type_: PolicyType, name: str, holder: str, text: str, kind: PolicyKind = PolicyKind.RESOURCE
) -> NamedPolicy:
    try:
        return NamedPolicy(type_, name, holder, parse_policy(text, kind))
    except PolicyError as error:
        raise CommandError(f"The {name} of {holder} can't be read: {error}") from None
