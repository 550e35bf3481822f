"""Lists with items in them, one for each paginator of boto3's: what test_paginators.py walks.

An operation that has a paginator and is newly covered needs an entry in its service's module here:
a function under `@listing(service, Operation)` that makes items on the stage and returns a Listing
of them. At least five items, so that pages of two make three; fewer only with `few`, for a quota of
AWS's.
"""

from __future__ import annotations

from tests.integration.listings import (
    application_autoscaling,
    cloudwatch,
    iam,
    lambda_,
    logs,
    s3,
    sagemaker,
)
from tests.integration.listings.registry import LISTINGS, Listing

__all__ = [
    "LISTINGS",
    "Listing",
    "application_autoscaling",
    "cloudwatch",
    "iam",
    "lambda_",
    "logs",
    "s3",
    "sagemaker",
]
