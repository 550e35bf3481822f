"""What operations need is what AWS's Service Authorization Reference says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore import xform_name

from kennel.gateway.plane import Plane
from kennel.services import Access
from kennel.services.dispatch import _parameter_names
from tests.services.accesses.reference import dependent_actions, problems
from tests.services.accesses.samples import full_sample, least_sample, operations_of

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

# Where AWS does otherwise than the reference says: the resource as it is there.
EXCUSED = {
    # On one of the kinds, which the reference writes as if on all.
    "iam:ListPoliciesGrantingServiceAccess": r"arn:aws:iam::\d+:(group|role|user)/.+",
    "iam:GenerateServiceLastAccessedDetails": r"arn:aws:iam::\d+:(group|policy|role|user)/.+",
    # AWS's refusals name the path.
    "iam:ListGroups": r"arn:aws:iam::\d+:group/.*",
    "iam:ListInstanceProfiles": r"arn:aws:iam::\d+:instance-profile/.*",
    "iam:ListPolicies": r"arn:aws:iam::\d+:policy/.*",
    "iam:ListRoles": r"arn:aws:iam::\d+:role/.*",
    "iam:ListUsers": r"arn:aws:iam::\d+:user/.*",
    # User guide, "Logs sent to CloudWatch Logs": to be given on log-group:*.
    "logs:DescribeLogGroups": r"arn:aws:logs:[^:]+:\d+:log-group::log-stream:",
    # The IAM user guide's examples give it on arn:aws:s3:::* as well as on *.
    "s3:ListAllMyBuckets": r"arn:aws:s3:::\*",
}

# Operations that no policy can forbid, or that ask for each of their parts by themselves.
FREE = {"DeleteObjects", "GetCallerIdentity", "GetSessionToken"}

# Asked for elsewhere: roles by whoever is handed one; capacity providers are not supported.
ELSEWHERE = {"iam:PassRole", "lambda:PassCapacityProvider"}


def samples(plane: Plane, service: str) -> dict[str, tuple[dict[str, Any], dict[str, Any]]]:
    """Of each operation that the plane runs: parameters in full, and as few as can be."""
    found = {}
    for name, model in operations_of(service).items():
        method = plane.dispatcher.services[service].operation(xform_name(name))
        if method is not None:
            known = full_sample(service, model, _parameter_names(method))
            found[name] = (known, least_sample(service, model))
    return found


def test_every_service_is_asked(local_plane: Plane):
    assert set(SERVICES) == set(local_plane.dispatcher.services)


@pytest.mark.parametrize("service", SERVICES)
def test_actions_resources_and_condition_keys_are_those_of_the_reference(
    service: str, local_plane: Plane, accesses: Callable[..., list[Access]]
):
    wrong = {}
    for operation, parameters in samples(local_plane, service).items():
        for sample in parameters:
            found = accesses(service, operation, **sample)
            said = problems(found, EXCUSED)
            if bool(found) == (operation in FREE):
                said.append("nothing is needed, or something though it is free")
            if said:
                wrong[operation] = said
    assert wrong == {}


@pytest.mark.parametrize("service", SERVICES)
def test_what_an_action_depends_on_is_needed_too(
    service: str, local_plane: Plane, accesses: Callable[..., list[Access]]
):
    missing = {}
    for operation, (sample, _) in samples(local_plane, service).items():
        found = {one.action for one in accesses(service, operation, **sample)}
        wanted = set().union(*(dependent_actions(action) for action in found)) if found else set()
        if wanted - found - ELSEWHERE:
            missing[operation] = wanted - found
    assert missing == {}
