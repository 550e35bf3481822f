"""Block Public Access holds where it is on, and a policy is public where AWS calls it so."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kennel.services.s3.errors import AccessDenied
from kennel.services.s3.public_policies import is_public
from tests.services.s3.stage import Stage

ALL = "arn:aws:s3:::bucket/*"


def text(principal: Any = "*", condition: Any = None, **changes: Any) -> str:
    statement = {"Effect": "Allow", "Principal": principal, "Action": "s3:GetObject"}
    statement |= {"Resource": ALL, **changes}
    if condition:
        statement["Condition"] = condition
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.mark.parametrize(
    ("policy", "public"),
    [
        (text(), True),
        (text({"AWS": "*"}), True),
        (text({"AWS": "111122223333"}), False),
        (text({"Service": "logging.s3.amazonaws.com"}), False),
        (text(Effect="Deny"), False),
        (text(condition={"StringEquals": {"aws:SourceVpc": "vpc-91237329"}}), False),
        (text(condition={"StringLike": {"aws:SourceVpc": "vpc-*"}}), True),
        (text(condition={"StringNotEquals": {"aws:SourceVpc": "vpc-91237329"}}), True),
        (text(condition={"IpAddress": {"aws:SourceIp": "10.1.2.0/24"}}), False),
        (text(condition={"IpAddress": {"aws:SourceIp": "0.0.0.0/1"}}), True),
        (text(condition={"Bool": {"aws:SecureTransport": "true"}}), True),
        (text(condition={"StringLike": {"aws:userid": "AROAEXAMPLE:*"}}), False),
        ("no policy", False),
    ],
)
def test_a_policy_is_public_unless_it_names_whom_it_lets_in(policy: str, public: bool) -> None:
    assert is_public(policy) is public


def test_a_new_bucket_takes_no_public_policy(stage: Stage) -> None:
    with pytest.raises(AccessDenied, match="BlockPublicPolicy setting in S3 Block Public Access"):
        stage.call("PutBucketPolicy", Bucket="bucket", Policy=text())
    stage.call("DeletePublicAccessBlock", Bucket="bucket")
    stage.call("PutBucketPolicy", Bucket="bucket", Policy=text())
