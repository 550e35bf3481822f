"""Where the log of a thing is: names of things to CloudWatch Logs groups and streams."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from kennel.cli.connection import Connection

__all__ = ["KINDS", "Condition", "LogSource", "find_sources", "split_kind"]

_TRAINING_GROUP = "/aws/sagemaker/TrainingJobs"
_TERMINAL = frozenset({"Completed", "Failed", "Stopped"})
_FAILED = frozenset({"Failed"})
# What AWS's services say when there is no such thing, or when a name can't be one of theirs.
_NOT_THERE = frozenset(
    {"NotImplemented", "ResourceNotFound", "ResourceNotFoundException", "ValidationException"}
)


@dataclass(frozen=True, slots=True)
class Condition:
    """How a thing is, as AWS's API tells it. `reason` is why it is so, "" if nothing is said;
    `is_final` if no more will be logged."""

    status: str
    reason: str
    is_final: bool


@dataclass(frozen=True, slots=True)
class LogSource:
    """A thing's log. `prefixes` begin its streams' names ("": every stream of the group) and are
    asked for again at every look, since a tuning job's trials come one after another. `condition`
    gives None if the thing is no more; `ends` if its log is over then."""

    label: str
    group: str
    prefixes: Callable[[], Sequence[str]]
    condition: Callable[[], Condition | None]
    ends: bool = False

    def has_ended(self) -> bool:
        """Whether no more will be logged."""
        condition = self.condition()
        return self.ends if condition is None else condition.is_final


def find_sources(plane: Connection, resource: str) -> list[LogSource]:
    """Everything that RESOURCE may mean, by what exists and, failing that, by logs left behind."""
    if resource.startswith("/"):
        group = LogSource(resource, resource, lambda: [""], lambda: None)
        return [group] if _has_streams(plane, resource, "") else []
    kinds, name = split_kind(resource)
    sources = [_KINDS[kind](plane, name) for kind in kinds]
    living = [source for source in sources if source.condition() is not None]
    if living:
        return living
    return [
        source
        for source in sources
        if any(_has_streams(plane, source.group, prefix) for prefix in source.prefixes())
    ]


def split_kind(resource: str) -> tuple[Sequence[str], str]:
    """The kinds of thing that RESOURCE may mean, and the name without its kind."""
    kind, slash, name = resource.partition("/")
    return ([kind], name) if slash and kind in _KINDS else (KINDS, resource)


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


def _condition(described: Any, status: str, reason: str, final: frozenset[str]) -> Condition | None:
    """From a description, by the names that its members have there."""
    if described is None:
        return None
    now = described.get(status, "Active")
    return Condition(now, " ".join(described.get(reason, "").split()), now in final)


def _training_job(plane: Connection, name: str) -> LogSource:
    client = plane.client("sagemaker")

    def condition() -> Condition | None:
        job = _found(lambda: client.describe_training_job(TrainingJobName=name))
        return _condition(job, "TrainingJobStatus", "FailureReason", _TERMINAL)

    label = f"training-job/{name}"
    return LogSource(label, _TRAINING_GROUP, lambda: [f"{name}/"], condition, ends=True)


def _tuning_job(plane: Connection, name: str) -> LogSource:
    client = plane.client("sagemaker")

    def prefixes() -> list[str]:
        pages = client.get_paginator("list_training_jobs_for_hyper_parameter_tuning_job")
        found = _found(lambda: list(pages.paginate(HyperParameterTuningJobName=name)))
        return [
            f"{trial['TrainingJobName']}/"
            for page in found or []
            for trial in page["TrainingJobSummaries"]
        ]

    def condition() -> Condition | None:
        asked = {"HyperParameterTuningJobName": name}
        job = _found(lambda: client.describe_hyper_parameter_tuning_job(**asked))
        return _condition(job, "HyperParameterTuningJobStatus", "FailureReason", _TERMINAL)

    return LogSource(f"tuning-job/{name}", _TRAINING_GROUP, prefixes, condition, ends=True)


def _endpoint(plane: Connection, name: str) -> LogSource:
    client = plane.client("sagemaker")

    def condition() -> Condition | None:
        endpoint = _found(lambda: client.describe_endpoint(EndpointName=name))
        return _condition(endpoint, "EndpointStatus", "FailureReason", _FAILED)

    group = f"/aws/sagemaker/Endpoints/{name}"
    return LogSource(f"endpoint/{name}", group, lambda: [""], condition)


def _function(plane: Connection, name: str) -> LogSource:
    client = plane.client("lambda")

    def condition() -> Condition | None:
        function = _found(lambda: client.get_function_configuration(FunctionName=name))
        return _condition(function, "State", "StateReason", _FAILED)

    return LogSource(f"function/{name}", f"/aws/lambda/{name}", lambda: [""], condition)


def _notebook(plane: Connection, name: str) -> LogSource:
    client = plane.client("sagemaker")

    def condition() -> Condition | None:
        found = _found(lambda: client.describe_notebook_instance(NotebookInstanceName=name))
        return _condition(found, "NotebookInstanceStatus", "FailureReason", _FAILED)

    label = f"notebook/{name}"
    return LogSource(label, "/aws/sagemaker/NotebookInstances", lambda: [f"{name}/"], condition)


_KINDS: dict[str, Callable[[Connection, str], LogSource]] = {
    "training-job": _training_job,
    "tuning-job": _tuning_job,
    "endpoint": _endpoint,
    "function": _function,
    "notebook": _notebook,
}
KINDS: tuple[str, ...] = tuple(_KINDS)
