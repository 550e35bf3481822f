"""No request fails because of what is done to its endpoint while it is asked.

Clients ask without a pause; meanwhile the endpoint is scaled, updated, weighted anew, and its
instances are killed, again and again. `make soak` does so for longer.
"""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from benchmarks.bench import address_of, signer_of
from benchmarks.load import Load, drive
from benchmarks.signing import Signer
from tests.conftest import PlaneFactory
from tests.inside import WHO, kill, lives
from tests.integration.model_archives import Hosting
from tests.planes import Plane, wait_until
from tests.soak import LOAD_REQUESTS

SLEEPER = (
    WHO
    + """
import json, os, time

def model_fn(model_dir):
    return {"zygote": who(os.getppid()), "template": who(os.getpid())}

def input_fn(body, content_type):
    return body

def predict_fn(data, model):
    time.sleep(0.002)
    return {"pid": who(os.getpid()), "colour": "COLOUR", **model}

def output_fn(prediction, accept):
    return json.dumps(prediction)
"""
)

CLIENTS = 6
SECONDS = 900.0  # a load that takes longer is stuck


class _Crowd:
    """Asks an endpoint by raw requests in a thread of its own, until told to end."""

    def __init__(self, plane: Plane, endpoint: str) -> None:
        self.asked = 0
        self._ending = threading.Event()
        self._pool = ThreadPoolExecutor(1)
        self._load = self._pool.submit(
            drive,
            address_of(plane.connection),
            self._requests(signer_of(plane.connection), endpoint),
            clients=CLIENTS,
            seconds=SECONDS,
        )

    def _requests(self, signer: Signer, endpoint: str) -> Iterator[bytes]:
        request = signer.invoke_endpoint(endpoint, b"{}", "application/json")
        while not self._ending.is_set():
            self.asked += 1
            if self.asked % 1000 == 0:  # a signature lasts five minutes
                request = signer.invoke_endpoint(endpoint, b"{}", "application/json")
            yield request

    def check(self) -> None:
        """Raises what a client saw."""
        if self._load.done():
            self._load.result()

    def end(self) -> Load:
        """The load, all of whose requests were answered well. Raises what a client saw."""
        self._ending.set()
        try:
            return self._load.result()
        finally:
            self._pool.shutdown()


class _Changes:
    """What is done to the endpoint, each time until it is in service again."""

    def __init__(self, hosting: Hosting, endpoint: str, crowd: _Crowd) -> None:
        self._hosting = hosting
        self._endpoint = endpoint
        self._crowd = crowd

    def scale(self, count: int) -> None:
        self._set({"VariantName": "red", "DesiredInstanceCount": count})
        assert self._counts()["red"] == count

    def kill(self, variant: str = "red") -> None:
        """SIGKILL to an instance, in the middle of a request as likely as not."""
        before = self._counts()
        reply = json.loads(self._hosting.invoke(self._endpoint, TargetVariant=variant))
        kill(reply["pid"], signal.SIGKILL)
        wait_until(lambda: not lives(reply["pid"]))
        wait_until(lambda: self._counts() == before, what="it is replaced")

    def kill_the_template(self) -> None:
        """SIGKILL to the process that instances are forked from, as one more is wanted."""
        reply = json.loads(self._hosting.invoke(self._endpoint, TargetVariant="red"))
        kill(reply["template"], signal.SIGKILL)
        self.scale(self._counts()["red"] + 1)

    def kill_the_zygote(self) -> None:
        """SIGKILL to the process that all instances of a variant die with."""
        before = self._counts()
        reply = json.loads(self._hosting.invoke(self._endpoint, TargetVariant="red"))
        kill(reply["zygote"], signal.SIGKILL)
        wait_until(lambda: not lives(reply["pid"]))
        wait_until(lambda: self._counts() == before, what="they are replaced")

    def update(self, config: str) -> None:
        self._hosting.sagemaker.update_endpoint(
            EndpointName=self._endpoint, EndpointConfigName=config
        )
        self._settle()

    def weigh(self, red: float, blue: float) -> None:
        self._set(
            {"VariantName": "red", "DesiredWeight": red},
            {"VariantName": "blue", "DesiredWeight": blue},
        )

    def ask_some(self) -> None:
        """Lets the clients ask on for a while."""
        until = self._crowd.asked + 50

        def asked() -> bool:
            self._crowd.check()
            return self._crowd.asked >= until

        wait_until(asked)

    def _set(self, *wanted: dict[str, object]) -> None:
        self._hosting.sagemaker.update_endpoint_weights_and_capacities(
            EndpointName=self._endpoint, DesiredWeightsAndCapacities=list(wanted)
        )
        self._settle()

    def _settle(self) -> None:
        def in_service() -> bool:
            self._crowd.check()
            return bool(self._described()["EndpointStatus"] == "InService")

        wait_until(in_service)

    def _counts(self) -> dict[str, int]:
        variants = self._described()["ProductionVariants"]
        return {variant["VariantName"]: variant["CurrentInstanceCount"] for variant in variants}

    def _described(self) -> dict[str, Any]:
        described: dict[str, Any] = self._hosting.sagemaker.describe_endpoint(
            EndpointName=self._endpoint
        )
        return described


def _variant(name: str, strategy: str = "LEAST_OUTSTANDING_REQUESTS") -> dict[str, Any]:
    return {
        "VariantName": name,
        "ModelName": name,
        "InitialInstanceCount": 2,
        "InstanceType": "ml.m5.large",
        "RoutingConfig": {"RoutingStrategy": strategy},
    }


def test_no_request_fails_of_scaling_updates_weights_and_killed_processes(
    plane_factory: PlaneFactory,
) -> None:
    plane = plane_factory()
    hosting = Hosting(plane)
    for colour in ("red", "blue"):
        hosting.model(colour, SLEEPER.replace("COLOUR", colour))
    hosting.config("one", ("red", "red", 1, 1.0))
    hosting.sagemaker.create_endpoint_config(
        EndpointConfigName="two",
        ProductionVariants=[_variant("red"), _variant("blue", "RANDOM")],
    )
    hosting.sagemaker.create_endpoint(EndpointName="asked", EndpointConfigName="one")
    hosting.wait("asked")
    crowd = _Crowd(plane, "asked")
    changes = _Changes(hosting, "asked", crowd)
    steps: list[Callable[[], None]] = [
        lambda: changes.scale(3),
        changes.kill,
        lambda: changes.scale(1),
        changes.kill,  # the only one
        lambda: changes.update("two"),
        lambda: changes.weigh(1.0, 0.0),
        lambda: changes.weigh(0.0, 3.0),
        lambda: changes.kill("blue"),
        lambda: changes.weigh(2.0, 1.0),
        changes.kill_the_zygote,
        changes.kill_the_template,
        lambda: changes.update("one"),
    ]
    try:
        while crowd.asked < LOAD_REQUESTS:
            for step in steps:
                step()
                changes.ask_some()
    finally:
        load = crowd.end()
    assert load.requests >= LOAD_REQUESTS
