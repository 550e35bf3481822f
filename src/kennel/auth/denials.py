"""AWS's errors for what policies do not allow, in the words and codes of each service.

Sources: "Troubleshoot access denied error messages" in the IAM user guide; "Troubleshoot access
denied (403 Forbidden) errors" in the S3 user guide; "Error handling" in the DynamoDB guide for the
status of the services with AWS's JSON protocol.
"""

from __future__ import annotations

from collections.abc import Mapping

from kennel.errors import AccessDeniedException, AwsError
from kennel.policy import AccessRequest, Decision, PolicyType, PrincipalKind

__all__ = ["AccessDenied", "JsonAccessDeniedException", "denial"]


class AccessDenied(AccessDeniedException):
    """AccessDeniedException as S3 and the query services call it."""


class JsonAccessDeniedException(AccessDeniedException):
    """AccessDeniedException of the services with AWS's JSON protocol."""

    code = "AccessDeniedException"
    status = 400


_KINDS: Mapping[str, type[AwsError]] = {
    "application-autoscaling": JsonAccessDeniedException,
    "cloudwatch": AccessDenied,
    "iam": AccessDenied,
    "logs": JsonAccessDeniedException,
    "s3": AccessDenied,
    "sagemaker": JsonAccessDeniedException,
    "sts": AccessDenied,
}
# [O] what these services leave out where the action has no resource of its own.
_WITHOUT_RESOURCE = frozenset({("cloudwatch", "*"), ("s3", "*"), ("s3", "arn:aws:s3:::*")})
_WITH_ARTICLE: Mapping[PolicyType, str] = {
    PolicyType.IDENTITY: "an identity-based policy",
    PolicyType.RESOURCE: "a resource-based policy",
    PolicyType.BOUNDARY: "a permissions boundary",
    PolicyType.SESSION: "a session policy",
    PolicyType.TRUST: "the role trust policy",
}


def denial(service: str, request: AccessRequest, decision: Decision) -> AwsError:
    """The error with which `service` (botocore's name) answers a request that is denied."""
    kind = _KINDS.get(service, AccessDeniedException)
    if request.principal.kind is PrincipalKind.ANONYMOUS:
        # S3 explains itself to its own account alone.
        return kind("Access Denied" if service == "s3" else "Sign the request.")
    reason = _reason(request.action, decision)
    if service == "sts" and not decision.explicit:
        reason = ""  # [O] who can't assume a role does not learn whether there is one
    return kind(
        f"User: {request.principal.arn} is not authorized to perform: {request.action}"
        f"{_on_resource(service, request.resource)}{reason}"
    )


def _on_resource(service: str, resource: str) -> str:
    if (service, resource) in _WITHOUT_RESOURCE:
        return ""
    return f' on resource: "{resource}"' if service == "s3" else f" on resource: {resource}"


def _reason(action: str, decision: Decision) -> str:
    by = decision.by or PolicyType.IDENTITY
    if decision.explicit:
        return f" with an explicit deny in {_WITH_ARTICLE[by]}"
    return f" because no {by} allows the {action} action"
