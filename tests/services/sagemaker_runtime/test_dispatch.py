"""The rules of `kennel.services.sagemaker_runtime.dispatch`, one by one and all together."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kennel.services.sagemaker_runtime.dispatch import (
    Dispatch,
    QueueFull,
    RandomLines,
    SharedLine,
)

KINDS: list[Callable[[int], Dispatch[int]]] = [SharedLine, RandomLines]


def test_a_free_instance_is_taken_the_one_that_was_freed_last_first() -> None:
    line: SharedLine[int] = SharedLine(10)
    for name in "abc":
        line.add(name)
    assert [line.arrive(n, n) for n in range(3)] == ["c", "b", "a"]
    for name in "bca":
        line.release(name)
    assert [line.arrive(n, n) for n in range(3)] == ["a", "c", "b"]


def test_whichever_instance_is_free_first_takes_the_oldest_request() -> None:
    line: SharedLine[int] = SharedLine(10)
    line.add("a")
    assert [line.arrive(n, n) for n in range(4)] == ["a", None, None, None]
    assert line.add("b") == [(1, "b")]
    assert line.release("a") == 2
    assert line.release("b") == 3
    assert line.release("a") is None


@pytest.mark.parametrize("kind", KINDS)
def test_a_request_too_many_is_refused_but_not_one_that_comes_again(
    kind: Callable[[int], Dispatch[int]],
) -> None:
    line = kind(2)
    line.add("a")
    assert line.arrive(1, 1) == "a"
    assert [line.arrive(2, 2), line.arrive(3, 3)] == [None, None]
    with pytest.raises(QueueFull):
        line.arrive(4, 4)
    line.remove("a")  # it dies with request 1
    assert line.arrive(1, 1, again=True) is None
    assert line.waiting == 3
    assert line.add("b") == [(1, "b")]
    assert line.release("b") == 2


@pytest.mark.parametrize("kind", KINDS)
def test_an_instance_that_leaves_takes_nothing_more(kind: Callable[[int], Dispatch[int]]) -> None:
    line = kind(10)
    line.add("a")
    assert line.arrive(1, 1) == "a"
    assert line.arrive(2, 2) is None
    assert line.remove("a") == []
    assert line.instances == 0
    assert line.release("a") is None
    assert line.close() == [2]


def test_an_idle_instance_that_left_is_not_taken() -> None:
    line: SharedLine[int] = SharedLine(10)
    line.add("a")
    line.add("b")
    line.remove("b")
    assert line.arrive(1, 1) == "a"
    assert line.arrive(2, 2) is None


@pytest.mark.parametrize("kind", KINDS)
def test_a_request_that_gave_up_is_passed_over(kind: Callable[[int], Dispatch[int]]) -> None:
    line = kind(10)
    line.add("a")
    for n in range(3):
        line.arrive(n, n)
    assert line.abandon(1)
    assert not line.abandon(1)
    assert line.release("a") == 2


def test_random_waits_for_the_instance_it_drew_even_if_another_is_free() -> None:
    draws = iter([0, 0, 1])
    lines: RandomLines[int] = RandomLines(10, lambda _: next(draws))
    lines.add("a")
    lines.add("b")
    assert [lines.arrive(n, n) for n in range(3)] == ["a", None, "b"]
    assert lines.release("b") is None
    assert lines.release("a") == 1


def test_random_draws_each_instance_as_often() -> None:
    lines: RandomLines[int] = RandomLines(10_000, random.Random(7).randrange)
    for name in "abcd":
        lines.add(name)
    taken = Counter(lines.arrive(n, n) for n in range(4000))
    assert taken[None] == 3996
    drained = Counter[str]()
    for name in "abcd":
        while lines.release(name) is not None:
            drained[name] += 1
    assert all(850 < count < 1150 for count in drained.values())  # 5 standard deviations


def test_those_in_the_line_of_an_instance_that_died_choose_again_in_their_order() -> None:
    draws = iter([0, 0, 0, 0, 0])
    lines: RandomLines[int] = RandomLines(10, lambda _: next(draws))
    lines.add("a")
    lines.add("b")
    assert [lines.arrive(n, n) for n in range(3)] == ["a", None, None]
    assert lines.remove("a") == [(1, "b")]
    assert lines.release("b") == 2


@dataclass
class _World:
    """A variant with what happens to it, and what the rules say must hold."""

    line: Dispatch[int]
    tickets: int = 0
    names: int = 0
    serving: dict[str, int] = field(default_factory=dict)
    leaving: dict[str, int] = field(default_factory=dict)
    idle: set[str] = field(default_factory=set)
    waiting: set[int] = field(default_factory=set)
    seen: list[int] = field(default_factory=list)
    order: list[int] = field(default_factory=list)

    def begin(self, token: int, name: str) -> None:
        assert name not in self.serving
        self.idle.discard(name)
        self.waiting.discard(token)
        self.serving[name] = token
        self.order.append(token)

    def step(self, what: str, which: int) -> None:
        names = sorted([*self.serving, *self.idle])
        if what == "arrive":
            self.tickets += 1
            full = len(self.waiting) >= self.line.limit
            try:
                name = self.line.arrive(self.tickets, self.tickets)
            except QueueFull:
                assert full
                return
            self._placed(self.tickets, name)
        elif what == "add":
            self.names += 1
            self.idle.add(f"i{self.names}")
            for token, name in self.line.add(f"i{self.names}"):
                self.begin(token, name)
        elif what == "release" and self.serving:
            name = sorted(self.serving)[which % len(self.serving)]
            del self.serving[name]
            self.idle.add(name)
            following = self.line.release(name)
            if following is not None:
                self.begin(following, name)
        elif what in ("drain", "kill") and names:
            name = names[which % len(names)]
            served = self.serving.pop(name, 0)
            self.idle.discard(name)
            for waiter, other in self.line.remove(name):
                self.begin(waiter, other)
            if served and what == "kill":
                self._placed(served, self.line.arrive(served, served, again=True))
            elif served:
                self.leaving[name] = served
        elif what == "left" and self.leaving:
            name = sorted(self.leaving)[which % len(self.leaving)]
            del self.leaving[name]
            assert self.line.release(name) is None
        elif what == "abandon" and self.waiting:
            token = sorted(self.waiting)[which % len(self.waiting)]
            assert self.line.abandon(token)
            self.waiting.discard(token)

    def _placed(self, token: int, name: str | None) -> None:
        if name is None:
            self.waiting.add(token)
        else:
            self.begin(token, name)

    def check(self) -> None:
        assert self.line.waiting == len(self.waiting)
        assert self.line.instances == len(self.serving) + len(self.idle)


_RARER = ["add", "drain", "kill", "left", "abandon"]
EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["arrive"] * 3 + ["release"] * 2 + _RARER),
        st.integers(0, 100),
    ),
    max_size=80,
)


@given(events=EVENTS)
def test_no_instance_is_free_while_a_request_waits_and_nobody_overtakes(
    events: list[tuple[str, int]],
) -> None:
    world = _World(SharedLine(5))
    for what, which in events:
        waited = sorted(world.waiting)
        began = len(world.order)
        world.step(what, which)
        world.check()
        assert not (world.idle and world.waiting)
        for token in world.order[began:]:
            assert all(token <= other for other in waited if other in world.waiting)
    assert world.line.close() == sorted(world.waiting)


@given(events=EVENTS, seed=st.integers(0, 2**32))
def test_random_lines_lose_no_request_either(events: list[tuple[str, int]], seed: int) -> None:
    world = _World(RandomLines(5, random.Random(seed).randrange))
    for what, which in events:
        world.step(what, which)
        world.check()
        if not world.serving and not world.leaving:
            assert not world.waiting or not world.idle
    assert world.line.close() == sorted(world.waiting)
