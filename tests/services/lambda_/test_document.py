from __future__ import annotations

import pytest

from kennel.services.lambda_.document import (
    _STATES,
    _UPDATES,
    Code,
    IllegalMove,
    State,
    Update,
    Version,
    move_state,
    move_update,
    version_key,
)


def version(**changes: object) -> Version:
    made = Version(
        function="dogs",
        version="$LATEST",
        code=Code(id="c", sha256="", size=1),
        handler="main.handler",
        role="arn:aws:iam::000000000000:role/dogs",
        runtime="python3.11",
        last_modified=0.0,
        revision_id="r",
    )
    for name, value in changes.items():
        setattr(made, name, value)
    return made


def test_every_status_says_what_may_follow_it() -> None:
    assert set(_STATES) == set(State)
    assert set(_UPDATES) == set(Update)


@pytest.mark.parametrize("now", State)
@pytest.mark.parametrize("then", State)
def test_a_state_moves_along_the_map_and_nowhere_else(now: State, then: State) -> None:
    made = version(state=now)
    if then in _STATES[now]:
        move_state(made, then, "why", "code")
        assert (made.state, made.state_reason, made.state_reason_code) == (then, "why", "code")
    else:
        with pytest.raises(IllegalMove):
            move_state(made, then)


@pytest.mark.parametrize("now", Update)
@pytest.mark.parametrize("then", Update)
def test_an_update_moves_along_the_map_and_nowhere_else(now: Update, then: Update) -> None:
    made = version(update=now)
    if then in _UPDATES[now]:
        move_update(made, then)
        assert made.update == then
    else:
        with pytest.raises(IllegalMove):
            move_update(made, then)


def test_keys_are_in_the_order_of_the_functions_names() -> None:
    names = sorted(["a", "a-b", "a_b", "ab", "A", "a0"])
    assert sorted(version_key(name, "$LATEST") for name in names) == [
        version_key(name, "$LATEST") for name in names
    ]


def test_keys_of_a_function_s_versions_are_in_the_order_of_their_numbers() -> None:
    versions = ["$LATEST", "1", "2", "9", "10", "11", "100"]
    keys = [version_key("a", version) for version in versions]
    assert sorted(keys) == keys
    assert all(key.startswith(version_key("a", "")) for key in keys)
    assert keys[-1] < version_key("a-b", "$LATEST")
