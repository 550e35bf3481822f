"""`kennel iam audit` over the wire: it finds what is wrong, and not what is like it but right."""

from __future__ import annotations

import contextlib
import io
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import boto3
import pytest

from kennel.cli.main import main
from tests.integration.functions import archive
from tests.planes import Plane, clean_environment
from tests.roles import policy

ACCOUNT = "000000000000"
FOREIGN = "222222222222"
AWS = "arn:aws:iam::aws:policy/"


def _allow(action: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def _trust(principal: Any, **condition: Any) -> dict[str, Any]:
    made = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    return policy({**made, **({"Condition": condition} if condition else {})})


_LAMBDA = _trust({"Service": "lambda.amazonaws.com"}, StringEquals={"aws:SourceAccount": ACCOUNT})
_TO_SAGEMAKER = {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}

# Roles by name: inline statements, and the rules that are to find them.
GRANTED: dict[str, tuple[list[dict[str, Any]], set[str]]] = {
    "inline-admin": ([_allow("*")], {"allows-everything"}),
    "all-but-iam": (
        [{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}],
        {"allows-everything", "allows-all-but"},
    ),
    "takes-over": ([_allow("iam:PutRolePolicy")], {"can-take-over", "any-resource"}),
    "passes-all": ([_allow("iam:PassRole")], {"passes-any-role", "any-resource"}),
    "passes-to-one": (
        [_allow("iam:PassRole", Condition=_TO_SAGEMAKER)],
        {"passes-any-role-to-one"},
    ),
    "all-of-s3": ([_allow("s3:*")], {"all-actions-of-service"}),
    "puts-anywhere": ([_allow("s3:PutObject")], {"any-resource"}),
    # The right ones.
    "denies-all-but": ([{"Effect": "Deny", "NotAction": "iam:*", "Resource": "*"}], set()),
    "takes-over-its-own": (
        [_allow("iam:PutRolePolicy", f"arn:aws:iam::{ACCOUNT}:role/own")],
        set(),
    ),
    "may-not-take-over": (
        [
            _allow("iam:PutRolePolicy"),
            {"Effect": "Deny", "Action": "iam:*", "Resource": "*"},
        ],
        {"any-resource"},
    ),
    "passes-its-own": ([_allow("iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role/own")], set()),
    "all-of-a-bucket": ([_allow("s3:*", ["arn:aws:s3:::b", "arn:aws:s3:::b/*"])], set()),
    "lists-buckets": ([_allow("s3:ListAllMyBuckets")], set()),
}
TRUSTED: dict[str, tuple[dict[str, Any], set[str]]] = {
    "for-anyone": (_trust("*"), {"anyone-assumes"}),
    "for-outsiders": (_trust({"AWS": FOREIGN}), {"outsider-assumes"}),
    "for-a-service": (_trust({"Service": "lambda.amazonaws.com"}), {"service-for-anyone"}),
    # The right ones.
    "for-the-account": (_trust({"AWS": ACCOUNT}), set()),
    "for-ours": (_trust("*", StringEquals={"aws:PrincipalAccount": ACCOUNT}), set()),
    "for-who-knows": (
        _trust({"AWS": FOREIGN}, StringEquals={"sts:ExternalId": "secret"}),
        set(),
    ),
}
ATTACHED: dict[str, tuple[str, set[str]]] = {
    "administrator": ("AdministratorAccess", {"allows-everything"}),
    "full-access": ("AmazonS3FullAccess", {"full-access-policy"}),
    "full-access-of-parts": (
        "AmazonSageMakerFullAccess",
        {"full-access-policy", "passes-any-role-to-one"},
    ),
    "reader": ("AmazonS3ReadOnlyAccess", set()),
}
BUCKETS: dict[str, tuple[dict[str, Any], set[str]]] = {
    "open-to-read": (_allow("s3:GetObject", "arn:aws:s3:::open-to-read/*"), {"public-reads"}),
    "open-to-write": (_allow("s3:PutObject", "arn:aws:s3:::open-to-write/*"), {"public-writes"}),
    # The right ones.
    "for-office": (
        _allow(
            "s3:GetObject",
            "arn:aws:s3:::for-office/*",
            Condition={"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}},
        ),
        set(),
    ),
    "shut-after-all": (_allow("s3:GetObject", "arn:aws:s3:::shut-after-all/*"), set()),
}


@pytest.fixture(scope="module")
def plane(module_plane_factory) -> Plane:
    made: Plane = module_plane_factory("--iam", "enforce")
    return made


@pytest.fixture(scope="module")
def account(plane: Plane) -> Plane:
    _roles(plane.client("iam"))
    s3 = plane.client("s3")
    for bucket, (statement, _) in BUCKETS.items():
        s3.create_bucket(Bucket=bucket)
        s3.delete_public_access_block(Bucket=bucket)  # it would refuse such a policy
        document = json.dumps(policy({**statement, "Principal": "*"}))
        s3.put_bucket_policy(Bucket=bucket, Policy=document)
    s3.put_public_access_block(
        Bucket="shut-after-all",
        PublicAccessBlockConfiguration={"RestrictPublicBuckets": True},
    )
    _function(plane.client("lambda"))
    _user(plane, "wide", "s3:*")
    _guest(plane)
    key = _user(plane, "narrow", "s3:ListAllMyBuckets")
    plane.client("iam").update_access_key(UserName="narrow", AccessKeyId=key, Status="Inactive")
    return plane


def _roles(iam: Any) -> None:
    def make(name: str, trust: dict[str, Any]) -> None:
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))

    for name, (statements, _) in GRANTED.items():
        make(name, _LAMBDA)
        document = json.dumps(policy(*statements))
        iam.put_role_policy(RoleName=name, PolicyName="inline", PolicyDocument=document)
    for name, (trust, _) in TRUSTED.items():
        make(name, trust)
    for name, (managed, _) in ATTACHED.items():
        make(name, _LAMBDA)
        iam.attach_role_policy(RoleName=name, PolicyArn=AWS + managed)
    make("bounded", _LAMBDA)
    iam.attach_role_policy(RoleName="bounded", PolicyArn=AWS + "AdministratorAccess")
    iam.put_role_permissions_boundary(
        RoleName="bounded", PermissionsBoundary=AWS + "AmazonS3ReadOnlyAccess"
    )


