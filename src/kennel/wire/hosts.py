"""AWS's host names: whether a host is AWS's, which service it is of, which bucket it names.

Sources: botocore's endpoints (a test holds the suffixes to them); "Virtual hosting of buckets" and
"Amazon S3 dual-stack endpoints" of the S3 user guide.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

__all__ = ["AWS_SUFFIXES", "bucket_of_host", "is_aws_host", "service_of_host"]

AWS_SUFFIXES: tuple[str, ...] = (
    "amazonaws.com",
    "amazonaws.com.cn",
    "amazonaws.eu",
    "api.aws",
    "api.amazonwebservices.com.cn",
    "api.amazonwebservices.eu",
    "c2s.ic.gov",
    "sc2s.sgov.gov",
    "cloud.adc-e.uk",
    "csp.hci.ic.gov",
    # Where botocore has no endpoint: function URLs, notebook instances, sign-in.
    "on.aws",
    "sagemaker.aws",
    "awsapps.com",
    "signin.aws",
    "signin.aws.amazon.com",
)
"""The domains below which every host is AWS's own."""

_REGION = r"[a-z]{2,4}(?:-[a-z]+)+-\d"
_S3 = re.compile(
    rf"(?:(?P<bucket>.+)\.)?s3(?:-fips|-accelerate|-external-1|-{_REGION})?"
    rf"(?:\.dualstack)?(?:\.{_REGION})?"
)
# The labels before region and suffix -> botocore's name of the service.
_SERVICES: Mapping[str, str] = {
    "api.ecr": "ecr",
    "api.sagemaker": "sagemaker",
    "application-autoscaling": "application-autoscaling",
    "autoscaling": "application-autoscaling",
    "ec2": "ec2",
    "events": "events",
    "iam": "iam",
    "lambda": "lambda",
    "logs": "logs",
    "monitoring": "cloudwatch",
    "runtime.sagemaker": "sagemaker-runtime",
    "sts": "sts",
}


def is_aws_host(host: str) -> bool:
    """Whether a host name (with or without a port) is one of AWS's, served here or not."""
    return _before_suffix(host) is not None


@lru_cache(maxsize=1024)
def service_of_host(host: str) -> str:
    """botocore's name of the service that a host of AWS's is the endpoint of; empty if it is
    none that Kennel knows by its host."""
    head = _before_suffix(host)
    if head is None:
        return ""
    if _S3.fullmatch(head):
        return "s3"
    without_region = re.sub(rf"\.{_REGION}$", "", head)
    return _SERVICES.get(without_region.replace("-fips", ""), "")


@lru_cache(maxsize=1024)
def bucket_of_host(host: str) -> str:
    """The bucket that a virtual-hosted-style S3 host names; empty for any other host."""
    head = _before_suffix(host)
    match = None if head is None else _S3.fullmatch(head)
    return (match["bucket"] or "") if match else ""


def _before_suffix(host: str) -> str | None:
    """What stands before the domain that is AWS's; None for a host that is not AWS's."""
    name = host.lower().partition(":")[0].rstrip(".")
    for suffix in AWS_SUFFIXES:
        if name.endswith("." + suffix):
            return name[: -len(suffix) - 1]
        if name == suffix:
            return ""
    return None
