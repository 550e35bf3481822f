from __future__ import annotations

import signal

import pytest
from botocore.exceptions import ClientError

from kennel.demo.tidy import Tidy


def test_things_go_in_the_opposite_order_of_their_making_however_it_ends():
    gone: list[str] = []

    def interrupted() -> None:
        with Tidy() as tidy:
            with tidy.making(gone.append, "role"):
                pass
            with tidy.making(gone.append, "endpoint"):
                pass
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert gone == ["endpoint", "role"]


def test_what_was_never_made_holds_nothing_up():
    gone: list[str] = []

    def missing(name: str) -> None:
        raise ClientError({"Error": {"Code": "NoSuchEntity", "Message": name}}, "DeleteRole")

    with Tidy() as tidy:
        with tidy.making(gone.append, "role"):
            pass
        with tidy.making(missing, "function"):
            pass
    assert gone == ["role"]


def test_ctrl_c_waits_until_what_is_being_made_is_made():
    said: list[str] = []

    def make() -> None:
        with Tidy() as tidy, tidy.making(said.append, "removed"):
            signal.raise_signal(signal.SIGINT)
            said.append("made")

    with pytest.raises(KeyboardInterrupt):
        make()
    assert said == ["made", "removed"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_what_is_to_be_kept_stays():
    gone: list[str] = []
    with Tidy() as tidy:
        with tidy.making(gone.append, "role"):
            pass
        tidy.keep()
    assert gone == []
