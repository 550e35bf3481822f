"""Keys and sessions are found as long as they should be, and never longer."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from kennel.clock import SimulatedClock
from kennel.identity import CredentialDirectory, Principal, PrincipalKind
from kennel.identity.documents import AccessKey
from kennel.identity.root_file import RootFileError
from tests.identity.conftest import ACCOUNT, DirectoryFactory

USER = Principal(PrincipalKind.USER, ACCOUNT, f"arn:aws:iam::{ACCOUNT}:user/ann", "AIDAEXAMPLE")
SESSION = Principal.role_session(
    ACCOUNT, "job", "AROAEXAMPLE", f"arn:aws:iam::{ACCOUNT}:role/job", "training"
)


def test_root_keys_are_made_once_and_kept_for_the_owner_alone(
    directory_factory: DirectoryFactory, tmp_path: Path
) -> None:
    first = directory_factory().root()
    assert first.principal == Principal.root(ACCOUNT)
    assert stat.S_IMODE((tmp_path / "credentials").stat().st_mode) == 0o600
    assert first.access_key_id in (tmp_path / "credentials").read_text()
    assert directory_factory().root() == first


def test_no_temporary_file_stays_behind(
    directory_factory: DirectoryFactory, tmp_path: Path
) -> None:
    directory_factory()
    assert not list(tmp_path.glob(".credentials*"))


def test_two_planes_have_different_root_keys(
    directory_factory: DirectoryFactory, tmp_path: Path
) -> None:
    first = directory_factory().root()
    (tmp_path / "credentials").unlink()
    second = directory_factory()
    assert second.root().secret_access_key != first.secret_access_key
    assert second.find(first.access_key_id) is None


@pytest.mark.parametrize("text", ["", "[default]\n", "rubbish", "[default]\naws_access_key_id=A\n"])
def test_an_unusable_root_file_is_an_error_that_says_what_to_do(
    directory_factory: DirectoryFactory, tmp_path: Path, text: str
) -> None:
    (tmp_path / "credentials").write_text(text)
    with pytest.raises(RootFileError, match="remove it to get new root credentials"):
        directory_factory()


def test_a_root_file_that_others_can_read_is_closed(
    directory_factory: DirectoryFactory, tmp_path: Path
) -> None:
    root = directory_factory().root()
    (tmp_path / "credentials").chmod(0o644)
    assert directory_factory().root() == root
    assert stat.S_IMODE((tmp_path / "credentials").stat().st_mode) == 0o600


def test_a_session_outlives_a_restart(directory_factory: DirectoryFactory) -> None:
    issued = directory_factory().issue_session(
        SESSION, 900, policy="{}", policy_arns=["arn:aws:iam::aws:policy/P"], tags={"a": "b"}
    )
    again = directory_factory()
    assert again.find(issued.access_key_id) == issued
    assert issued.access_key_id.startswith("ASIA")
    scope = issued.principal.session
    assert scope is not None
    assert (scope.policy, scope.policy_arns, scope.tags) == (
        "{}",
        ("arn:aws:iam::aws:policy/P",),
        (("a", "b"),),
    )


def test_an_expired_session_is_found_for_a_day_and_then_forgotten(
    directory_factory: DirectoryFactory, clock: SimulatedClock
) -> None:
    directory = directory_factory()
    old = directory.issue_session(SESSION, 900)
    clock.advance(3_700)
    directory.issue_session(SESSION, 900)
    assert directory.find(old.access_key_id) == old
    clock.advance(86_400)
    young = directory.issue_session(SESSION, 900)
    assert directory.find(old.access_key_id) is None
    again = directory_factory()
    assert again.find(old.access_key_id) is None
    assert again.find(young.access_key_id) == young


def test_many_sessions_at_once_are_all_different_and_all_kept(
    directory_factory: DirectoryFactory,
) -> None:
    directory = directory_factory()
    with ThreadPoolExecutor(16) as pool:
        issued = list(pool.map(lambda _: directory.issue_session(SESSION, 900), range(200)))
    assert len({one.access_key_id for one in issued}) == 200
    assert len({one.session_token for one in issued}) == 200
    again = directory_factory()
    assert all(again.find(one.access_key_id) == one for one in issued)


def test_a_user_key_is_found_while_it_is_active(directory_factory: DirectoryFactory) -> None:
    directory = directory_factory()
    access_key_id, key = directory.add_user_key(USER)
    found = directory.find(access_key_id)
    assert found is not None
    assert (found.principal, found.secret_access_key) == (USER, key.secret)
    assert directory.set_status(access_key_id, active=False)
    assert directory.find(access_key_id) is None
    again = directory_factory()
    assert again.find(access_key_id) is None
    assert again.set_status(access_key_id, active=True)
    assert again.find(access_key_id) == found
    assert again.remove(access_key_id)
    assert again.find(access_key_id) is None
    assert not again.remove(access_key_id)
    assert directory_factory().user_key(access_key_id) is None


def test_a_refused_key_is_not_made(directory_factory: DirectoryFactory) -> None:
    directory = directory_factory()

    def refuse(keys: list[AccessKey]) -> None:
        raise ValueError(len(keys))

    with pytest.raises(ValueError):
        directory.add_user_key(USER, refuse)  # type: ignore[arg-type]
    assert directory.user_keys(USER.user_id) == {}


def test_a_renamed_users_keys_carry_the_new_arn(directory_factory: DirectoryFactory) -> None:
    directory = directory_factory()
    access_key_id, _ = directory.add_user_key(USER)
    arn = f"arn:aws:iam::{ACCOUNT}:user/bea"
    directory.rename_user(USER.user_id, arn, lambda connection: None)
    for one in (directory, directory_factory()):
        found = one.find(access_key_id)
        assert found is not None
        assert found.principal.arn == arn


def test_a_failed_rename_changes_nothing(directory_factory: DirectoryFactory) -> None:
    directory = directory_factory()
    access_key_id, key = directory.add_user_key(USER)

    def fail(connection: object) -> None:
        raise ValueError

    with pytest.raises(ValueError):
        directory.rename_user(USER.user_id, "arn:aws:iam::1:user/other", fail)
    again: CredentialDirectory = directory_factory()
    assert directory.user_key(access_key_id) == again.user_key(access_key_id) == key
