"""A grant is good for its own token, until its process has ended."""

from __future__ import annotations

from pathlib import Path

from kennel.identity import CredentialDirectory, Ticket
from tests.identity.conftest import ACCOUNT, DirectoryFactory

ROLE = f"arn:aws:iam::{ACCOUNT}:role/job"
SAGEMAKER = "sagemaker.amazonaws.com"


def opened(directory: CredentialDirectory, holder: str) -> Ticket:
    return directory.grants.open(holder, ROLE, "SageMaker", SAGEMAKER)


def test_a_token_finds_its_own_grant_and_no_other(directory_factory: DirectoryFactory) -> None:
    directory = directory_factory()
    mine, other = opened(directory, "training-job/a"), opened(directory, "training-job/b")
    found = directory.grants.find(mine.id, mine.token)
    assert found is not None
    assert (found.holder, found.role_arn, found.session_name, found.service) == (
        "training-job/a",
        ROLE,
        "SageMaker",
        SAGEMAKER,
    )
    for identifier, token in (
        (mine.id, other.token),
        (other.id, mine.token),
        (mine.id, ""),
        (mine.id, f"{mine.token} "),
        (mine.id, "\udcff"),
        ("", mine.token),
        (mine.token, mine.token),
    ):
        assert directory.grants.find(identifier, token) is None


def test_tokens_and_ids_are_never_the_same_twice(directory_factory: DirectoryFactory) -> None:
    directory = directory_factory()
    tickets = [opened(directory, f"endpoint/e/{number}") for number in range(20)]
    assert len({ticket.token for ticket in tickets}) == len({one.id for one in tickets}) == 20
    assert all(len(ticket.token) >= 43 for ticket in tickets)  # 256 bits


def test_a_grant_outlives_the_plane(directory_factory: DirectoryFactory) -> None:
    ticket = opened(directory_factory(), "training-job/a")
    assert directory_factory().grants.find(ticket.id, ticket.token) is not None


def test_the_end_of_a_holder_ends_its_grants_and_those_below_it(
    directory_factory: DirectoryFactory,
) -> None:
    directory = directory_factory()
    first, second = opened(directory, "endpoint/e/1-a"), opened(directory, "endpoint/e/2-a")
    other = opened(directory, "endpoint/e2/1-a")
    directory.grants.end("endpoint/e/1-a")
    assert directory.grants.find(first.id, first.token) is None
    assert directory.grants.find(second.id, second.token) is not None
    directory.grants.end("endpoint/e")
    directory.grants.end("endpoint/e")  # there is nothing left to end
    for grants in (directory.grants, directory_factory().grants):
        assert grants.find(first.id, first.token) is None
        assert grants.find(second.id, second.token) is None
        assert grants.find(other.id, other.token) is not None


def test_a_holders_next_grant_ends_the_one_before(directory_factory: DirectoryFactory) -> None:
    directory = directory_factory()
    before, now = opened(directory, "training-job/a"), opened(directory, "training-job/a")
    for grants in (directory.grants, directory_factory().grants):
        assert grants.find(before.id, before.token) is None
        assert grants.find(now.id, now.token) is not None


def test_no_token_is_on_disk(directory_factory: DirectoryFactory, tmp_path: Path) -> None:
    ticket = opened(directory_factory(), "training-job/a")
    directory_factory()
    files = [path.read_bytes() for path in tmp_path.iterdir() if path.is_file()]
    assert any(ticket.id.encode() in data for data in files)
    assert not any(ticket.token.encode() in data for data in files)
