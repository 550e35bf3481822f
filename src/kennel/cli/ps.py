"""Lists what is running: jobs, endpoints with their instances, functions."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from kennel.cli.connection import Connection, aws_errors, connect, state_folder
from kennel.cli.table import print_table

__all__ = ["EXAMPLES", "configure", "run"]

EXAMPLES = """\
  kennel ps
  kennel ps --all                         # finished jobs too
  kennel ps --json | jq -r '.[] | select(.kind == "endpoint") | .name'"""


@dataclass(frozen=True, slots=True)
class Running:
    """One line. `since` is when the thing was made, ISO 8601 in UTC."""

    kind: str
    name: str
    status: str
    detail: str
    since: str


Lister = Callable[[Connection, bool], Iterator[Running]]


def configure(parser: argparse.ArgumentParser) -> None:
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
        now = datetime.now(UTC)
        print_table(
            ["KIND", "NAME", "STATUS", "DETAIL", "AGE"],
            [(x.kind, x.name, x.status, x.detail, _age(x.since, now)) for x in found],
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
            detail = f"{resources.get('InstanceCount', 1)} x {resources.get('InstanceType', '?')}"
            status = job["TrainingJobStatus"]
            if status == "InProgress":
                detail += f", {described['SecondaryStatus']}"
            yield Running("training-job", name, status, detail, _iso(job["CreationTime"]))


def _tuning_jobs(plane: Connection, everything: bool) -> Iterator[Running]:
    only = {} if everything else {"StatusEquals": "InProgress"}
    pages = plane.client("sagemaker").get_paginator("list_hyper_parameter_tuning_jobs")
    for page in pages.paginate(**only):
        for job in page["HyperParameterTuningJobSummaries"]:
            counters = job["TrainingJobStatusCounters"]
            failed = counters.get("RetryableError", 0) + counters.get("NonRetryableError", 0)
            yield Running(
                "tuning-job",
                job["HyperParameterTuningJobName"],
                job["HyperParameterTuningJobStatus"],
                f"{counters.get('Completed', 0)} trials completed, "
                f"{counters.get('InProgress', 0)} running, {failed} failed",
                _iso(job["CreationTime"]),
            )


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
            yield Running(
                "endpoint", name, status, ", ".join(variants), _iso(endpoint["CreationTime"])
            )


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


LISTERS: tuple[Lister, ...] = (_training_jobs, _tuning_jobs, _endpoints, _functions)


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def _age(since: str, now: datetime) -> str:
    seconds = max(0, int((now - datetime.fromisoformat(since)).total_seconds()))
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
