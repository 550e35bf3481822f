"""Functions with provisioned concurrency, for tests: published, allocated and asked."""

from __future__ import annotations

import concurrent.futures
import datetime
import json
from typing import Any

from botocore.config import Config
from botocore.exceptions import ClientError

from tests.inside import WHO
from tests.integration.functions import Functions, archive
from tests.planes import Plane, wait_until

__all__ = ["NAP", "Napping", "metric", "ready"]

NAP = (
    WHO
    + """
import os, time

started = time.time()

def handler(event, context):
    if event.get("crash"):
        os._exit(1)
    time.sleep(event.get("seconds", 0))
    return {
        "started": started,
        "pid": who(os.getpid()),
        "type": os.environ["AWS_LAMBDA_INITIALIZATION_TYPE"],
    }
"""
)
"""Says when its module was loaded, in which process, and how that was initialized."""


def ready(functions: Functions, name: str, qualifier: str) -> dict[str, Any]:
    """The configuration once it is no longer in progress."""
    where = {"FunctionName": name, "Qualifier": qualifier}

    def settled() -> dict[str, Any] | None:
        found: dict[str, Any] = functions.client.get_provisioned_concurrency_config(**where)
        return None if found["Status"] == "IN_PROGRESS" else found

    found: dict[str, Any] = wait_until(settled, what=f"{name}:{qualifier} is allocated")
    return found


def metric(plane: Plane, name: str, statistic: str, dimensions: dict[str, str]) -> float | None:
    """The statistic over the last hour and the next, or None if nothing was published."""
    now = datetime.datetime.now(datetime.UTC)
    points = plane.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/Lambda",
        MetricName=name,
        Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
        StartTime=now - datetime.timedelta(hours=1),
        EndTime=now + datetime.timedelta(hours=1),
        Period=7200,
        Statistics=[statistic],
    )["Datapoints"]
    values = [point[statistic] for point in points]
    if not values:
        return None
    return float(sum(values) if statistic == "Sum" else max(values))


class Napping:
    """One function that sleeps, with an alias `live` of its version 1."""

    def __init__(self, plane: Plane, name: str, script: str = NAP) -> None:
        self.functions = Functions(plane)
        self.client = self.functions.client
        # One try each, so that what is throttled is counted once.
        self._caller = plane.client(
            "lambda", Config(retries={"total_max_attempts": 1}, max_pool_connections=32)
        )
        self.name = name
        self.functions.create(name, script, Timeout=30)
        self.publish("live")

    def publish(self, alias: str = "") -> str:
        """A version of what `$LATEST` is, and an alias for it if one is named."""
        version: str = self.client.publish_version(FunctionName=self.name)["Version"]
        if alias:
            self.client.create_alias(FunctionName=self.name, Name=alias, FunctionVersion=version)
        return version

    def reserve(self, count: int) -> None:
        self.client.put_function_concurrency(
            FunctionName=self.name, ReservedConcurrentExecutions=count
        )

    def provision(self, count: int, qualifier: str = "live") -> dict[str, Any]:
        """Asks for environments and waits until they are there, or have failed."""
        self.client.put_provisioned_concurrency_config(
            FunctionName=self.name, Qualifier=qualifier, ProvisionedConcurrentExecutions=count
        )
        return ready(self.functions, self.name, qualifier)

    def change(self, Code: str = "", **settings: Any) -> None:
        """Changes `$LATEST`, and waits until it is so."""
        if Code:
            self.client.update_function_code(
                FunctionName=self.name, ZipFile=archive({"main.py": Code})
            )
        else:
            self.client.update_function_configuration(FunctionName=self.name, **settings)
        self.client.get_waiter("function_updated_v2").wait(
            FunctionName=self.name, WaiterConfig={"Delay": 0.05, "MaxAttempts": 200}
        )

    def call(self, seconds: float = 0.0, qualifier: str = "live", **event: Any) -> dict[str, Any]:
        """What the handler gave back, or the error's members under `error`."""
        where = {"FunctionName": self.name, "Qualifier": qualifier}
        payload = json.dumps({"seconds": seconds, **event}).encode()
        try:
            reply = self._caller.invoke(**where, Payload=payload)
        except ClientError as error:
            return {"error": error.response}
        answer: dict[str, Any] = json.loads(reply["Payload"].read())
        return answer

    def together(self, count: int, seconds: float, qualifier: str = "live") -> list[dict[str, Any]]:
        """What so many simultaneous calls gave."""
        with concurrent.futures.ThreadPoolExecutor(count) as pool:
            return list(pool.map(lambda _: self.call(seconds, qualifier), range(count)))
