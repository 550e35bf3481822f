"""Debugger's and Profiler's part of a training job: taken and stored, and nothing is done for it.

AWS fills in a rule's volume (0) and the profiler's interval (500 ms) [D: ProfilerConfig; the
volume O].
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from kennel.errors import ValidationException

__all__ = ["evaluations", "profiling_status", "watching_notes", "with_watching_defaults"]

_RULES = ("DebugRuleConfigurations", "ProfilerRuleConfigurations")
_INTERVAL = "ProfilingIntervalInMilliseconds"
_INTERVALS = (100, 200, 500, 1_000, 5_000, 60_000)  # milliseconds [D: ProfilerConfig]

Request = Mapping[str, Any]


def with_watching_defaults(request: Request) -> dict[str, Any]:
    """A request with what AWS fills in. Raises ValidationException for an interval that the
    profiler does not have."""
    filled = dict(request)
    for member in _RULES:
        if member in filled:
            filled[member] = [{"VolumeSizeInGB": 0, **rule} for rule in filled[member]]
    profiler = filled.get("ProfilerConfig")
    if profiler and not profiler.get("DisableProfiler"):
        interval = profiler.get(_INTERVAL, 500)
        if interval not in _INTERVALS:
            raise ValidationException(
                f"{_INTERVAL} must be one of {', '.join(map(str, _INTERVALS))}, not {interval}."
            )
        filled["ProfilerConfig"] = {**profiler, _INTERVAL: interval}
    return filled


def evaluations(request: Request, member: str, now: float) -> list[dict[str, Any]]:
    """The rules' statuses. Saying "NoIssuesFound" would be a lie: nothing looked for any."""
    return [
        {
            "RuleConfigurationName": rule["RuleConfigurationName"],
            "RuleEvaluationStatus": "Error",
            "StatusDetails": "Kennel does not evaluate rules.",
            "LastModifiedTime": now,
        }
        for rule in request.get(member, ())
    ]


def profiling_status(request: Request) -> str:
    """Whether the job is profiled, for a job that says anything of it: it never is."""
    return "Disabled" if request.get("ProfilerConfig") else ""


def watching_notes(request: Request) -> Iterator[tuple[str, str]]:
    """The members that ask for something which is not done, and what that is.

    The SDK sends a hook and a profiler configuration with every job, so those alone ask nothing.
    """
    hook = request.get("DebugHookConfig", {})
    if hook.get("CollectionConfigurations") or hook.get("HookParameters"):
        yield "DebugHookConfig", "no tensor is saved"
    if request.get("TensorBoardOutputConfig"):
        yield "TensorBoardOutputConfig", "nothing is copied to its place in S3"
    if request.get("ProfilerConfig", {}).get("ProfilingParameters"):
        yield "ProfilerConfig", "nothing is profiled"
    for member, kind in zip(_RULES, ("Debugger", "Profiler"), strict=True):
        if request.get(member):
            yield member, f"no {kind} rule is evaluated"
