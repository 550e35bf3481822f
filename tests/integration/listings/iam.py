"""IAM's lists."""

from __future__ import annotations

import json

from tests.integration.listings.registry import FIVE, Listing, listing
from tests.integration.stage import Stage
from tests.roles import TRUST

__all__: list[str] = []

_ANYTHING = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
)


def _policies(stage: Stage, folder: str, count: int = 5) -> list[str]:
    iam = stage.client("iam")
    return [
        iam.create_policy(
            PolicyName=f"{folder}{number}", Path=f"/{folder}/", PolicyDocument=_ANYTHING
        )["Policy"]["Arn"]
        for number in range(count)
    ]


def _role(stage: Stage, name: str, path: str = "/") -> None:
    stage.client("iam").create_role(
        RoleName=name, Path=path, AssumeRolePolicyDocument=json.dumps(TRUST)
    )


def _tags() -> list[dict[str, str]]:
    return [{"Key": f"k{number}", "Value": "v"} for number in reversed(FIVE)]


_TAG_KEYS = {"Tags[].Key": [f"k{number}" for number in FIVE]}


@listing("iam", "GetGroup")
def group(stage: Stage) -> Listing:
    iam = stage.client("iam")
    iam.create_group(GroupName="group")
    names = [f"member{number}" for number in FIVE]
    for name in reversed(names):
        iam.create_user(UserName=name)
        iam.add_user_to_group(GroupName="group", UserName=name)
    return Listing({"Users[].UserName": names}, {"GroupName": "group"})


@listing("iam", "ListAccessKeys")
def access_keys(stage: Stage) -> Listing:
    """A user has two at most."""
    iam = stage.client("iam")
    iam.create_user(UserName="keys")
    keys = [iam.create_access_key(UserName="keys")["AccessKey"]["AccessKeyId"] for _ in range(2)]
    return Listing(
        {"AccessKeyMetadata[].AccessKeyId": keys}, {"UserName": "keys"}, page_size=1, few=True
    )


@listing("iam", "ListAccountAliases")
def account_aliases(stage: Stage) -> Listing:
    """An account has one at most."""
    stage.client("iam").create_account_alias(AccountAlias="kennel-tests")
    return Listing({"AccountAliases": ["kennel-tests"]}, page_size=1, few=True)


@listing("iam", "ListAttachedGroupPolicies")
def attached_to_group(stage: Stage) -> Listing:
    stage.client("iam").create_group(GroupName="attached")
    return _attached(stage, "group", GroupName="attached")


@listing("iam", "ListAttachedRolePolicies")
def attached_to_role(stage: Stage) -> Listing:
    _role(stage, "attached")
    return _attached(stage, "role", RoleName="attached")


@listing("iam", "ListAttachedUserPolicies")
def attached_to_user(stage: Stage) -> Listing:
    stage.client("iam").create_user(UserName="attached")
    return _attached(stage, "user", UserName="attached")


def _attached(stage: Stage, noun: str, **holder: str) -> Listing:
    arns = _policies(stage, f"attached-{noun}")
    attach = getattr(stage.client("iam"), f"attach_{noun}_policy")
    for arn in reversed(arns):
        attach(PolicyArn=arn, **holder)
    return Listing({"AttachedPolicies[].PolicyArn": arns}, holder)


@listing("iam", "ListEntitiesForPolicy")
def entities(stage: Stage) -> Listing:
    iam = stage.client("iam")
    [arn] = _policies(stage, "entities", 1)
    for name in ("entity0", "entity1", "entity2"):
        iam.create_user(UserName=name)
        iam.create_group(GroupName=name)
        _role(stage, name)
        iam.attach_user_policy(UserName=name, PolicyArn=arn)
        iam.attach_group_policy(GroupName=name, PolicyArn=arn)
        iam.attach_role_policy(RoleName=name, PolicyArn=arn)
    names = ["entity0", "entity1", "entity2"]
    return Listing(
        {
            "PolicyGroups[].GroupName": names,
            "PolicyRoles[].RoleName": names,
            "PolicyUsers[].UserName": names,
        },
        {"PolicyArn": arn},
    )


@listing("iam", "ListGroupPolicies")
def inline_of_group(stage: Stage) -> Listing:
    stage.client("iam").create_group(GroupName="inline")
    return _inline(stage, "group", GroupName="inline")


@listing("iam", "ListRolePolicies")
def inline_of_role(stage: Stage) -> Listing:
    _role(stage, "inline")
    return _inline(stage, "role", RoleName="inline")


@listing("iam", "ListUserPolicies")
def inline_of_user(stage: Stage) -> Listing:
    stage.client("iam").create_user(UserName="inline")
    return _inline(stage, "user", UserName="inline")


def _inline(stage: Stage, noun: str, **holder: str) -> Listing:
    names = [f"p{number}" for number in FIVE]
    put = getattr(stage.client("iam"), f"put_{noun}_policy")
    for name in reversed(names):
        put(PolicyName=name, PolicyDocument=_ANYTHING, **holder)
    return Listing({"PolicyNames": names}, holder)


