"""When keys were used last."""

from __future__ import annotations

from collections.abc import Callable

from kennel.clock import SimulatedClock
from kennel.identity import CredentialDirectory, Principal
from kennel.identity.key_uses import KeyUse

DirectoryFactory = Callable[[], CredentialDirectory]
ANN = Principal.root("123456789012")


def test_the_latest_use_is_known_at_once(
    directory_factory: DirectoryFactory, clock: SimulatedClock
):
    uses = directory_factory().uses
    assert uses.latest("AKIAONE") is None
    uses.note("AKIAONE", "s3", "eu-west-1")
    clock.advance(5)
    uses.note("AKIAONE", "iam", "us-east-1")
    assert uses.latest("AKIAONE") == KeyUse(time=clock.wall(), service="iam", region="us-east-1")


def test_a_use_is_on_disk_within_a_minute_and_at_the_end(
    directory_factory: DirectoryFactory, clock: SimulatedClock
):
    # Each directory takes the place of the one before, as after a kill.
    uses = directory_factory().uses
    uses.write()
    uses.note("AKIAONE", "s3", "eu-west-1")
    uses.write()
    uses = directory_factory().uses
    assert uses.latest("AKIAONE") is None
    uses.write()
    uses.note("AKIAONE", "s3", "eu-west-1")
    clock.advance(60)
    uses.write()
    uses = directory_factory().uses
    assert uses.latest("AKIAONE") is not None
    uses.note("AKIATWO", "s3", "eu-west-1")
    uses.write(due_only=False)
    assert directory_factory().uses.latest("AKIATWO") is not None


def test_keys_of_sessions_are_not_kept(directory_factory: DirectoryFactory):
    uses = directory_factory().uses
    uses.note("ASIAONE", "s3", "eu-west-1")
    assert uses.latest("ASIAONE") is None


def test_a_key_that_is_deleted_is_forgotten(directory_factory: DirectoryFactory):
    directory = directory_factory()
    key, _ = directory.add_user_key(ANN)
    directory.uses.note(key, "s3", "eu-west-1")
    directory.uses.write(due_only=False)
    directory.remove(key)
    assert directory.uses.latest(key) is None
    assert directory_factory().uses.latest(key) is None
