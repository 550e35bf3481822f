from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from kennel.demo.tidy import Tidy


def test_things_go_in_the_opposite_order_of_their_making_however_it_ends():
    gone: list[str] = []

    def interrupted() -> None:
        with Tidy() as tidy:
            tidy.later(gone.append, "role")
            tidy.later(gone.append, "endpoint")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert gone == ["endpoint", "role"]


def test_what_was_never_made_holds_nothing_up():
    gone: list[str] = []

    def missing(name: str) -> None:
        raise ClientError({"Error": {"Code": "NoSuchEntity", "Message": name}}, "DeleteRole")

    with Tidy() as tidy:
        tidy.later(gone.append, "role")
        tidy.later(missing, "function")
    assert gone == ["role"]


def test_what_is_to_be_kept_stays():
    gone: list[str] = []
    with Tidy() as tidy:
        tidy.later(gone.append, "role")
        tidy.keep()
    assert gone == []
