"""Lists what is running: jobs, endpoints with their instances, functions, notebook instances."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from kennel.cli.connection import Connection, aws_errors, connect, state_folder
from kennel.cli.table import print_table

__all__ = ["EXAMPLES", "configure", "run"]

EXAMPLES = """\
  kennel ps
  kennel ps --all                         # finished jobs too
  kennel ps --json | jq -r '.[] | select(.kind == "endpoint") | .name'"""


@dataclass(frozen=True, slots=True)
class Running:
    """One line. `since` is when the thing was made, ISO 8601 in UTC; of a function, when it was
    last changed, since Lambda's API tells of no other time."""

    kind: str
    name: str
    status: str
    detail: str
    since: str


_BY_POLICY_TIME = frozenset({"endpoint", "notebook"})
"""Kinds that hold capacity: they are made, and grow old, in policy time."""

Lister = Callable[[Connection, bool], Iterator[Running]]


def configure(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Lists what is running: jobs, endpoints with their instances, functions, notebook\n"
        "instances.\n"
        "DETAIL of what has failed is the reason, cut to the width of a terminal; --json has it\n"
        "whole. AGE is the time since a thing was made, of endpoints and notebook instances in\n"
        "policy time; of a function, since its last change, as Lambda's API tells of no other\n"
        "time."
    )
    parser.add_argument("-a", "--all", action="store_true", help="also list what has ended")
    parser.add_argument("--json", action="store_true", help="print a JSON list")


def run(arguments: argparse.Namespace) -> int:
    plane = connect(state_folder(arguments))
    with aws_errors():
        found = [line for lister in LISTERS for line in _list(lister, plane, arguments.all)]
    if arguments.json:
        print(json.dumps([asdict(line) for line in found], indent=2))
    elif not found:
        print("Nothing is running.")
    else:
        wall, policy = datetime.now(UTC), plane.policy_time()
        nows = [policy if x.kind in _BY_POLICY_TIME else wall for x in found]
        print_table(
            ["KIND", "NAME", "STATUS", "AGE", "DETAIL"],
            [
                (x.kind, x.name, x.status, _age(x.since, now), x.detail)
                for x, now in zip(found, nows, strict=True)
            ],
            cut="DETAIL",
        )
    return 0


def _list(lister: Lister, plane: Connection, everything: bool) -> Iterator[Running]:
    from botocore.exceptions import ClientError

    try:
        yield from lister(plane, everything)
    except ClientError as error:
        if error.response["Error"]["Code"] != "NotImplemented":
            raise  # a plane that does not have that kind of thing runs none


def _training_jobs(plane: Connection, everything: bool) -> Iterator[Running]:
    client = plane.client("sagemaker")
    only = {} if everything else {"StatusEquals": "InProgress"}
    for page in client.get_paginator("list_training_jobs").paginate(**only):
        for job in page["TrainingJobSummaries"]:
            name = job["TrainingJobName"]
            described = client.describe_training_job(TrainingJobName=name)
            resources = described.get("ResourceConfig", {})
            made_of = f"{resources.get('InstanceCount', 1)} x {resources.get('InstanceType', '?')}"
            status = job["TrainingJobStatus"]
            if status == "InProgress":
                made_of += f", {described['SecondaryStatus']}"
            detail = _reason(described) if status == "Failed" else ""
            detail = detail or made_of
            yield Running("training-job", name, status, detail, _iso(job["CreationTime"]))


def _tuning_jobs(plane: Connection, everything: bool) -> Iterator[Running]:
    only = {} if everything else {"StatusEquals": "InProgress"}
    client = plane.client("sagemaker")
    pages = client.get_paginator("list_hyper_parameter_tuning_jobs")
    for page in pages.paginate(**only):
        for job in page["HyperParameterTuningJobSummaries"]:
            counters = job["TrainingJobStatusCounters"]
            failed = counters.get("RetryableError", 0) + counters.get("NonRetryableError", 0)
            name, status = job["HyperParameterTuningJobName"], job["HyperParameterTuningJobStatus"]
            detail = (
                f"{counters.get('Completed', 0)} trials completed, "
                f"{counters.get('InProgress', 0)} running, {failed} failed"
            )
            if status == "Failed":
                described = client.describe_hyper_parameter_tuning_job(
                    HyperParameterTuningJobName=name
                )
                detail = _reason(described) or detail
            yield Running("tuning-job", name, status, detail, _iso(job["CreationTime"]))


def _endpoints(plane: Connection, everything: bool) -> Iterator[Running]:
    client = plane.client("sagemaker")
    for page in client.get_paginator("list_endpoints").paginate():
        for endpoint in page["Endpoints"]:
            name = endpoint["EndpointName"]
            described = client.describe_endpoint(EndpointName=name)
            variants = [
                f"{variant['VariantName']}: {variant.get('CurrentInstanceCount', 0)} of "
                f"{variant.get('DesiredInstanceCount', 0)} instances"
                for variant in described.get("ProductionVariants", [])
            ]
            status = endpoint["EndpointStatus"]
            detail = _reason(described) if "Failed" in status else ""
            detail = detail or ", ".join(variants)
            yield Running("endpoint", name, status, detail, _iso(endpoint["CreationTime"]))


def _functions(plane: Connection, everything: bool) -> Iterator[Running]:
    for page in plane.client("lambda").get_paginator("list_functions").paginate():
        for function in page["Functions"]:
            yield Running(
                "function",
                function["FunctionName"],
                function.get("State", "Active"),
                f"{function.get('Runtime', 'image')}, {function.get('MemorySize', 128)} MB",
                _iso(datetime.fromisoformat(function["LastModified"])),
            )


def _notebooks(plane: Connection, everything: bool) -> Iterator[Running]:
    client = plane.client("sagemaker")
    for page in client.get_paginator("list_notebook_instances").paginate():
        for instance in page["NotebookInstances"]:
            status = instance["NotebookInstanceStatus"]
            if status == "Stopped" and not everything:
                continue
            name, detail = instance["NotebookInstanceName"], instance["InstanceType"]
            if status == "Failed":
                described = client.describe_notebook_instance(NotebookInstanceName=name)
                detail = _reason(described) or detail
            yield Running("notebook", name, status, detail, _iso(instance["CreationTime"]))


LISTERS: tuple[Lister, ...] = (_training_jobs, _tuning_jobs, _endpoints, _functions, _notebooks)


def _reason(described: Mapping[str, Any]) -> str:
    """Why it failed, in one line; "" if nothing was said."""
    return " ".join(described.get("FailureReason", "").split())


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def _age(since: str, now: datetime) -> str:
    seconds = max(0, int((now - datetime.fromisoformat(since)).total_seconds()))
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
