"""What the tests of versions and aliases say often."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from tests.integration.functions import Functions, archive
from tests.planes import Plane

__all__ = [
    "ARN",
    "code",
    "configure",
    "create",
    "more_than",
    "numbers",
    "publish",
    "setting",
    "settle",
    "total",
]

ARN = "arn:aws:lambda:us-east-1:000000000000:function:"

SHOWS = """
import os
def handler(event, context):
    print("got", event, context.invoked_function_arn)
    return {
        "code": %r,
        "setting": os.environ.get("SETTING"),
        "version": context.function_version,
        "variable": os.environ["AWS_LAMBDA_FUNCTION_VERSION"],
        "arn": context.invoked_function_arn,
    }
"""


def code(name: str) -> bytes:
    return archive({"main.py": SHOWS % name})


def create(functions: Functions, name: str, **changes: Any) -> dict[str, Any]:
    return functions.create(name, SHOWS % "one", **changes)


def settle(functions: Functions, name: str) -> None:
    functions.client.get_waiter("function_updated_v2").wait(
        FunctionName=name, WaiterConfig={"Delay": 0.05, "MaxAttempts": 200}
    )


def configure(functions: Functions, name: str, **changes: Any) -> None:
    functions.client.update_function_configuration(FunctionName=name, **changes)
    settle(functions, name)


def publish(functions: Functions, name: str, **changes: Any) -> str:
    """A version that differs from the one before by `changes`; its number."""
    if changes:
        configure(functions, name, **changes)
    return str(functions.client.publish_version(FunctionName=name)["Version"])


def numbers(functions: Functions, name: str) -> list[str]:
    listed = functions.client.list_versions_by_function(FunctionName=name)["Versions"]
    return [version["Version"] for version in listed]


def more_than(items: list[str], count: int) -> bool:
    return len(items) > count


def total(plane: Plane, metric: str, began: datetime, **dimensions: str) -> float:
    """The sum of a metric of Lambda's since then."""
    points = plane.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/Lambda",
        MetricName=metric,
        Dimensions=[{"Name": name, "Value": value} for name, value in dimensions.items()],
        StartTime=began - timedelta(minutes=2),
        EndTime=began + timedelta(minutes=10),
        Period=60,
        Statistics=["Sum"],
    )["Datapoints"]
    return float(sum(point["Sum"] for point in points))


def setting(value: str) -> dict[str, Any]:
    return {"Variables": {"SETTING": value}}
