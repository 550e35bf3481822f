"""What every process of users' code finds in its environment, unless somebody chose otherwise."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["THREAD_VARIABLES", "private_variables", "thread_variables"]

THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


def thread_variables(environment: Mapping[str, str]) -> dict[str, str]:
    """How many threads the numerical libraries may use: as many as set, else as OpenMP, else one.

    Several processes share this machine's cores, and torch with two OpenMP threads beside another
    busy process falls to a fraction of its speed. The libraries read the variables once, when
    they are loaded.
    """
    common = environment.get("OMP_NUM_THREADS") or "1"
    return {name: environment.get(name) or common for name in THREAD_VARIABLES}


def private_variables(environment: Mapping[str, str]) -> dict[str, str]:
    """What keeps libraries from reporting to their makers.

    onnxruntime's Linux builds send telemetry to Microsoft from 1.29 on (pull request 27379 of
    microsoft/onnxruntime) unless this is set before the import. For that they start a thread and
    open a database in the home folder; neither survives a fork.
    """
    return {"ORT_DISABLE_TELEMETRY": environment.get("ORT_DISABLE_TELEMETRY") or "1"}