def _function(functions: Any) -> None:
    functions.create_function(
        FunctionName="classify",
        Runtime="python3.11",
        Handler="main.handle",
        Role=f"arn:aws:iam::{ACCOUNT}:role/reader",
        Code={"ZipFile": archive({"main.py": "def handle(event, context): return 1"})},
    )
    for sid, of in (
        ("stranger", {"Principal": "*"}),
        ("s3", {"Principal": "s3.amazonaws.com"}),
        # The right ones.
        ("partner", {"Principal": FOREIGN}),
        ("s3-for-us", {"Principal": "s3.amazonaws.com", "SourceAccount": ACCOUNT}),
    ):
        functions.add_permission(
            FunctionName="classify", StatementId=sid, Action="lambda:InvokeFunction", **of
        )


def _guest(plane: Plane) -> None:
    """A user whose one call the bucket's policy allows: no policy of its own is the better for
    what `generate` makes of that."""
    iam, s3 = plane.client("iam"), plane.client("s3")
    user = iam.create_user(UserName="guest")["User"]["Arn"]
    document = json.dumps(policy(_allow("sagemaker:List*")))
    iam.put_user_policy(UserName="guest", PolicyName="inline", PolicyDocument=document)
    s3.create_bucket(Bucket="for-guests")
    statement = _allow("s3:ListBucket", "arn:aws:s3:::for-guests", Principal={"AWS": user})
    s3.put_bucket_policy(Bucket="for-guests", Policy=json.dumps(policy(statement)))
    key = iam.create_access_key(UserName="guest")["AccessKey"]
    _client(plane, key).list_objects_v2(Bucket="for-guests")


def _client(plane: Plane, key: Mapping[str, str]) -> Any:
    return boto3.client(
        "s3",
        endpoint_url=plane.url,
        region_name="eu-west-1",
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
    )


def _user(plane: Plane, name: str, action: str) -> str:
    """Makes a user that has called S3 once; returns its key's ID."""
    iam = plane.client("iam")
    iam.create_user(UserName=name)
    document = json.dumps(policy(_allow(action)))
    iam.put_user_policy(UserName=name, PolicyName="inline", PolicyDocument=document)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    _client(plane, key).list_buckets()
    return str(key["AccessKeyId"])


