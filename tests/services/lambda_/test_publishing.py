"""Publishing: when a version is new, and what it holds."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from kennel.services.lambda_.document import Code, State, Update, Version
from kennel.services.lambda_.publishing import fingerprint, snapshot

CODE = Code(id="c", sha256="s", size=1)


def latest(**changes: Any) -> Version:
    made = Version(
        function="f",
        version="$LATEST",
        code=CODE,
        serving=CODE,
        handler="main.handler",
        role="role",
        runtime="python3.11",
        last_modified=1.0,
        revision_id="r",
        state=State.ACTIVE,
        update=Update.SUCCESSFUL,
        environment={"A": "1"},
    )
    return msgspec.structs.replace(made, **changes)


@pytest.mark.parametrize(
    "change",
    [
        {"handler": "other.handler"},
        {"timeout": 4},
        {"environment": {}},
        {"description": "another"},
        {"code": Code(id="c", sha256="other", size=1)},
    ],
)
def test_a_change_of_code_or_configuration_makes_another_version(change: dict[str, Any]) -> None:
    assert fingerprint(latest(**change)) != fingerprint(latest())


def test_the_same_content_is_the_same_version_however_it_came_about() -> None:
    again = latest(code=Code(id="d", sha256="s", size=1), revision_id="other", last_modified=2.0)
    assert fingerprint(again) == fingerprint(latest())


def test_a_version_of_code_that_is_unpacked_is_active_and_another_is_pending() -> None:
    version = snapshot(latest(), 3, "mine")
    assert (version.version, version.description, version.state) == ("3", "mine", State.ACTIVE)
    assert (version.update, version.state_reason_code) == (Update.SUCCESSFUL, "")
    waiting = snapshot(latest(update=Update.IN_PROGRESS), 3, None)
    assert (waiting.state, waiting.serving, waiting.description) == (State.PENDING, None, "")


def test_a_version_shares_nothing_with_the_latest() -> None:
    source = latest()
    version = snapshot(source, 1, None)
    source.environment["A"] = "2"
    assert version.environment == {"A": "1"}
