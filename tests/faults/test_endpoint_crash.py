"""Endpoints outlive their plane."""

from __future__ import annotations

import json
import signal

from tests.conftest import PlaneFactory
from tests.inside import kill, lives
from tests.integration.model_archives import Hosting
from tests.integration.test_endpoints import ECHO
from tests.planes import wait_until


def test_a_killed_plane_finds_its_endpoints_running_and_serves_again(
    plane_factory: PlaneFactory,
) -> None:
    plane = plane_factory()
    hosting = Hosting(plane)
    hosting.deploy("survivor", ECHO, count=2)
    hosting.wait("survivor")
    before = {json.loads(hosting.invoke("survivor"))["loaded by"] for _ in range(5)}
    plane.kill()
    plane.start()
    hosting = Hosting(plane)
    assert hosting.wait("survivor")["EndpointStatus"] == "InService"
    assert {json.loads(hosting.invoke("survivor"))["loaded by"] for _ in range(5)} == before


def test_an_endpoint_whose_processes_died_with_the_plane_comes_back_by_itself(
    plane_factory: PlaneFactory,
) -> None:
    plane = plane_factory()
    hosting = Hosting(plane)
    hosting.deploy("phoenix", ECHO, count=2)
    hosting.wait("phoenix")
    reply = json.loads(hosting.invoke("phoenix"))
    plane.kill()
    for pid in (reply["loaded by"], reply["pid"]):
        kill(pid, signal.SIGKILL)
    plane.start()
    hosting = Hosting(plane)
    again = json.loads(hosting.invoke("phoenix"))  # waits in the queue until an instance is up
    assert again["loaded by"] != reply["loaded by"]
    wait_until(
        lambda: (
            hosting.sagemaker.describe_endpoint(EndpointName="phoenix")["ProductionVariants"][0][
                "CurrentInstanceCount"
            ]
            == 2
        )
    )


def test_an_endpoint_that_was_being_created_when_the_plane_died_gets_in_service(
    plane_factory: PlaneFactory,
) -> None:
    plane = plane_factory()
    hosting = Hosting(plane)
    slow = ECHO.replace("import json, os", "import json, os, time\ntime.sleep(1)")
    hosting.deploy("unborn", slow)
    plane.kill()
    plane.start()
    hosting = Hosting(plane)
    assert hosting.wait("unborn")["EndpointStatus"] == "InService"
    assert json.loads(hosting.invoke("unborn"))["data"] == {}


def test_a_stopped_plane_leaves_no_process_behind(plane_factory: PlaneFactory) -> None:
    plane = plane_factory()
    hosting = Hosting(plane)
    hosting.deploy("tidy", ECHO)
    hosting.wait("tidy")
    reply = json.loads(hosting.invoke("tidy"))
    plane.stop()
    for pid in (reply["pid"], reply["loaded by"]):
        assert not lives(pid)
    plane.start()
    assert Hosting(plane).wait("tidy")["EndpointStatus"] == "InService"


def test_an_endpoint_whose_plane_comes_back_on_another_port_learns_of_it(
    plane_factory: PlaneFactory,
) -> None:
    plane = plane_factory()
    hosting = Hosting(plane)
    hosting.deploy("mover", ECHO.replace('"data": data', '"url": os.environ["AWS_ENDPOINT_URL"]'))
    hosting.wait("mover")
    assert json.loads(hosting.invoke("mover"))["url"] == plane.url
    plane.kill()
    plane.take_another_port()
    plane.start()
    assert json.loads(Hosting(plane).invoke("mover"))["url"] == plane.url


def test_a_plane_that_dies_while_it_scales_or_updates_finishes_that_when_it_is_back(
    plane_factory: PlaneFactory,
) -> None:
    plane = plane_factory()
    hosting = Hosting(plane)
    hosting.deploy("growing", ECHO)
    hosting.wait("growing")
    hosting.sagemaker.update_endpoint_weights_and_capacities(
        EndpointName="growing",
        DesiredWeightsAndCapacities=[{"VariantName": "AllTraffic", "DesiredInstanceCount": 4}],
    )
    plane.kill()
    plane.start()
    hosting = Hosting(plane)
    described = hosting.wait("growing")
    assert described["ProductionVariants"][0]["CurrentInstanceCount"] == 4
    hosting.config("shrunk", ("AllTraffic", "growing", 2, 1.0))
    before = json.loads(hosting.invoke("growing"))["loaded by"]
    hosting.sagemaker.update_endpoint(EndpointName="growing", EndpointConfigName="shrunk")
    plane.kill()
    plane.start()
    hosting = Hosting(plane)
    described = hosting.wait("growing")
    assert described["EndpointConfigName"] == "shrunk"
    assert described["ProductionVariants"][0]["CurrentInstanceCount"] == 2
    assert json.loads(hosting.invoke("growing"))["loaded by"] != before
    wait_until(lambda: not lives(before))
