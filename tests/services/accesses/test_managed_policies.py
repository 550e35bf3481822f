"""Policies that AWS itself wrote allow here what they allow there: their ARNs are not ours."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from kennel.policy import (
    AccessRequest,
    NamedPolicy,
    Policies,
    PolicyKind,
    PolicyType,
    Principal,
    PrincipalKind,
    decide,
    parse_policy,
)
from kennel.services import Access
from kennel.services.iam.aws_managed import aws_managed_policy
from tests.services.accesses.conftest import ACCOUNT

ANN = Principal(PrincipalKind.USER, ACCOUNT, f"arn:aws:iam::{ACCOUNT}:user/ann", "AIDA")
ROLE = f"arn:aws:iam::{ACCOUNT}:role/work"

# What the Lambda console writes for a new function ("AWSLambdaBasicExecutionRole-…").
CONSOLE = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": "logs:CreateLogGroup",
            "Resource": f"arn:aws:logs:us-east-1:{ACCOUNT}:*",
        },
        {
            "Effect": "Allow",
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": [f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:/aws/lambda/score:*"],
        },
    ],
}
# "Amazon S3: Allows read and write access to objects in an S3 Bucket", IAM user guide.
READ_AND_WRITE = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Action": ["s3:ListBucket"], "Resource": ["arn:aws:s3:::pets"]},
        {"Effect": "Allow", "Action": "s3:*Object", "Resource": ["arn:aws:s3:::pets/*"]},
        {"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "arn:aws:s3:::*"},
    ],
}

_FULL = "AmazonSageMakerFullAccess"
_READ = "AmazonSageMakerReadOnly"
_SCALING = "aws-service-role/AWSApplicationAutoscalingSageMakerEndpointPolicy"
_STREAM = {"logGroupName": "/aws/lambda/score", "logStreamName": "s"}
_ALARM = {"AlarmName": "TargetTracking-endpoint/e/variant/v-AlarmHigh-1"}

CASES: list[tuple[Any, str, str, dict[str, Any], bool]] = [
    (_FULL, "sagemaker", "CreateEndpoint",
     {"EndpointName": "e", "EndpointConfigName": "c", "Tags": [{"Key": "a", "Value": "b"}]}, True),
    (_FULL, "sagemaker", "ListTrainingJobs", {}, True),
    (_FULL, "sagemaker-runtime", "InvokeEndpoint", {"EndpointName": "e"}, True),
    (_FULL, "s3", "GetObject", {"Bucket": "my-sagemaker", "Key": "k"}, True),
    (_FULL, "s3", "GetObject", {"Bucket": "pets", "Key": "k"}, False),
    (_FULL, "iam", "PassRole",
     {"RoleArn": f"{ROLE}-AmazonSageMaker-1", "PassedToService": "sagemaker.amazonaws.com"}, True),
    (_FULL, "iam", "PassRole",
     {"RoleArn": f"{ROLE}-AmazonSageMaker-1", "PassedToService": "ec2.amazonaws.com"}, False),
    (_FULL, "iam", "CreateServiceLinkedRole",
     {"AWSServiceName": "sagemaker.application-autoscaling.amazonaws.com"}, True),
    (_READ, "sagemaker", "DescribeEndpoint", {"EndpointName": "e"}, True),
    (_READ, "sagemaker", "DeleteEndpoint", {"EndpointName": "e"}, False),
    (_READ, "sagemaker-runtime", "InvokeEndpoint", {"EndpointName": "e"}, False),
    ("AmazonS3ReadOnlyAccess", "s3", "HeadBucket", {"Bucket": "b"}, True),
    ("AmazonS3ReadOnlyAccess", "s3", "GetBucketCors", {"Bucket": "b"}, True),
    ("AmazonS3ReadOnlyAccess", "s3", "PutObject", {"Bucket": "b", "Key": "k"}, False),
    ("AWSLambda_FullAccess", "iam", "PassRole",
     {"RoleArn": ROLE, "PassedToService": "lambda.amazonaws.com"}, True),
    ("AWSLambda_FullAccess", "logs", "GetLogEvents", _STREAM, True),
    ("AWSLambda_FullAccess", "logs", "GetLogEvents", {**_STREAM, "logGroupName": "/else"}, False),
    ("service-role/AWSLambdaBasicExecutionRole", "logs", "PutLogEvents", _STREAM, True),
    (_SCALING, "cloudwatch", "PutMetricAlarm", _ALARM, True),
    (_SCALING, "cloudwatch", "PutMetricAlarm", {"AlarmName": "mine"}, False),
    (_SCALING, "sagemaker", "UpdateEndpointWeightsAndCapacities", {"EndpointName": "e"}, True),
    ("IAMReadOnlyAccess", "iam", "GetServiceLastAccessedDetails", {"JobId": "1"}, True),
    (CONSOLE, "logs", "CreateLogGroup", {"logGroupName": "/aws/lambda/score"}, True),
    (CONSOLE, "logs", "CreateLogStream", _STREAM, True),
    (CONSOLE, "logs", "PutLogEvents", {**_STREAM, "logGroupName": "/aws/lambda/other"}, False),
    (CONSOLE, "logs", "DescribeLogGroups", {}, False),
    (READ_AND_WRITE, "s3", "ListBuckets", {}, True),
    (READ_AND_WRITE, "s3", "ListObjectsV2", {"Bucket": "pets"}, True),
    (READ_AND_WRITE, "s3", "PutObject", {"Bucket": "pets", "Key": "k"}, True),
    (READ_AND_WRITE, "s3", "HeadObject", {"Bucket": "pets", "Key": "k"}, True),
    (READ_AND_WRITE, "s3", "GetObject", {"Bucket": "pets", "Key": "k", "VersionId": "7"}, False),
]  # fmt: skip


def document(policy: str | dict[str, Any]) -> NamedPolicy:
    if isinstance(policy, str):
        found = aws_managed_policy(f"arn:aws:iam::aws:policy/{policy}")
        assert found is not None, policy
        text = found.document
    else:
        text = json.dumps(policy)
    return NamedPolicy(PolicyType.IDENTITY, "p", ANN.arn, parse_policy(text, PolicyKind.IDENTITY))


@pytest.mark.parametrize(("policy", "service", "operation", "parameters", "allowed"), CASES)
def test_a_policy_of_awss_allows_what_it_is_for(
    policy: str | dict[str, Any],
    service: str,
    operation: str,
    parameters: dict[str, Any],
    allowed: bool,
    accesses: Callable[..., list[Access]],
):
    policies = Policies(identity=(document(policy),))
    requests = [
        AccessRequest(ANN, one.action, one.resource, ACCOUNT, one.context)
        for one in accesses(service, operation, **parameters)
    ]
    assert all(decide(request, policies).allowed for request in requests) is allowed
