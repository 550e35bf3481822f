"""Where the log of a thing is: names of things to CloudWatch Logs groups and streams."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from kennel.cli.connection import Connection

__all__ = ["KINDS", "LogSource", "find_sources"]

_TRAINING_GROUP = "/aws/sagemaker/TrainingJobs"
_TERMINAL = frozenset({"Completed", "Failed", "Stopped"})
# What AWS's services say when there is no such thing, or when a name can't be one of theirs.
_NOT_THERE = frozenset(
    {"NotImplemented", "ResourceNotFound", "ResourceNotFoundException", "ValidationException"}
)


@dataclass(frozen=True, slots=True)
class LogSource:
    """A thing's log. `prefixes` begin its streams' names ("": every stream of the group) and are
    asked for again at every look, since a tuning job's trials come one after another."""

    label: str
    group: str
    prefixes: Callable[[], Sequence[str]]
    has_ended: Callable[[], bool]


def find_sources(plane: Connection, resource: str) -> list[LogSource]:
    """Everything that RESOURCE may mean, by what exists and, failing that, by logs left behind."""
    if resource.startswith("/"):
        group = LogSource(resource, resource, lambda: [""], lambda: False)
        return [group] if _has_streams(plane, resource, "") else []
    kind, slash, name = resource.partition("/")
    kinds = [kind] if slash and kind in _KINDS else list(_KINDS)
    if not (slash and kind in _KINDS):
        name = resource
    made = [_KINDS[kind] for kind in kinds]
    living = [finder.source(plane, name) for finder in made if finder.exists(plane, name)]
    if living:
        return living
    left = [finder.source(plane, name) for finder in made]
    return [
        source
        for source in left
        if any(_has_streams(plane, source.group, prefix) for prefix in source.prefixes())
    ]


@dataclass(frozen=True, slots=True)
class _Kind:
    exists: Callable[[Connection, str], bool]
    source: Callable[[Connection, str], LogSource]


def _found(call: Callable[[], Any]) -> Any:
    """What the call answers, or None if there is no such thing."""
    from botocore.exceptions import ClientError, ParamValidationError

    try:
        return call()
    except ParamValidationError:
        return None
    except ClientError as error:
        if error.response["Error"]["Code"] in _NOT_THERE:
            return None
        raise


def _has_streams(plane: Connection, group: str, prefix: str) -> bool:
    asked = {"logGroupName": group, "limit": 1}
    if prefix:
        asked["logStreamNamePrefix"] = prefix
    answer = _found(lambda: plane.client("logs").describe_log_streams(**asked))
    return bool(answer and answer["logStreams"])


def _training_job(plane: Connection, name: str) -> Any:
    client = plane.client("sagemaker")
    return _found(lambda: client.describe_training_job(TrainingJobName=name))


def _training_source(plane: Connection, name: str) -> LogSource:
    def has_ended() -> bool:
        job = _training_job(plane, name)
        return job is None or job["TrainingJobStatus"] in _TERMINAL

    return LogSource(f"training-job/{name}", _TRAINING_GROUP, lambda: [f"{name}/"], has_ended)


def _tuning_job(plane: Connection, name: str) -> Any:
    client = plane.client("sagemaker")
    return _found(
        lambda: client.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)
    )


def _tuning_source(plane: Connection, name: str) -> LogSource:
    client = plane.client("sagemaker")

    def prefixes() -> list[str]:
        pages = client.get_paginator("list_training_jobs_for_hyper_parameter_tuning_job")
        found = _found(lambda: list(pages.paginate(HyperParameterTuningJobName=name)))
        return [
            f"{trial['TrainingJobName']}/"
            for page in found or []
            for trial in page["TrainingJobSummaries"]
        ]

    def has_ended() -> bool:
        job = _tuning_job(plane, name)
        return job is None or job["HyperParameterTuningJobStatus"] in _TERMINAL

    return LogSource(f"tuning-job/{name}", _TRAINING_GROUP, prefixes, has_ended)


def _endpoint_exists(plane: Connection, name: str) -> bool:
    client = plane.client("sagemaker")
    return _found(lambda: client.describe_endpoint(EndpointName=name)) is not None


def _function_exists(plane: Connection, name: str) -> bool:
    client = plane.client("lambda")
    return _found(lambda: client.get_function_configuration(FunctionName=name)) is not None


def _group_source(kind: str, folder: str) -> Callable[[Connection, str], LogSource]:
    """The source of a thing that has a log group of its own and runs until it is deleted."""
    return lambda plane, name: LogSource(
        f"{kind}/{name}", f"{folder}/{name}", lambda: [""], lambda: False
    )


_KINDS = {
    "training-job": _Kind(lambda p, name: _training_job(p, name) is not None, _training_source),
    "tuning-job": _Kind(lambda p, name: _tuning_job(p, name) is not None, _tuning_source),
    "endpoint": _Kind(_endpoint_exists, _group_source("endpoint", "/aws/sagemaker/Endpoints")),
    "function": _Kind(_function_exists, _group_source("function", "/aws/lambda")),
}
KINDS: tuple[str, ...] = tuple(_KINDS)
