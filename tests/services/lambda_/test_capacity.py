from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import cast

from hypothesis import given
from hypothesis import strategies as st

from kennel.services.lambda_.capacity import Capacity, Provision, provision_key, shares
from kennel.services.lambda_.document import Alias, Function, Version, alias_key
from kennel.services.lambda_.environments import Fleet
from kennel.services.lambda_.routes import Routes
from kennel.store import Collection, Database


@given(st.integers(1, 900), st.floats(0, 1))
def test_the_versions_of_an_alias_share_all_that_is_provisioned_by_weight(
    requested: int, weight: float
) -> None:
    wanted = shares(requested, "1", "2", weight)
    assert sum(wanted.values()) == requested
    assert abs(wanted.get("2", 0) - requested * weight) <= 0.5
    assert all(wanted.values())


def test_an_alias_of_one_version_has_all_of_it_there() -> None:
    assert shares(3, "1", "", 0.0) == {"1": 3}


class _Fleet:
    """Notes what it is to provision."""

    def __init__(self) -> None:
        self.provisioned: dict[str, Mapping[str, int]] = {}

    def provision(self, function: str, qualifier: str, wanted: Mapping[str, int]) -> None:
        self.provisioned[f"{function} {qualifier}"] = wanted

    def reserve(self, function: str, reserved: int | None) -> None:
        pass

    def forget(self, function: str) -> None:
        pass


def test_a_configuration_that_comes_before_its_aliass_route_is_kept(tmp_path: Path) -> None:
    database = Database(tmp_path / "store.db")
    database.start()
    aliases = Collection(database, "lambda.aliases", Alias)
    provisions = Collection(database, "lambda.provisions", Provision)
    routes, fleet = Routes(aliases), _Fleet()
    capacity = Capacity(
        Collection(database, "lambda.functions", Function),
        Collection(database, "lambda.versions", Version),
        aliases,
        provisions,
        routes,
        cast(Fleet, fleet),
    )
    capacity.start()
    alias = Alias(function="f", name="live", version="1", revision_id="r")
    aliases.put(alias_key("f", "live"), alias)
    provision = Provision(function="f", qualifier="live", requested=2, last_modified=0.0)
    provisions.put(provision_key("f", "live"), provision)
    capacity.refresh("f", "live")
    assert fleet.provisioned == {"f live": {}}
    routes.refresh("f")
    assert fleet.provisioned == {"f live": {"1": 2}}
    database.stop()
