"""Routes: which version an alias means."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kennel.services.lambda_.document import Alias, alias_key
from kennel.services.lambda_.routes import Route, Routes, route_of
from kennel.store import Collection, Database


def alias(name: str, version: str, **weights: float) -> Alias:
    return Alias(
        function="f",
        name=name,
        version=version,
        revision_id="r",
        weights={number[1:]: weight for number, weight in weights.items()},
    )


@given(st.floats(0, 1), st.floats(0, 1, exclude_max=True))
def test_the_additional_version_gets_its_share_of_the_draws(weight: float, draw: float) -> None:
    chosen = Route("1", "2", weight).choose(draw)
    assert chosen == ("2" if draw < weight else "1")


@given(st.floats(0, 1, exclude_max=True))
def test_a_weight_of_nothing_never_chooses_the_additional_version_and_one_always(
    draw: float,
) -> None:
    assert Route("1", "2", 0.0).choose(draw) == "1"
    assert Route("1", "2", 1.0).choose(draw) == "2"
    assert Route("1").choose(draw) == "1"


def test_an_alias_says_its_route() -> None:
    assert route_of(alias("live", "1")) == Route("1")
    assert route_of(alias("live", "1", v2=0.25)) == Route("1", "2", 0.25)


@pytest.fixture
def aliases(tmp_path: Path) -> Collection[Alias]:
    database = Database(tmp_path / "store.db")
    database.start()
    return Collection(database, "lambda.aliases", Alias)


def test_a_qualifier_without_an_alias_is_a_version_and_none_is_the_latest(
    aliases: Collection[Alias],
) -> None:
    aliases.put(alias_key("f", "live"), alias("live", "3"))
    routes = Routes(aliases)
    routes.load()
    assert routes.resolve("f", "live") == "3"
    assert routes.resolve("f", "7") == "7"
    assert routes.resolve("f", "") == "$LATEST"
    assert routes.resolve("g", "live") == "live"


def test_listeners_hear_of_what_changed_and_of_nothing_else(aliases: Collection[Alias]) -> None:
    routes = Routes(aliases)
    heard: list[tuple[str, str]] = []
    routes.listen(lambda function, qualifier: heard.append((function, qualifier)))
    aliases.put(alias_key("f", "live"), alias("live", "1"))
    aliases.put(alias_key("f", "next"), alias("next", "2"))
    routes.refresh("f")
    assert heard == [("f", "live"), ("f", "next")]
    aliases.put(alias_key("f", "next"), alias("next", "2", v1=0.5))
    aliases.delete(alias_key("f", "live"))
    routes.refresh("f")
    assert heard[2:] == [("f", "live"), ("f", "next")]
    routes.refresh("f")
    assert len(heard) == 4
    assert routes.route("f", "live") is None
    assert routes.route("f", "next") == Route("2", "1", 0.5)
