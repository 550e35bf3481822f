"""Every operation of the services we serve is found again in what botocore sends for it."""

from __future__ import annotations

import pytest

from kennel.wire import HttpRequest, UnknownOperation, identify, service_model
from tests.wire.requests import minimal_parameters, request_for

SERVICES = [
    ("s3", "rest-xml"),
    ("iam", "query"),
    ("sts", "query"),
    ("sagemaker", "json"),
    ("sagemaker-runtime", "rest-json"),
    ("lambda", "rest-json"),
    ("logs", "json"),
    ("cloudwatch", "json"),
    ("cloudwatch", "query"),
    ("application-autoscaling", "json"),
    ("ec2", "ec2"),
]

# S3 Express and Object Lambda have hosts of their own, on which these paths mean something else.
_OTHER_HOSTS = {"ListDirectoryBuckets", "WriteGetObjectResponse"}


@pytest.mark.parametrize(("service", "protocol"), SERVICES)
def test_every_operation_that_botocore_sends_is_identified(service: str, protocol: str) -> None:
    wrong = {}
    for operation in service_model(service).operation_names:
        if (
            operation in _OTHER_HOSTS
            or service_model(service).operation_model(operation).deprecated
        ):
            continue
        shape = service_model(service).operation_model(operation).input_shape
        request = request_for(service, operation, protocol, minimal_parameters(shape))
        found = identify(request)
        if (found.service, found.operation, found.protocol) != (service, operation, protocol):
            wrong[operation] = found
    assert not wrong


def test_a_key_may_hold_slashes_dots_and_any_unicode() -> None:
    request = HttpRequest("GET", "/bucket/a//../%C3%A9%2Fb/", "", {"authorization": ""})
    found = identify(request)
    assert found.operation == "GetObject"
    assert found.path_parameters == {"Bucket": "bucket", "Key": "a//../é/b/"}


def test_a_bucket_with_a_trailing_slash_is_the_bucket() -> None:
    found = identify(HttpRequest("PUT", "/bucket/", "", {}))
    assert (found.operation, dict(found.path_parameters)) == ("CreateBucket", {"Bucket": "bucket"})


def test_the_copy_source_tells_a_copy_from_a_put() -> None:
    assert identify(HttpRequest("PUT", "/b/k", "", {})).operation == "PutObject"
    copy = HttpRequest("PUT", "/b/k", "", {"x-amz-copy-source": "/b/j"})
    assert identify(copy).operation == "CopyObject"


@pytest.mark.parametrize(
    "request_",
    [
        HttpRequest("POST", "/", "", {"x-amz-target": "SageMaker.MakeCoffee"}),
        HttpRequest("POST", "/", "", {"x-amz-target": "Nobody.Knows"}),
        HttpRequest("POST", "/", "Action=MakeCoffee&Version=2011-06-15", {}),
        HttpRequest("BREW", "/bucket", "", {}),
        HttpRequest(
            "GET", "/", "", {"authorization": "x Credential=A/1/us-east-1/coffee/aws4_request,"}
        ),
    ],
)
def test_what_is_no_operation_is_refused(request_: HttpRequest) -> None:
    with pytest.raises(UnknownOperation):
        identify(request_)