def _audit(plane: Plane, *options: str) -> tuple[int, str]:
    """Exit code and standard output, without the start of another interpreter."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        code = main(["iam", "audit", "--state", str(plane.state), *options])
    return code, printed.getvalue()


def _findings(plane: Plane, *options: str) -> list[dict[str, str]]:
    code, printed = _audit(plane, "--json", *options)
    assert code == 0
    made: list[dict[str, str]] = json.loads(printed)
    return made


def _found(plane: Plane, *options: str) -> set[tuple[str, str]]:
    return {(one["rule"], one["subject"]) for one in _findings(plane, *options)}


def _expected() -> Iterator[tuple[str, str]]:
    tables: list[tuple[str, dict[str, tuple[Any, set[str]]]]] = [
        (f"arn:aws:iam::{ACCOUNT}:role/", {**GRANTED, **TRUSTED, **ATTACHED}),
        ("arn:aws:s3:::", BUCKETS),
    ]
    for prefix, table in tables:
        for name, (_, rules) in table.items():
            yield from ((rule, prefix + name) for rule in rules)
    for rule in ("all-actions-of-service", "unused-permissions"):
        yield rule, f"arn:aws:iam::{ACCOUNT}:user/wide"


def test_what_is_wrong_is_found_and_nothing_else(account):
    region = account.connection.region
    function = f"arn:aws:lambda:{region}:{ACCOUNT}:function:classify"
    expected = set(_expected())
    expected |= {("public-function", function), ("service-invokes-for-anyone", function)}
    assert _found(account) == expected


def test_what_is_not_used_for_long_enough_is_found(account):
    found = _found(account, "--unused", "0s")
    assert {rule for rule, _ in found} >= {"unused-role", "unused-user", "unused-key"}
    assert ("unused-user", f"arn:aws:iam::{ACCOUNT}:user/narrow") in found
    assert ("unused-key", f"arn:aws:iam::{ACCOUNT}:user/narrow") not in found  # it is inactive
    assert "old-key" in {rule for rule, _ in _found(account, "--key-age", "0s")}


@pytest.mark.parametrize("typed", [["--fail-on", "awful"], ["--unused", "long"]])
def test_bad_input_is_one_sentence(capsys, typed):
    assert main(["iam", "audit", *typed]) == 2
    printed = capsys.readouterr()
    assert (printed.out, printed.err.count("\n")) == ("", 1)


def test_the_table_has_the_worst_first_and_a_command_for_each(account):
    code, printed = _audit(account, "--fail-on", "high")
    assert code == 1
    lines = printed.splitlines()
    table, commands = lines[: lines.index("")], lines[lines.index("To mend them:") + 1 :]
    assert len(commands) == len(table) - 1
    column = table[0].index("RULE")
    severities = [line[table[0].index("SEVERITY") : column].strip() for line in table[1:]]
    order = ["CRITICAL", "HIGH", "MEDIUM", "LOW"]
    assert severities == sorted(severities, key=order.index)
    assert set(severities) == set(order)
    assert all(line[column - 1] == " " and line[column] != " " for line in table)


def test_sarif_has_what_its_schema_requires(account):
    sarif = json.loads(_audit(account, "--sarif")[1])
    assert sarif["version"] == "2.1.0"
    (run,) = sarif["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert run["tool"]["driver"]["name"]
    assert len({rule["id"] for rule in rules}) == len(rules)
    assert run["results"]
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] in ("error", "warning", "note")
        assert result["message"]["text"]
        (location,) = result["locations"]
        assert location["logicalLocations"][0]["fullyQualifiedName"].startswith("arn:aws:")


MENDED = {
    "public-writes": "open-to-write",
    "outsider-assumes": "for-outsiders",
    "service-invokes-for-anyone": "classify",
    "unused-permissions": "wide",
}


def test_the_commands_of_findings_mend_them(account, tmp_path):
    mended = [
        one for one in _findings(account) if one["subject"].endswith(MENDED.get(one["rule"], "-"))
    ]
    assert {one["rule"] for one in mended} == MENDED.keys()
    connection = account.connection
    done = subprocess.run(
        ["bash", "-c", "set -e\n" + "\n".join(one["command"] for one in mended)],
        env=clean_environment()
        | {
            "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
            "KENNEL_STATE": str(account.state),
            "AWS_ENDPOINT_URL": account.url,
            "AWS_ACCESS_KEY_ID": connection.access_key_id,
            "AWS_SECRET_ACCESS_KEY": connection.secret_access_key,
            "AWS_DEFAULT_REGION": connection.region,
        },
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert _found(account).isdisjoint((one["rule"], one["subject"]) for one in mended)
