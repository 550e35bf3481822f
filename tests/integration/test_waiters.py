"""boto3's own waiters, every one whose operation docs/coverage.md calls real or bookkeeping.

Each waits for every end that botocore's data names for it, success or failure;
tests/integration/waits.py says how to bring that about.
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore import xform_name
from botocore.exceptions import WaiterError

from scripts.coverage_page import coverage
from tests.conftest import PlaneFactory
from tests.integration.stage import Stage
from tests.integration.waits import UNREACHABLE, WAITS, Case, Wait

SECONDS = 60.0  # no waiter has more to wait for here


@pytest.fixture(scope="module")
def stage(module_plane_factory: PlaneFactory) -> Stage:
    return Stage(module_plane_factory())


@pytest.fixture(scope="module")
def ends() -> dict[Case, dict[str, Any]]:
    """The acceptors that end a wait, of every waiter of a covered operation."""
    return {
        (one.service, name, str(acceptor["expected"])): acceptor
        for one in coverage()
        for name, waiter in one.waiters.items()
        for acceptor in waiter["acceptors"]
        if acceptor["state"] != "retry"
    }


class Waiting:
    """boto3's waiter at work, on a thread of its own."""

    def __init__(self, client: Any, waiter: str, parameters: dict[str, Any]) -> None:
        self.asked = 0
        self.has_asked = threading.Event()
        self._waiter = client.get_waiter(xform_name(waiter))
        self._parameters = parameters
        ask = self._waiter._operation_method

        def count(**arguments: Any) -> Any:
            answer = ask(**arguments)
            self.asked += 1
            self.has_asked.set()
            return answer

        self._waiter._operation_method = count

    def run(self) -> WaiterError | None:
        """Waits, and returns what the waiter raised."""
        delay = 0.05
        config = {"Delay": delay, "MaxAttempts": int(SECONDS / delay)}
        try:
            self._waiter.wait(**self._parameters, WaiterConfig=config)
        except WaiterError as error:
            return error
        return None


def wait(stage: Stage, case: Case, what: Wait) -> tuple[Waiting, WaiterError | None]:
    """Waits until what begins after the first question has come about."""
    service, waiter, _ = case
    waiting = Waiting(what.client or stage.client(service), waiter, dict(what.parameters))
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(waiting.run)
        assert waiting.has_asked.wait(SECONDS)
        what.begin()
        return waiting, running.result(SECONDS)


def test_every_end_of_every_waiter_of_a_covered_operation_is_waited_for(ends: Any) -> None:
    missing = [" ".join(case) for case in sorted(ends.keys() - WAITS.keys() - UNREACHABLE.keys())]
    assert not missing, f"no recipe for {missing}: add it to tests/integration/waits.py"
    assert WAITS.keys() | UNREACHABLE.keys() == ends.keys(), "waits.py has what no waiter ends with"


@pytest.mark.parametrize("case", sorted(WAITS), ids=" ".join)
def test_a_waiter_waits_and_ends_as_it_should(stage: Stage, ends: Any, case: Case) -> None:
    what = WAITS[case](stage)
    waiting, error = wait(stage, case, what)
    assert waiting.asked > 1 or what.at_once
    if ends[case]["state"] == "success":
        assert error is None
        return
    assert error is not None
    assert str(ends[case]["expected"]) in str(error), error
    assert error.last_response["ResponseMetadata"]["HTTPStatusCode"]
