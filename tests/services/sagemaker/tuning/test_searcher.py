"""The search process, from the plane's side: it may die at any moment."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kennel.services.sagemaker.tuning import searcher as module
from kennel.services.sagemaker.tuning.searcher import Searcher, SearchFailed, SearchLost
from tests.planes import wait_until

REQUEST: dict[str, Any] = {
    "strategy": "Random",
    "seed": 1,
    "number": 1,
    "budget": 3,
    "maximize": False,
    "space": [{"name": "n", "kind": "integer", "low": 1, "high": 9, "scale": "linear"}],
    "trials": [],
}


@pytest.fixture
def searcher(tmp_path: Path) -> Iterator[Searcher]:
    one = Searcher(tmp_path / "tuning")
    yield one
    one.close()


def test_it_starts_when_it_is_asked_and_stays(searcher: Searcher) -> None:
    assert searcher.pid is None
    first = searcher.propose(REQUEST)
    pid = searcher.pid
    assert searcher.propose(REQUEST) == first
    assert searcher.pid == pid


def test_one_that_was_killed_is_started_anew_and_says_the_same(searcher: Searcher) -> None:
    first = searcher.propose(REQUEST)
    assert searcher.pid is not None
    os.kill(searcher.pid, signal.SIGKILL)
    assert searcher.propose(REQUEST) == first


def test_one_that_is_idle_ends(searcher: Searcher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_IDLE_SECONDS", 0.05)
    first = searcher.propose(REQUEST)
    wait_until(lambda: searcher.pid is None)
    assert searcher.propose(REQUEST) == first


def test_what_can_not_be_searched_is_an_error_and_the_process_lives(searcher: Searcher) -> None:
    with pytest.raises(SearchFailed, match="KeyError"):
        searcher.propose(REQUEST | {"strategy": "?"})
    pid = searcher.pid
    assert searcher.propose(REQUEST)
    assert searcher.pid == pid


def test_one_that_never_answers_is_given_up(
    searcher: Searcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_ANSWER_SECONDS", 0.3)
    searcher.propose(REQUEST)
    assert searcher.pid is not None
    os.kill(searcher.pid, signal.SIGSTOP)
    monkeypatch.setattr(module, "_STOP_SECONDS", 0.1)
    monkeypatch.setattr(module, "_TRIES", 1)
    with pytest.raises(SearchLost, match=r"tuner\.log"):
        searcher.propose(REQUEST)


def test_it_sees_none_of_the_planes_keys(
    searcher: Searcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hush")
    searcher.propose(REQUEST)
    assert b"hush" not in Path(f"/proc/{searcher.pid}/environ").read_bytes()


def test_a_closed_one_gives_no_more_answers(searcher: Searcher) -> None:
    searcher.propose(REQUEST)
    searcher.close()
    assert searcher.pid is None
    with pytest.raises(SearchFailed, match="the plane stops"):
        searcher.propose(REQUEST)
