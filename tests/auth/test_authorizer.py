"""Policies decide: what the authorize step asks, what it keeps, and when it asks again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, ClassVar

import pytest

from kennel.auth import IamMode, PolicyAuthorizer
from kennel.errors import AwsError
from kennel.identity import Principal
from kennel.policy import AccessRequest, Decision
from kennel.services import Access, Context, Service
from tests.services.iam.stage import ACCOUNT, ALLOW_ALL, Stage, document, trust

ROOT = Principal.root(ACCOUNT)
SHELF = f"arn:aws:shelf:us-east-1:{ACCOUNT}:book/one"
OTHER = f"arn:aws:shelf:us-east-1:{ACCOUNT}:book/two"
READ_ONE = document(Action="shelf:Read", Resource=SHELF)


class Shelf(Service):
    """A service with one action, on books that may carry policies and tags."""

    name: ClassVar[str] = "shelf"

    def __init__(self) -> None:
        self.policies: dict[str, str] = {}
        self.tags: dict[str, dict[str, str]] = {}

    def accesses(
        self, ctx: Context, operation: str, parameters: Mapping[str, Any]
    ) -> Sequence[Access]:
        books = parameters.get("Books", [SHELF])
        return [Access(f"shelf:{operation}", book) for book in books]

    def resource_policy(self, arn: str) -> str:
        return self.policies.get(arn, "")

    def resource_tags(self, arn: str) -> Mapping[str, str]:
        return self.tags.get(arn, {})


class Recorder:
    def __init__(self) -> None:
        self.told: list[tuple[str, str, bool, bool]] = []
        self.facts: dict[str, tuple[str, ...]] = {}

    def record(
        self,
        request: AccessRequest,
        decision: Decision,
        facts: Mapping[str, tuple[str, ...]],
        *,
        enforced: bool = True,
    ) -> None:
        self.told.append((request.action, request.resource, decision.allowed, enforced))
        self.facts = dict(facts)


class Plane(Stage):
    def __init__(self, folder: Path, mode: IamMode = IamMode.ENFORCE) -> None:
        self.recorder = Recorder()
        self.policy_authorizer = PolicyAuthorizer(mode, self.recorder, lambda: 0.0)
        super().__init__(folder, authorizer=self.policy_authorizer)
        self.shelf = Shelf()
        self.dispatcher.add(self.shelf)

    def read(self, principal: Principal, *books: str) -> str:
        """Empty if the caller may read the books, else the error's message."""
        context = self.context(principal)
        try:
            self.dispatcher.authorize(context, "shelf", "Read", {"Books": books or (SHELF,)})
        except AwsError as error:
            return error.message
        return ""

    def session(
        self, role: str, *, tags: dict[str, str] | None = None, policy: str = ""
    ) -> Principal:
        found = self.iam.find_role(role)
        assert found is not None
        return self.credentials.issue_session(
            found.principal("s"), 900, policy=policy, tags=tags
        ).principal


@pytest.fixture
def plane(tmp_path: Path) -> Iterator[Plane]:
    with Plane(tmp_path / "state") as plane:
        yield plane


def test_who_has_no_policy_is_denied_in_the_words_of_iam(plane: Plane) -> None:
    ann = plane.user()
    assert plane.read(ann) == (
        f"User: {ann.arn} is not authorized to perform: shelf:Read on resource: {SHELF} "
        "because no identity-based policy allows the shelf:Read action"
    )
    assert plane.recorder.told[-1] == ("shelf:Read", SHELF, False, True)


def test_a_statement_allows_its_resource_and_no_other(plane: Plane) -> None:
    ann = plane.user()
    plane.call("PutUserPolicy", UserName="ann", PolicyName="p", PolicyDocument=READ_ONE)
    assert plane.read(ann) == ""
    assert OTHER in plane.read(ann, OTHER)


