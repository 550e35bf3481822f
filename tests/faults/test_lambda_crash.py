"""Functions and their events outlive their plane."""

from __future__ import annotations

import json
import random
import signal
import threading

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from tests.conftest import PlaneFactory
from tests.inside import WHO, kill, lives
from tests.integration.functions import Functions, archive
from tests.planes import wait_until
from tests.soak import kills

ROUNDS = kills(2)

COUNT = (
    WHO
    + """
import os, time

def handler(event, context):
    print("got", event["n"])
    return who(os.getpid())
"""
)


def test_a_killed_planes_functions_serve_again_and_leave_no_process_behind(
    plane_factory: PlaneFactory,
) -> None:
    plane = plane_factory()
    functions = Functions(plane)
    functions.create("survivor", COUNT)
    pid = functions.invoke("survivor", {"n": 1})["json"]
    plane.kill()
    plane.start()
    functions = Functions(plane)
    again = functions.invoke("survivor", {"n": 2})["json"]
    assert again != pid
    assert not lives(pid)
    wait_until(lambda: "got 2" in functions.lines("survivor"))
    assert "got 1" in functions.lines("survivor")  # shipped by the second plane, if not before
    left = list((plane.state / "lambda" / "environments").iterdir())
    assert len(left) == 1


def test_a_function_that_was_being_created_when_the_plane_died_gets_active(
    plane_factory: PlaneFactory,
) -> None:
    plane = plane_factory()
    functions = Functions(plane)
    many = {f"file{number}.py": "" for number in range(2000)}
    functions.client.create_function(
        FunctionName="unborn",
        Role=functions.role,
        Runtime="python3.11",
        Handler="main.handler",
        Code={"ZipFile": archive({"main.py": COUNT, **many})},
    )
    plane.kill()
    plane.start()
    functions = Functions(plane)
    functions.client.get_waiter("function_active_v2").wait(
        FunctionName="unborn", WaiterConfig={"Delay": 0.1, "MaxAttempts": 300}
    )
    assert functions.invoke("unborn", {"n": 1})["json"]


def test_an_acknowledged_event_is_delivered_whenever_the_plane_dies(
    plane_factory: PlaneFactory,
) -> None:
    plane = plane_factory()
    Functions(plane).create("events", COUNT)
    acknowledged: list[int] = []
    number = 0
    for _ in range(ROUNDS):
        functions = Functions(plane)
        killer = threading.Timer(random.uniform(0.05, 0.8), plane.kill)
        killer.start()
        while killer.is_alive():
            number += 1
            try:
                functions.client.invoke(
                    FunctionName="events",
                    InvocationType="Event",
                    Payload=json.dumps({"n": number}).encode(),
                )
            except (BotoCoreError, ClientError):
                continue
            acknowledged.append(number)
        killer.join()
        plane.start()
    functions = Functions(plane)
    wanted = {f"got {n}" for n in acknowledged}
    wait_until(lambda: wanted <= set(functions.lines("events")), 120, "every event was delivered")


@pytest.mark.parametrize("end", ["kill", "stop"])
def test_an_event_under_way_when_the_plane_ends_is_delivered_again_at_no_retrys_cost(
    plane_factory: PlaneFactory, end: str
) -> None:
    plane = plane_factory()
    functions = Functions(plane)
    slow = WHO + (
        "import os, time\n"
        "def handler(event, context):\n"
        "    print('began', who(os.getpid()))\n    time.sleep(event['s'])\n    print('done')\n"
    )
    functions.create("slow", slow, Timeout=900)
    functions.client.put_function_event_invoke_config(FunctionName="slow", MaximumRetryAttempts=0)
    functions.client.invoke(FunctionName="slow", InvocationType="Event", Payload=b'{"s": 3}')
    wait_until(lambda: any(line.startswith("began") for line in functions.lines("slow")))
    pid = next(x for x in functions.lines("slow") if x.startswith("began")).split()[1]
    if end == "stop":
        plane.stop()
    else:
        plane.kill()
        kill(pid, signal.SIGKILL)
    plane.start()
    functions = Functions(plane)
    wait_until(lambda: "done" in functions.lines("slow"))
    assert len([x for x in functions.lines("slow") if x.startswith("began")]) == 2


def test_a_stopped_plane_leaves_no_environment_behind(plane_factory: PlaneFactory) -> None:
    plane = plane_factory()
    functions = Functions(plane)
    functions.create("tidy", COUNT)
    pid = functions.invoke("tidy", {"n": 1})["json"]
    plane.stop()
    assert not lives(pid)
    assert list((plane.state / "lambda" / "environments").iterdir()) == []
