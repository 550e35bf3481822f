"""The error codes that AWS names, with their HTTP statuses: by botocore's models, and by pages of
its documentation where a model leaves a code out.

A code that is in neither is one of Kennel's invention, and tests/test_error_codes.py refuses it.
To add one, find the page that names it; `[O]` marks what AWS was seen to answer and no page says.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from botocore.loaders import Loader
from botocore.model import ServiceModel

__all__ = ["DOCUMENTED", "KENNELS_OWN", "OBSERVED", "SERVICES", "Page", "named"]

SERVICES = (
    "application-autoscaling",
    "cloudwatch",
    "iam",
    "lambda",
    "logs",
    "s3",
    "sagemaker",
    "sagemaker-runtime",
    "sts",
)
"""Those that a plane serves, by botocore's names; a test holds this to the plane."""

JSON = frozenset(
    {"application-autoscaling", "cloudwatch", "lambda", "logs", "sagemaker", "sagemaker-runtime"}
)
QUERY = frozenset({"cloudwatch", "iam", "sts"})
ALL = frozenset(SERVICES)
KENNELS_OWN = {"NotImplemented": 501}
"""Refuses what Kennel does not run, of any service."""


@dataclass(frozen=True, slots=True)
class Page:
    """A page of AWS's documentation that names codes of these services."""

    title: str
    services: frozenset[str]
    codes: Mapping[str, int]


DOCUMENTED = (
    Page(
        "Common Errors (API references of Lambda, SageMaker, CloudWatch Logs, CloudWatch)",
        JSON,
        {
            "AccessDeniedException": 403,
            "ExpiredTokenException": 403,
            "InternalFailure": 500,
            "RequestEntityTooLargeException": 413,
            "ServiceUnavailable": 503,
            "UnknownOperationException": 404,
            "UnrecognizedClientException": 403,
            "ValidationError": 400,
        },
    ),
    Page(
        "Common Errors (API references of IAM, AWS STS, CloudWatch)",
        QUERY,
        {
            "IncompleteSignature": 400,
            "InternalFailure": 500,
            "InvalidAction": 400,
            "InvalidClientTokenId": 403,
            "InvalidParameterCombination": 400,
            "InvalidParameterValue": 400,
            "MissingAuthenticationToken": 403,
            "MissingParameter": 400,
            "RequestEntityTooLargeException": 413,
            "ServiceUnavailable": 503,
            "ValidationError": 400,
        },
    ),
    Page(
        "Troubleshoot IAM (IAM user guide): access denied, signatures, expired tokens",
        QUERY,
        {"AccessDenied": 403, "ExpiredToken": 403, "SignatureDoesNotMatch": 403},
    ),
    Page(
        "Error handling with DynamoDB: the codes of every service with AWS's JSON protocol",
        JSON,
        {
            "AccessDeniedException": 400,
            "ExpiredTokenException": 400,
            "IncompleteSignatureException": 400,
            "MissingAuthenticationTokenException": 400,
            "UnrecognizedClientException": 400,
        },
    ),
    Page(
        "[O] what Lambda answers to the same, and to a wrong signature (aws/aws-sdk-js issue 168)",
        frozenset({"lambda", "sagemaker-runtime"}),
        {
            "IncompleteSignatureException": 403,
            "InvalidSignatureException": 403,
            "MissingAuthenticationTokenException": 403,
        },
    ),
    Page(
        "[O] a wrong signature, AWS's JSON protocol (vectordotdev/vector issue 16629)",
        JSON,
        {"InvalidSignatureException": 400},
    ),
    Page(
        "Smithy 2.0, AWS JSON 1.1 protocol and AWS restJson1 protocol: malformed requests",
        JSON,
        {"SerializationException": 400},
    ),
    Page(
        "[O] a parameter against its constraints (hashicorp/terraform-provider-aws issue 13709)",
        frozenset({"lambda"}),
        {"ValidationException": 400},
    ),
    Page(
        "[O] what botocore's own waiters expect of SageMaker's Describe operations, and more do",
        frozenset({"sagemaker"}),
        {"ValidationException": 400},
    ),
    Page(
        "Error responses (Amazon S3 API reference)",
        frozenset({"s3"}),
        {
            "AccessControlListNotSupported": 400,
            "AuthorizationQueryParametersError": 400,
            "BucketNotEmpty": 409,
            "IllegalLocationConstraintException": 400,
            "InvalidChunkSizeError": 403,
            "InvalidPartNumber": 416,
            "InvalidTag": 400,
            "MalformedPolicy": 400,
            "NoSuchCORSConfiguration": 404,
            "NoSuchPublicAccessBlockConfiguration": 404,
            "NoSuchTagSet": 404,
            "NoSuchWebsiteConfiguration": 404,
            "NotModified": 304,
            "ObjectLockConfigurationNotFoundError": 404,
            "OwnershipControlsNotFoundError": 404,
            "ReplicationConfigurationNotFoundError": 404,
            "XAmzContentSHA256Mismatch": 400,
        },
    ),
    Page(
        "Kennel's docs/coverage.md: what Kennel does not run is refused by S3's code for that",
        ALL,
        KENNELS_OWN,
    ),
)


OBSERVED: Mapping[tuple[str, str], Mapping[str, int]] = {
    # A boundary that is not there. The model has it of CreateUser, and not of this.
    ("iam", "CreateRole"): {"NoSuchEntity": 404},
    # A key that is nobody's. The model has no error at all for it; moto answers this one.
    ("iam", "GetAccessKeyLastUsed"): {"NoSuchEntity": 404},
}
"""[O], of one operation."""


@cache
def named(service: str, operation: str | None = None) -> Mapping[str, frozenset[int]]:
    """The codes that AWS names for an operation, or for any of a service's; each with the HTTP
    statuses that go with it."""
    model = _model(service)
    shapes = model.error_shapes
    if operation is not None:
        shapes = model.operation_model(operation).error_shapes
    found = [(_code(shape), _status(shape)) for shape in shapes]
    found += [
        pair for page in DOCUMENTED if service in page.services for pair in page.codes.items()
    ]
    found += OBSERVED.get((service, operation or ""), {}).items()
    if service == "s3":
        found += _codes_in_s3s_model()
    return {code: frozenset(status for name, status in found if name == code) for code, _ in found}


@cache
def _model(service: str) -> ServiceModel:
    return ServiceModel(Loader().load_service_model(service, "service-2"), service)


def _code(shape: Any) -> str:
    return str(shape.metadata.get("error", {}).get("code") or shape.name)


def _status(shape: Any) -> int:
    """Models of the JSON protocol state none, and it is 400 then."""
    return int(shape.metadata.get("error", {}).get("httpStatusCode", 400))


def _codes_in_s3s_model() -> list[tuple[str, int]]:
    """Those that the documentation of the model's `Error` structure lists."""
    error: Any = _model("s3").shape_for("Error")
    text = error.members["Code"].documentation
    listed = re.findall(
        r"<i>Code:</i>\s*(\w+)(?:(?!<i>Code:</i>).)*?<i>HTTP Status Code:</i>\s*(\d+)",
        text,
        re.DOTALL,
    )
    return [(code, int(status)) for code, status in listed]