def test_all_that_an_operation_touches_must_be_allowed(plane: Plane) -> None:
    ann = plane.user()
    plane.call("PutUserPolicy", UserName="ann", PolicyName="p", PolicyDocument=READ_ONE)
    assert OTHER in plane.read(ann, SHELF, OTHER)


def test_a_change_counts_from_the_moment_of_its_reply(plane: Plane) -> None:
    ann = plane.user()
    put = {"UserName": "ann", "PolicyName": "p", "PolicyDocument": READ_ONE}
    for _ in range(3):
        assert plane.read(ann) != ""
        plane.call("PutUserPolicy", **put)
        assert plane.read(ann) == ""
        plane.call("DeleteUserPolicy", UserName="ann", PolicyName="p")


def test_groups_managed_policies_and_their_versions_count(plane: Plane) -> None:
    ann = plane.user()
    plane.call("CreateGroup", GroupName="readers")
    arn = plane.policy("read", READ_ONE)
    plane.call("AttachGroupPolicy", GroupName="readers", PolicyArn=arn)
    assert plane.read(ann) != ""
    plane.call("AddUserToGroup", GroupName="readers", UserName="ann")
    assert plane.read(ann) == ""
    deny = document(Effect="Deny", Action="*", Resource="*")
    plane.call("CreatePolicyVersion", PolicyArn=arn, PolicyDocument=deny, SetAsDefault=True)
    assert plane.read(ann).endswith("with an explicit deny in an identity-based policy")
    plane.call("RemoveUserFromGroup", GroupName="readers", UserName="ann")
    assert "explicit deny" not in plane.read(ann)


def test_aws_managed_policies_count_by_name(plane: Plane) -> None:
    role = plane.role("r", trust("*"))
    plane.call(
        "AttachRolePolicy",
        RoleName="r",
        PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess",
    )
    assert plane.read(plane.session(role)) == ""


def test_a_boundary_and_a_session_policy_narrow_and_are_named(plane: Plane) -> None:
    arn = plane.policy("bound", READ_ONE)
    role = plane.role("r", trust("*"), PermissionsBoundary=arn)
    plane.call("PutRolePolicy", RoleName="r", PolicyName="p", PolicyDocument=ALLOW_ALL)
    assert plane.read(plane.session(role)) == ""
    assert plane.read(plane.session(role), OTHER).endswith(
        "because no permissions boundary allows the shelf:Read action"
    )
    narrowed = plane.session(role, policy=document(Action="shelf:Read", Resource=OTHER))
    assert plane.read(narrowed).endswith("because no session policy allows the shelf:Read action")
    assert plane.read(plane.session(role)) == "", "another session of the role is not narrowed"


def test_a_deleted_role_leaves_its_sessions_nothing_and_its_name_no_rights(plane: Plane) -> None:
    role = plane.role("r", trust("*"))
    plane.call("PutRolePolicy", RoleName="r", PolicyName="p", PolicyDocument=READ_ONE)
    session = plane.session(role)
    assert plane.read(session) == ""
    plane.call("DeleteRolePolicy", RoleName="r", PolicyName="p")
    plane.call("DeleteRole", RoleName="r")
    assert plane.read(session) != ""
    plane.role("r", trust("*"))
    plane.call("PutRolePolicy", RoleName="r", PolicyName="p", PolicyDocument=READ_ONE)
    assert plane.read(session) != "", "the new role of that name is somebody else"


def test_the_resources_own_policy_counts_from_one_call_to_the_next(plane: Plane) -> None:
    ann = plane.user()
    assert plane.read(ann) != ""
    policy = document(Principal={"AWS": ann.arn}, Action="shelf:Read", Resource="*")
    plane.shelf.policies[SHELF] = policy
    assert plane.read(ann) == ""
    plane.shelf.policies.clear()
    assert plane.read(ann) != ""


