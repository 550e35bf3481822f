"""What IAM's operations need to be allowed.

Source: "Actions, resources, and condition keys for AWS Identity and Access Management" of the
Service Authorization Reference; for tags on creation "Tagging IAM resources" of the user guide.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from kennel.services.access_rules import Need, need

__all__ = ["ACCESS_TABLE", "BOUNDARY", "NEW", "PATH", "TARGET"]

# What the service reads out of the parameters and its store before the table is asked.
NEW = "-New"
"""Path and name of what is to be made: `/path/name`."""
TARGET = "-Target"
"""Path and name of what a user or a group is to become, if that is to change."""
PATH = "-Path"
"""The path that a listing is of."""
BOUNDARY = "-Boundary"
"""The permissions boundary that a user or a role has now."""

_NOUNS = {
    "User": ("user", "{UserName}"),
    "Role": ("role", "{RoleName}"),
    "Group": ("group", "{GroupName}"),
    "InstanceProfile": ("instance-profile", "{InstanceProfileName}"),
    "Policy": ("policy", "{PolicyArn}"),
}
_LISTED = {
    "Groups": "group",
    "InstanceProfiles": "instance-profile",
    "Policies": "policy",
    "Roles": "role",
    "Users": "user",
}
_ATTACHED = {"iam:policyarn": "PolicyArn", "iam:permissionsboundary": BOUNDARY}
_BOUND = {"iam:permissionsboundary": BOUNDARY}
_NEW_BOUND = {"iam:permissionsboundary": "PermissionsBoundary"}


def _on(resource: str, *operations: str) -> dict[str, tuple[Need, ...]]:
    """Operations that need the action of their own name on one thing and nothing else."""
    return {operation: (need(operation, resource),) for operation in operations}


def _creating(noun: str, keys: Mapping[str, str] | None = None) -> tuple[Need, ...]:
    resource = f"{_NOUNS[noun][0]}{{{NEW}}}"
    return (
        need(f"Create{noun}", resource, tags="Tags", keys=keys),
        need(f"Tag{noun}", resource, tags="Tags", when="Tags"),
    )


def _tagging() -> Iterator[tuple[str, tuple[Need, ...]]]:
    for noun in ("User", "Role", "InstanceProfile", "Policy"):
        _, resource = _NOUNS[noun]
        yield f"Tag{noun}", (need(f"Tag{noun}", resource, tags="Tags"),)
        yield f"Untag{noun}", (need(f"Untag{noun}", resource, tags="TagKeys"),)


def _of_policies() -> Iterator[tuple[str, tuple[Need, ...]]]:
    """What puts policies on users, groups and roles and takes them away."""
    for noun in ("User", "Role", "Group"):
        _, resource = _NOUNS[noun]
        for operation in (f"Attach{noun}Policy", f"Detach{noun}Policy"):
            yield operation, (need(operation, resource, keys=_ATTACHED),)
        for operation in (f"Put{noun}Policy", f"Delete{noun}Policy"):
            yield operation, (need(operation, resource, keys=_BOUND),)
    for noun in ("User", "Role"):
        _, resource = _NOUNS[noun]
        put, delete = f"Put{noun}PermissionsBoundary", f"Delete{noun}PermissionsBoundary"
        yield put, (need(put, resource, keys=_NEW_BOUND),)
        yield delete, (need(delete, resource, keys=_BOUND),)


def _renaming(noun: str) -> tuple[Need, ...]:
    """ "The entity must have permission on both the source object and the target object"
    (UpdateUser, UpdateGroup in the API reference)."""
    kind, resource = _NOUNS[noun]
    action = f"Update{noun}"
    return need(action, resource), need(action, f"{kind}{{{TARGET}}}", when=TARGET)


def _bound(*operations: str) -> dict[str, tuple[Need, ...]]:
    return {operation: (need(operation, "{RoleName}", keys=_BOUND),) for operation in operations}


ACCESS_TABLE: Mapping[str, Sequence[Need]] = {
    **_on(
        "*",
        "CreateAccountAlias",
        "DeleteAccountAlias",
        "GetAccountSummary",
        "GetServiceLastAccessedDetails",
        "GetServiceLastAccessedDetailsWithEntities",
        "GetContextKeysForCustomPolicy",
        "ListAccountAliases",
        "SimulateCustomPolicy",
    ),
    # [O] On the path, as AWS's refusals say, though the reference has no resource for them. So they
    # are allowed on `role/*`, as on `*`.
    **{
        f"List{noun}": (need(f"List{noun}", f"{kind}{{{PATH}}}"),) for noun, kind in _LISTED.items()
    },
    **_on("{PolicySourceArn}", "GetContextKeysForPrincipalPolicy", "SimulatePrincipalPolicy"),
    **_on(
        "{UserName}",
        "CreateAccessKey",
        "DeleteAccessKey",
        "DeleteUser",
        "GetAccessKeyLastUsed",
        "GetUser",
        "GetUserPolicy",
        "ListAccessKeys",
        "ListAttachedUserPolicies",
        "ListGroupsForUser",
        "ListUserPolicies",
        "ListUserTags",
        "UpdateAccessKey",
    ),
    **_on(
        "{RoleName}",
        "DeleteServiceLinkedRole",
        "GetRolePolicy",
        "ListAttachedRolePolicies",
        "ListInstanceProfilesForRole",
        "ListRolePolicies",
        "ListRoleTags",
    ),
    **_bound(
        "DeleteRole", "GetRole", "UpdateAssumeRolePolicy", "UpdateRole", "UpdateRoleDescription"
    ),
    **_on(
        "{GroupName}",
        "AddUserToGroup",
        "DeleteGroup",
        "GetGroup",
        "GetGroupPolicy",
        "ListAttachedGroupPolicies",
        "ListGroupPolicies",
        "RemoveUserFromGroup",
    ),
    **_on(
        "{InstanceProfileName}",
        "DeleteInstanceProfile",
        "GetInstanceProfile",
        "ListInstanceProfileTags",
        "RemoveRoleFromInstanceProfile",
    ),
    **_on(
        "{PolicyArn}",
        "CreatePolicyVersion",
        "DeletePolicy",
        "DeletePolicyVersion",
        "GetPolicy",
        "GetPolicyVersion",
        "ListEntitiesForPolicy",
        "ListPolicyTags",
        "ListPolicyVersions",
        "SetDefaultPolicyVersion",
    ),
    **dict(_tagging()),
    **dict(_of_policies()),
    "AddRoleToInstanceProfile": (
        need("AddRoleToInstanceProfile", "{InstanceProfileName}"),
        need("PassRole", "{RoleName}", keys={"iam:passedtoservice": "=ec2.amazonaws.com"}),
    ),
    "CreateGroup": (need("CreateGroup", f"group{{{NEW}}}"),),
    "CreateInstanceProfile": _creating("InstanceProfile"),
    "CreatePolicy": _creating("Policy"),
    "CreateRole": _creating("Role", _NEW_BOUND),
    "CreateServiceLinkedRole": (
        need(
            "CreateServiceLinkedRole",
            f"role{{{NEW}}}",
            keys={"iam:awsservicename": "AWSServiceName"},
        ),
    ),
    "CreateUser": _creating("User", _NEW_BOUND),
    "GenerateServiceLastAccessedDetails": (need("GenerateServiceLastAccessedDetails", "{Arn}"),),
    "GetServiceLinkedRoleDeletionStatus": (
        need("GetServiceLinkedRoleDeletionStatus", f"role{{{NEW}}}"),
    ),
    "ListPoliciesGrantingServiceAccess": (need("ListPoliciesGrantingServiceAccess", "{Arn}"),),
    # No operation of AWS's: a service asks for it when a role is handed to it.
    "PassRole": (need("PassRole", "{RoleArn}", keys={"iam:passedtoservice": "PassedToService"}),),
    "UpdateGroup": _renaming("Group"),
    "UpdateUser": _renaming("User"),
}
