"""Which hosts are AWS's, and what they name."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.loaders import Loader
from hypothesis import given
from hypothesis import strategies as st

from kennel.wire import HttpRequest, UnknownOperation, identify
from kennel.wire.hosts import AWS_SUFFIXES, bucket_of_host, is_aws_host, service_of_host


def suffixes_of_botocore() -> set[str]:
    found = set()
    for partition in Loader().load_data("endpoints")["partitions"]:
        found.add(partition["dnsSuffix"])
        variants: list[dict[str, Any]] = partition["defaults"].get("variants", [])
        found |= {variant["dnsSuffix"] for variant in variants if "dnsSuffix" in variant}
    return found


def test_every_domain_of_botocores_endpoints_is_aws_s():
    assert suffixes_of_botocore() <= set(AWS_SUFFIXES)


@pytest.mark.parametrize(
    "host",
    [
        "sts.us-east-1.amazonaws.com",
        "STS.us-east-1.AmazonAWS.com.:443",
        "sts-fips.us-east-1.amazonaws.com",
        "bucket.s3.dualstack.eu-west-1.amazonaws.com",
        "s3.cn-north-1.amazonaws.com.cn",
        "lambda.us-east-1.api.aws",
        "x.lambda-url.us-east-1.on.aws",
        "nb.notebook.us-east-1.sagemaker.aws",
        "amazonaws.com",
    ],
)
def test_an_aws_host_is_known_whatever_its_service(host):
    assert is_aws_host(host)


@pytest.mark.parametrize(
    "host",
    [
        "example.org",
        "notamazonaws.com",
        "amazonaws.com.example.org",
        "docs.aws.amazon.com",
        "",
        "127.0.0.1",
    ],
)
def test_another_host_is_not_aws_s(host):
    assert not is_aws_host(host)


@pytest.mark.parametrize(
    ("host", "bucket"),
    [
        ("photos.s3.amazonaws.com", "photos"),
        ("photos.s3.eu-west-1.amazonaws.com", "photos"),
        ("photos.s3-eu-west-1.amazonaws.com", "photos"),
        ("photos.s3.dualstack.us-west-2.amazonaws.com:443", "photos"),
        ("photos.s3-fips.dualstack.us-west-2.amazonaws.com", "photos"),
        ("photos.s3-accelerate.amazonaws.com", "photos"),
        ("my.dotted.bucket.s3.us-east-1.amazonaws.com", "my.dotted.bucket"),
        ("s3.us-east-1.amazonaws.com", ""),
        ("s3.amazonaws.com", ""),
        ("000000000000.s3-control.us-east-1.amazonaws.com", ""),
        ("photos.s3.example.org", ""),
        ("sts.amazonaws.com", ""),
    ],
)
def test_a_virtual_hosted_bucket_is_read_from_its_host(host, bucket):
    assert bucket_of_host(host) == bucket


@pytest.mark.parametrize(
    ("host", "service"),
    [
        ("api.sagemaker.us-east-1.amazonaws.com", "sagemaker"),
        ("api-fips.sagemaker.us-east-1.amazonaws.com", "sagemaker"),
        ("runtime.sagemaker.eu-west-1.amazonaws.com", "sagemaker-runtime"),
        ("monitoring.us-east-1.amazonaws.com", "cloudwatch"),
        ("iam.amazonaws.com", "iam"),
        ("b.s3.amazonaws.com", "s3"),
        ("dynamodb.us-east-1.amazonaws.com", ""),
        ("000000000000.s3-control.us-east-1.amazonaws.com", ""),
    ],
)
def test_a_host_names_its_service(host, service):
    assert service_of_host(host) == service


@given(st.from_regex(r"[a-z0-9][a-z0-9.-]{1,40}[a-z0-9]", fullmatch=True))
def test_any_bucket_is_found_again_in_its_host(bucket):
    assert bucket_of_host(f"{bucket}.s3.us-east-1.amazonaws.com") == bucket


def test_an_operation_on_a_virtual_hosted_bucket_is_the_same_as_on_its_path():
    headers = {"host": "photos.s3.us-east-1.amazonaws.com"}
    found = identify(HttpRequest("GET", "/2015-03-31/functions/x", "", headers))
    assert (found.operation, dict(found.path_parameters)) == (
        "GetObject",
        {"Bucket": "photos", "Key": "2015-03-31/functions/x"},
    )
    assert identify(HttpRequest("GET", "/", "list-type=2", headers)).operation == "ListObjectsV2"


@pytest.mark.parametrize(
    "host", ["d.lambda-url.us-east-1.on.aws", "a.s3-control.us-east-1.api.aws"]
)
def test_a_host_of_aws_that_no_service_of_ours_has_is_not_taken_for_s3(host):
    with pytest.raises(UnknownOperation) as caught:
        identify(HttpRequest("GET", "/bucket/key", "", {"host": host}))
    assert not caught.value.served
    assert host in str(caught.value)
