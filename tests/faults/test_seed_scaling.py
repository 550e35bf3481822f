"""The seed's setting under load: an endpoint of 1 to 3 instances, target tracking at 10
invocations per instance and minute, cooldowns of 30 s. It goes 1 -> 3 -> 1, an instance is killed
and the endpoint updated on the way, and no request fails.

`make test` runs it briefly at 120 times AWS's pace; `make soak` with 20,000 requests, at sixty
times and at AWS's own (SCALES="60 1", half an hour).
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import PlaneFactory
from tests.inside import WHO, kill, lives
from tests.integration.model_archives import Hosting
from tests.integration.scaled_variants import activities, target, tracking
from tests.planes import Plane, clean_environment, wait_until
from tests.soak import LOAD_REQUESTS

SCALES = [float(scale) for scale in os.environ.get("SCALES", "120").split()]

SCRIPT = (
    WHO
    + """
import json, os

def model_fn(model_dir):
    return None

def input_fn(body, content_type):
    return body

def predict_fn(data, model):
    return who(os.getpid())

def output_fn(prediction, accept):
    return json.dumps(prediction)
"""
)

MOST = 200.0  # requests a second


class Scaled:
    """The seed's endpoint with the seed's policy."""

    def __init__(self, plane: Plane) -> None:
        self.hosting = Hosting(plane)
        self.scaling = plane.client("application-autoscaling")

    def deploy(self) -> None:
        self.hosting.deploy("dogs", SCRIPT)
        self.hosting.wait("dogs")
        self.scaling.register_scalable_target(**target("dogs"), MinCapacity=1, MaxCapacity=3)
        self.scaling.put_scaling_policy(
            **target("dogs"),
            PolicyName="invocations",
            **tracking(10.0, ScaleInCooldown=30, ScaleOutCooldown=30),
        )

    def instances(self) -> int:
        """CurrentInstanceCount."""
        described = self.hosting.sagemaker.describe_endpoint(EndpointName="dogs")
        return int(described["ProductionVariants"][0]["CurrentInstanceCount"])


@pytest.fixture(params=SCALES, ids=lambda scale: f"at-{scale:g}-times-the-pace")
def scale(request: pytest.FixtureRequest) -> float:
    return float(request.param)


@pytest.fixture
def plane(plane_factory: PlaneFactory, scale: float) -> Plane:
    return plane_factory("--time-scale", f"{scale:g}")


def phases(scale: float) -> str:
    """A load that rises far above what three instances' target is, and falls below one's; the
    numbers are of wall time, the minutes of policy time."""
    minute = 60 / scale
    high = max(7 * minute, LOAD_REQUESTS / MOST)
    return ",".join(
        [
            f"{4 / minute}/s:{2 * minute}s",
            f"{LOAD_REQUESTS / high}/s:{high}s",
            f"{4 / minute}/s:{20 * minute}s",
        ]
    )


@pytest.fixture
def load(plane: Plane, scale: float, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Starts `kennel load` on the endpoint once a test asks for it by `next`."""
    payload = tmp_path / "payload"
    payload.write_bytes(b"{}")
    yield from _running(plane, phases(scale), payload, tmp_path / "report")


def _running(
    plane: Plane, rate: str, payload: Path, report: Path
) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "kennel", "load", "endpoint:dogs", "--rate", rate]
    command += ["--payload", str(payload), "--out", str(report), "--json"]
    Scaled(plane).deploy()
    process = subprocess.Popen(
        command,
        env=clean_environment() | {"KENNEL_STATE": str(plane.state)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    yield process
    process.kill()
    process.communicate()


def test_the_seeds_endpoint_scales_out_and_in_and_no_request_fails(
    plane: Plane, scale: float, load: subprocess.Popen[str]
) -> None:
    scaled, minute = Scaled(plane), 60 / scale
    policies = scaled.scaling.describe_scaling_policies(ServiceNamespace="sagemaker")
    alarms = policies["ScalingPolicies"][0]["Alarms"]
    assert [alarm["AlarmName"].rsplit("-", 5)[0] for alarm in alarms] == [
        "TargetTracking-endpoint/dogs/variant/AllTraffic-AlarmHigh",
        "TargetTracking-endpoint/dogs/variant/AllTraffic-AlarmLow",
    ]
    assert scaled.instances() == 1
    wait_until(lambda: scaled.instances() == 3, 8 * minute + 20, "three instances")
    killed = json.loads(scaled.hosting.invoke("dogs"))
    kill(killed, signal.SIGKILL)
    wait_until(lambda: not lives(killed), what="it is gone")
    wait_until(lambda: scaled.instances() == 3, 60, "the killed instance is replaced")
    scaled.hosting.config("dogs-again", ("AllTraffic", "dogs", 1, 1.0))
    scaled.hosting.sagemaker.update_endpoint(
        EndpointName="dogs", EndpointConfigName="dogs-again", RetainAllVariantProperties=True
    )
    assert scaled.hosting.wait("dogs")["EndpointConfigName"] == "dogs-again"
    assert scaled.instances() == 3
    wait_until(
        lambda: scaled.instances() == 1, 30 * minute + LOAD_REQUESTS / MOST + 20, "one instance"
    )
    output, errors = load.communicate(timeout=15 * minute + 60)
    assert load.returncode == 0, errors
    report = json.loads(output)
    assert report["requests"]["failed"] == report["requests"]["unanswered"] == 0, report["errors"]
    assert report["requests"]["ok"] >= LOAD_REQUESTS
    last, *_, first = activities(scaled.scaling, "dogs")
    assert "-AlarmHigh-" in first["Cause"]
    assert "triggered policy invocations" in first["Cause"]
    assert first["StatusMessage"].startswith("Successfully set desired instance count to 3.")
    assert "-AlarmLow-" in last["Cause"]
    assert last["StatusMessage"].startswith("Successfully set desired instance count to 1.")
