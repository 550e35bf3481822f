"""An endpoint's status changes only as AWS's do."""

from __future__ import annotations

import itertools

import pytest

from kennel.services.sagemaker.hosting import Endpoint, EndpointStatus, move
from kennel.services.sagemaker.hosting.deployment import _MOVES, IllegalMove


def endpoint(status: EndpointStatus) -> Endpoint:
    return Endpoint(name="e", arn="a", status=status, creation_time=1.0, last_modified_time=1.0)


def test_every_status_says_what_may_follow_it() -> None:
    assert set(_MOVES) == set(EndpointStatus)


def test_whatever_can_be_can_be_deleted() -> None:
    for status in set(EndpointStatus) - {EndpointStatus.DELETING}:
        assert EndpointStatus.DELETING in _MOVES[status]


@pytest.mark.parametrize(("old", "new"), [*itertools.product(EndpointStatus, EndpointStatus)])
def test_a_move_is_made_with_its_time_or_refused(old: EndpointStatus, new: EndpointStatus) -> None:
    changed = endpoint(old)
    if new in _MOVES[old]:
        move(changed, new, 7.0)
        assert (changed.status, changed.last_modified_time) == (new, 7.0)
    else:
        with pytest.raises(IllegalMove):
            move(changed, new, 7.0)
        assert (changed.status, changed.last_modified_time) == (old, 1.0)
