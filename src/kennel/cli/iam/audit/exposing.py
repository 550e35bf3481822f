"""Rules on what strangers reach: buckets and functions."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from kennel.cli.iam.audit.account import Account, Bucket, Function
from kennel.cli.iam.audit.finding import Finding, Rule, Severity
from kennel.cli.iam.audit.probes import UNNAMED, lets_strangers
from kennel.policy import NamedPolicy, Statement

__all__ = ["RULES", "buckets", "functions"]

WRITES = Rule("public-writes", Severity.CRITICAL, "Anyone may change the bucket or its objects")
READS = Rule("public-reads", Severity.HIGH, "Anyone may read or list the bucket")
INVOKES = Rule("public-function", Severity.CRITICAL, "Anyone may invoke the function")
DEPUTY = Rule("service-invokes-for-anyone", Severity.MEDIUM, "A service invokes for any account")
RULES = (WRITES, READS, INVOKES, DEPUTY)

_WRITES = ("s3:PutObject", "s3:DeleteObject", "s3:PutBucketPolicy", "s3:DeleteBucket")
_READS = ("s3:GetObject", "s3:ListBucket")
_OF_OBJECTS = frozenset({"s3:PutObject", "s3:DeleteObject", "s3:GetObject"})
_SOURCE_KEYS = {"aws:sourceaccount", "aws:sourcearn", "aws:sourceorgid", "aws:principalorgid"}


def buckets(account: Account) -> Iterator[Finding]:
    """Buckets whose policy lets an unsigned request in, from anywhere."""
    for bucket in account.buckets:
        if bucket.policy is None or bucket.shut:
            continue
        for rule, asked in ((WRITES, _WRITES), (READS, _READS)):
            actions = [one for one in asked if _reached(bucket, bucket.policy, one, account.id)]
            if actions:
                text = f"its policy allows {', '.join(actions)} to anyone"
                yield Finding(rule, bucket.arn, text, _shut(bucket))


def _reached(bucket: Bucket, policy: NamedPolicy, action: str, account: str) -> bool:
    resource = f"{bucket.arn}/{UNNAMED}" if action in _OF_OBJECTS else bucket.arn
    return bool(lets_strangers(policy, action, resource, account))


def _shut(bucket: Bucket) -> str:
    settings = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
    return (
        f"aws s3api put-public-access-block --bucket {shlex.quote(bucket.name)} "
        f"--public-access-block-configuration {','.join(f'{one}=true' for one in settings)}"
    )


def functions(account: Account) -> Iterator[Finding]:
    """Functions that strangers may invoke, directly or by URL, and services for strangers."""
    for function in account.functions:
        for qualifier, policy in function.policies.items():
            sids = dict.fromkeys(
                sid
                for action in ("lambda:InvokeFunction", "lambda:InvokeFunctionUrl")
                for sid in lets_strangers(
                    policy,
                    action,
                    policy.holder,
                    account.id,
                    lambda_FunctionUrlAuthType="NONE",
                )
            )
            for sid in sids:
                text = f"statement {sid} of its policy lets anyone invoke it"
                yield Finding(INVOKES, policy.holder, text, _remove(function, qualifier, sid))
            for one in policy.document.statements:
                services = one.principals.get("Service", ())
                if one.allow and services and not _keys(one) & _SOURCE_KEYS:
                    text = (
                        f"statement {one.sid} lets {', '.join(services)} invoke it "
                        "for whichever account asks"
                    )
                    mend = f"{_remove(function, qualifier, one.sid)} && aws lambda add-permission "
                    mend += f"{_of(function, qualifier)} --statement-id {shlex.quote(one.sid)} "
                    mend += f"--action lambda:InvokeFunction --principal {services[0]} "
                    mend += f"--source-account {account.id}"
                    yield Finding(DEPUTY, policy.holder, text, mend)


def _keys(statement: Statement) -> set[str]:
    return {key.lower() for tests in statement.conditions.values() for key in tests}


def _of(function: Function, qualifier: str) -> str:
    of = f"--function-name {shlex.quote(function.name)}"
    return of + (f" --qualifier {shlex.quote(qualifier)}" if qualifier else "")


def _remove(function: Function, qualifier: str, sid: str) -> str:
    return (
        f"aws lambda remove-permission {_of(function, qualifier)} --statement-id {shlex.quote(sid)}"
    )