def test_a_condition_is_asked_each_time(plane: Plane) -> None:
    ann = plane.user()
    tagged = document(
        Action="shelf:Read",
        Resource="*",
        Condition={"StringEquals": {"aws:ResourceTag/Team": "red"}},
    )
    plane.call("PutUserPolicy", UserName="ann", PolicyName="p", PolicyDocument=tagged)
    assert plane.read(ann) != ""
    plane.shelf.tags[SHELF] = {"team": "red"}
    assert plane.read(ann) == "", "the case of a tag's key does not matter"
    assert plane.recorder.facts == {"aws:resourcetag/team": ("red",)}
    plane.shelf.tags[SHELF] = {"team": "blue"}
    assert plane.read(ann) != ""


def test_a_sessions_tags_stand_above_its_roles(plane: Plane) -> None:
    role = plane.role("r", trust("*"), Tags=[{"Key": "team", "Value": "red"}])
    by_tag = document(
        Action="shelf:Read",
        Resource="*",
        Condition={"StringEquals": {"aws:PrincipalTag/team": "red"}},
    )
    plane.call("PutRolePolicy", RoleName="r", PolicyName="p", PolicyDocument=by_tag)
    assert plane.read(plane.session(role)) == ""
    assert plane.read(plane.session(role, tags={"Team": "blue"})) != ""


def test_the_root_needs_no_policy(plane: Plane) -> None:
    assert plane.read(ROOT) == ""


def test_what_a_service_does_for_itself_is_nobodys_to_allow(plane: Plane) -> None:
    assert plane.read(Principal.service(ACCOUNT, "sagemaker.amazonaws.com")) == ""
    assert plane.recorder.told == []


@pytest.mark.parametrize("mode", list(IamMode))
def test_the_anonymous_caller_gets_in_only_by_a_resources_policy(
    tmp_path: Path, mode: IamMode
) -> None:
    with Plane(tmp_path / "state", mode) as plane:
        anonymous = Principal.anonymous()
        assert plane.read(anonymous) != ""
        plane.shelf.policies[SHELF] = document(Principal="*", Action="shelf:Read", Resource=SHELF)
        assert plane.read(anonymous) == ""
        assert plane.read(anonymous, OTHER) != ""


def test_observing_records_a_denial_and_lets_the_call_pass(tmp_path: Path) -> None:
    with Plane(tmp_path / "state", IamMode.OBSERVE) as plane:
        assert plane.read(plane.user()) == ""
        assert ("shelf:Read", SHELF, False, False) in plane.recorder.told


def test_off_asks_nobody(tmp_path: Path) -> None:
    with Plane(tmp_path / "state", IamMode.OFF) as plane:
        assert plane.read(plane.user()) == ""
        assert plane.recorder.told == []


def test_what_else_a_caller_might_do_is_answered_without_a_record(plane: Plane) -> None:
    ann = plane.user()
    plane.recorder.told.clear()
    assert not plane.dispatcher.allows(plane.context(ann), Access("shelf:Read", SHELF))
    plane.call("PutUserPolicy", UserName="ann", PolicyName="p", PolicyDocument=READ_ONE)
    assert plane.dispatcher.allows(plane.context(ann), Access("shelf:Read", SHELF))
    assert [told for told in plane.recorder.told if told[0].startswith("shelf:")] == []


def test_no_answer_is_older_than_the_last_change_between_threads(plane: Plane) -> None:
    users = [plane.user(f"u{number}") for number in range(4)]

    def toggle(user: Principal) -> list[bool]:
        name = user.arn.rpartition("/")[2]
        seen = []
        for _ in range(10):
            plane.call("PutUserPolicy", UserName=name, PolicyName="p", PolicyDocument=READ_ONE)
            seen.append(plane.read(user) == "")
            plane.call("DeleteUserPolicy", UserName=name, PolicyName="p")
            seen.append(plane.read(user) != "")
        return seen

    with ThreadPoolExecutor(4) as pool:
        assert all(all(seen) for seen in pool.map(toggle, users))
