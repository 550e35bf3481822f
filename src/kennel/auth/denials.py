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
# [O] IAM calls most things by their kind and name alone; by their ARN those that these actions
# make, pass or ask about. Listings are of a path.
_IAM_KINDS = {
    "user": "user",
    "role": "role",
    "group": "group",
    "instance-profile": "instance profile",
}
_IAM_BY_ARN = frozenset(
    {
        "iam:CreateGroup",
        "iam:CreateInstanceProfile",
        "iam:CreateRole",
        "iam:CreateServiceLinkedRole",
        "iam:CreateUser",
        "iam:GenerateServiceLastAccessedDetails",
        "iam:GetContextKeysForPrincipalPolicy",
        "iam:GetServiceLinkedRoleDeletionStatus",
        "iam:ListPoliciesGrantingServiceAccess",
        "iam:PassRole",
        "iam:SimulatePrincipalPolicy",
        "iam:TagInstanceProfile",
        "iam:TagRole",
        "iam:TagUser",
    }
)
_IAM_NEW_POLICIES = frozenset({"iam:CreatePolicy", "iam:TagPolicy"})
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
        f"{_on_resource(service, request)}{reason}"
    )


def _on_resource(service: str, request: AccessRequest) -> str:
    resource = request.resource
    if (service, resource) in _WITHOUT_RESOURCE:
        return ""
    if service == "s3":
        return f' on resource: "{resource}"'
    if service == "iam":
        resource = _named_by_iam(request.action, resource)
    return f" on resource: {resource}"


def _named_by_iam(action: str, arn: str) -> str:
    """What IAM writes for a resource: `role trainer`, `policy path /`, or the ARN."""
    kind, _, path = arn.rpartition(":")[2].partition("/")
    if kind == "policy":
        if action == "iam:ListPolicies":
            return f"policy path /{path}"
        name = path.rpartition("/")[2]
        return f"policy {name if action in _IAM_NEW_POLICIES else arn}"
    name = path.rpartition("/")[2]
    if not name or kind not in _IAM_KINDS or action in _IAM_BY_ARN:
        return arn
    return f"{_IAM_KINDS[kind]} {name}"


def _reason(action: str, decision: Decision) -> str:
    by = decision.by or PolicyType.IDENTITY
    if decision.explicit:
        return f" with an explicit deny in {_WITH_ARTICLE[by]}"
    return f" because no {by} allows the {action} action"
