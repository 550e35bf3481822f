from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kennel.services.lambda_.capacity import shares


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
