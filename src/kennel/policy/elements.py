"""What each element of a statement may hold: actions, resources, principals, conditions.

The sentences are IAM's where it is known to say them (observed; AWS documents none of them), with
a reason behind "Syntax errors in policy." that is ours.
"""

from __future__ import annotations

import re
from enum import Enum, auto

from kennel.policy.typed_values import read_date

__all__ = [
    "LEGACY_PARSING",
    "PolicyError",
    "PolicyKind",
    "check_action",
    "check_condition",
    "check_principal",
    "check_resource",
]


class PolicyError(ValueError):
    """A policy whose grammar is wrong; the message is IAM's sentence. Each service gives it in an
    error of its own: MalformedPolicyDocument, MalformedPolicy."""


class PolicyKind(Enum):
    """Where a policy stands: with whom it is for (also as boundary or session policy), at a role
    as its trust policy, or at another resource."""

    IDENTITY = auto()
    TRUST = auto()
    RESOURCE = auto()


LEGACY_PARSING = "The policy failed legacy parsing"

_VENDOR = re.compile(r"[A-Za-z0-9.-]+")
_ACTION = re.compile(r"[A-Za-z0-9*?_-]+")


def check_action(action: str, kind: PolicyKind) -> None:
    """Raises PolicyError unless it is `*` or names a service and actions of it."""
    if action == "*":
        return
    vendor, colon, name = action.partition(":")
    if not colon:
        raise PolicyError(
            "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."
        )
    if ":" in name:
        raise PolicyError("Actions/Condition can contain only one colon.")
    if not _VENDOR.fullmatch(vendor):
        raise PolicyError(f"Vendor {vendor} is not valid")
    if not _ACTION.fullmatch(name):
        raise PolicyError(f"Syntax errors in policy. {action} is not an action.")
    if kind is PolicyKind.TRUST and vendor.lower() != "sts":
        raise PolicyError("AssumeRole policy may only specify STS AssumeRole actions.")


_PARTITION = re.compile(r"\*|aws(-[a-z]+)*")
_VARIABLE = re.compile(r"\$\{[^{}]*\}")
# "IAM resource path must either …": what may come after the fifth colon of an ARN of IAM.
_IAM_PATHS = (
    "user/",
    "federated-user/",
    "role/",
    "role-template/",
    "group/",
    "instance-profile/",
    "mfa/",
    "server-certificate/",
    "policy/",
    "sms-mfa/",
    "saml-provider/",
    "oidc-provider/",
    "report/",
    "access-report/",
)
# S3 has regions in the ARNs of what is no bucket and no object.
_S3_WITH_REGION = ("accesspoint", "job/", "storage-lens", "access-grants", "async-request")


def check_resource(resource: str) -> None:
    """Raises PolicyError unless it is `*` or an ARN; components missing at the end are `*`."""
    if resource == "*":
        return
    plain = _VARIABLE.sub("x", resource)  # a variable has a colon of its own
    if ":" not in plain:
        raise PolicyError(f'Resource {resource} must be in ARN format or "*".')
    head, partition, *rest = plain.split(":", 5)
    if head not in ("arn", "*"):
        raise PolicyError(f"{LEGACY_PARSING} (resource {resource} does not begin with arn:)")
    if not _PARTITION.fullmatch(partition):
        shown = ":".join((rest + ["*"] * 4)[:4])
        raise PolicyError(
            f'Partition "{partition}" is not valid for resource "arn:{partition}:{shown}".'
        )
    if not rest:
        raise PolicyError("Resource vendor must be fully qualified and cannot contain regexes.")
    vendor, *rest = rest
    if not vendor or ("::" in plain and len(rest) < 3):
        raise PolicyError(f"{LEGACY_PARSING} (resource {resource} lacks parts of an ARN)")
    region, _, path = (rest + ["*"] * 3)[:3]
    if vendor == "s3" and region and not path.startswith((*_S3_WITH_REGION, "*")):
        raise PolicyError(f"Resource {resource} can not contain region information.")
    if vendor == "iam":
        if region not in ("", "*"):
            raise PolicyError(f"IAM resource {resource} cannot contain region information.")
        if not path.startswith(("*", "?", "root", *_IAM_PATHS)) and "*" not in path:
            paths = ", ".join(_IAM_PATHS)
            raise PolicyError(f'IAM resource path must either be "*" or start with {paths}.')


_ACCOUNT = r"[0-9]{12}"
_AWS_PRINCIPAL = re.compile(
    rf"\*|{_ACCOUNT}|A(ROA|IDA)[A-Z0-9]{{16,}}|"
    rf"arn:aws[a-z-]*:iam::{_ACCOUNT}:(root|(user|role)/[^*?]+)|"
    rf"arn:aws[a-z-]*:sts::{_ACCOUNT}:(assumed-role/[^*?/]+/[^*?/]+|federated-user/[^*?]+)"
)
_ORIGIN_ACCESS = re.compile(r"arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity \w+")
_SERVICE = re.compile(r"[a-z0-9][a-z0-9.-]*\.(amazonaws\.com(\.cn)?|amazon\.com|aws\.internal)")


def check_principal(kind: str, name: str, where: PolicyKind) -> None:
    """Raises PolicyError unless it is one principal of that kind; whether it is there is for the
    service to say."""
    if kind == "AWS":
        known = _AWS_PRINCIPAL.fullmatch(name) is not None
        if where is PolicyKind.RESOURCE:
            known = known or _ORIGIN_ACCESS.fullmatch(name) is not None
    elif kind == "Service":
        known = _SERVICE.fullmatch(name) is not None
    elif kind == "Federated":
        known = name not in ("", "*")
    else:
        known = where is PolicyKind.RESOURCE and re.fullmatch("[0-9a-f]{64}", name) is not None
    if not known:
        raise PolicyError(f'Invalid principal in policy: "{kind.upper()}":"{name}"')


_OPERATOR = re.compile(
    r"(ForAllValues:|ForAnyValue:)?"
    r"(String(Not)?(Equals|EqualsIgnoreCase|Like)|Numeric(Not)?Equals|Numeric(Less|Greater)Than"
    r"(Equals)?|Date(Not)?Equals|Date(Less|Greater)Than(Equals)?|Bool|BinaryEquals|(Not)?IpAddress|"
    r"Arn(Not)?(Equals|Like))(IfExists)?|Null"
)


def check_condition(operator: str, key: str, values: tuple[str, ...]) -> None:
    """Raises PolicyError unless there is such an operator, the key names a service, and dates are
    dates."""
    if not _OPERATOR.fullmatch(operator):
        raise PolicyError(f"Invalid Condition type : {operator}.")
    if ":" not in key.strip(":"):
        raise PolicyError(
            "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."
        )
    if operator.rpartition(":")[2].startswith("Date") and None in map(read_date, values):
        wrong = next(value for value in values if read_date(value) is None)
        raise PolicyError(f"{LEGACY_PARSING} ({operator} needs dates, and {wrong} is none)")
