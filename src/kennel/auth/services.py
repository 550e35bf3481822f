"""Under which name requests for a service are signed, and how it words its refusals."""

from __future__ import annotations

from enum import Enum, auto
from functools import lru_cache

from kennel.wire import HttpRequest, service_model
from kennel.wire.models import known_service

__all__ = ["Family", "family_of", "signing_name"]


class Family(Enum):
    """Services that word authentication errors alike."""

    S3 = auto()
    JSON = auto()
    REST_JSON = auto()
    QUERY = auto()
    EC2 = auto()


@lru_cache(maxsize=256)
def signing_name(service: str) -> str:
    """The service in the credential scope, for botocore's name of a service. A name that botocore
    does not know (`kennel`, for the plane's own pages) signs as itself."""
    if not known_service(service):
        return service
    return str(service_model(service).signing_name)


def family_of(service: str, request: HttpRequest) -> Family:
    """The family of a request. Some services speak several protocols, so the request decides."""
    if service == "s3":
        return Family.S3
    if "x-amz-target" in request.headers or "smithy-protocol" in request.headers:
        return Family.JSON
    if service == "ec2":
        return Family.EC2
    kind = request.headers.get("content-type", "")
    if kind.startswith("application/x-www-form-urlencoded") or "Action=" in request.query:
        return Family.QUERY
    return Family.REST_JSON