@listing("iam", "ListGroups")
def groups(stage: Stage) -> Listing:
    names = [f"listed{number}" for number in FIVE]
    for name in reversed(names):
        stage.client("iam").create_group(GroupName=name, Path="/listed/")
    return Listing({"Groups[].GroupName": names}, {"PathPrefix": "/listed/"})


@listing("iam", "ListGroupsForUser")
def groups_of_user(stage: Stage) -> Listing:
    iam = stage.client("iam")
    iam.create_user(UserName="joiner")
    names = [f"joined{number}" for number in FIVE]
    for name in reversed(names):
        iam.create_group(GroupName=name)
        iam.add_user_to_group(GroupName=name, UserName="joiner")
    return Listing({"Groups[].GroupName": names}, {"UserName": "joiner"})


@listing("iam", "ListInstanceProfiles")
def instance_profiles(stage: Stage) -> Listing:
    names = [f"listed{number}" for number in FIVE]
    for name in reversed(names):
        stage.client("iam").create_instance_profile(InstanceProfileName=name, Path="/listed/")
    return Listing({"InstanceProfiles[].InstanceProfileName": names}, {"PathPrefix": "/listed/"})


@listing("iam", "ListInstanceProfilesForRole")
def instance_profiles_of_role(stage: Stage) -> Listing:
    iam = stage.client("iam")
    _role(stage, "profiled")
    names = [f"profiled{number}" for number in FIVE]
    for name in reversed(names):
        iam.create_instance_profile(InstanceProfileName=name)
        iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName="profiled")
    return Listing({"InstanceProfiles[].InstanceProfileName": names}, {"RoleName": "profiled"})


@listing("iam", "ListInstanceProfileTags")
def instance_profile_tags(stage: Stage) -> Listing:
    stage.client("iam").create_instance_profile(InstanceProfileName="tagged", Tags=_tags())
    return Listing(_TAG_KEYS, {"InstanceProfileName": "tagged"})


@listing("iam", "ListPolicies")
def policies(stage: Stage) -> Listing:
    arns = _policies(stage, "listed")
    return Listing({"Policies[].Arn": arns}, {"Scope": "Local", "PathPrefix": "/listed/"})


@listing("iam", "ListPolicyTags")
def policy_tags(stage: Stage) -> Listing:
    made = stage.client("iam").create_policy(
        PolicyName="tagged", PolicyDocument=_ANYTHING, Tags=_tags()
    )
    return Listing(_TAG_KEYS, {"PolicyArn": made["Policy"]["Arn"]})


@listing("iam", "ListPolicyVersions")
def policy_versions(stage: Stage) -> Listing:
    """A policy has five at most, the newest first."""
    [arn] = _policies(stage, "versions", 1)
    for _ in range(4):
        stage.client("iam").create_policy_version(PolicyArn=arn, PolicyDocument=_ANYTHING)
    return Listing({"Versions[].VersionId": ["v5", "v4", "v3", "v2", "v1"]}, {"PolicyArn": arn})


@listing("iam", "ListRoles")
def roles(stage: Stage) -> Listing:
    names = [f"listed{number}" for number in FIVE]
    for name in reversed(names):
        _role(stage, name, "/listed/")
    return Listing({"Roles[].RoleName": names}, {"PathPrefix": "/listed/"})


@listing("iam", "ListRoleTags")
def role_tags(stage: Stage) -> Listing:
    _role(stage, "tagged")
    stage.client("iam").tag_role(RoleName="tagged", Tags=_tags())
    return Listing(_TAG_KEYS, {"RoleName": "tagged"})


@listing("iam", "ListUsers")
def users(stage: Stage) -> Listing:
    names = [f"listed{number}" for number in FIVE]
    for name in reversed(names):
        stage.client("iam").create_user(UserName=name, Path="/listed/")
    return Listing({"Users[].UserName": names}, {"PathPrefix": "/listed/"})


@listing("iam", "ListUserTags")
def user_tags(stage: Stage) -> Listing:
    stage.client("iam").create_user(UserName="tagged", Tags=_tags())
    return Listing(_TAG_KEYS, {"UserName": "tagged"})


_SIMULATED = [f"s3:Get{number}" for number in reversed(FIVE)]  # in the order of the request


@listing("iam", "SimulateCustomPolicy")
def simulated_texts(stage: Stage) -> Listing:
    asked = {"PolicyInputList": [_ANYTHING], "ActionNames": _SIMULATED}
    return Listing({"EvaluationResults[].EvalActionName": _SIMULATED}, asked)


@listing("iam", "SimulatePrincipalPolicy")
def simulated_user(stage: Stage) -> Listing:
    user = stage.client("iam").create_user(UserName="simulated")["User"]
    asked = {"PolicySourceArn": user["Arn"], "ActionNames": _SIMULATED}
    return Listing({"EvaluationResults[].EvalActionName": _SIMULATED}, asked)
