"""Why a notebook instance failed, in AWS's words where it has some."""

from __future__ import annotations

from kennel.engine import Exit
from kennel.runtimes.notebook.plan import Progress
from kennel.services.sagemaker.instance_types import InstanceUse, instance_type
from kennel.services.sagemaker.notebook.boot import HOOK_SECONDS, LOG_GROUP
from kennel.services.sagemaker.notebook.document import NotebookInstance

__all__ = ["hook_failure", "process_failure"]

_HOOKS = ("OnCreate", "OnStart")


def hook_failure(instance: NotebookInstance, progress: Progress) -> str:
    """Of a lifecycle script, or of JupyterLab itself.

    The words for a script that took too long are AWS's [O]; AWS has the same for one that failed,
    which says less than the exit status.
    """
    if progress.failed not in _HOOKS:
        return (
            f"JupyterLab did not start (exit status {progress.code}). "
            f"{_log(instance, 'jupyter.log')}"
        )
    arn = instance.arn.replace(
        f":notebook-instance/{instance.name}",
        f":notebook-instance-lifecycle-config/{instance.lifecycle_config}",
    )
    what = (
        f"took longer than {HOOK_SECONDS / 60:.0f} minutes"
        if progress.code is None
        else f"failed: its {progress.failed} script ended with exit status {progress.code}"
    )
    return (
        f"Notebook Instance Lifecycle Config '{arn}' for Notebook Instance '{instance.arn}' "
        f"{what}. Please check your CloudWatch logs for more details: "
        f"{LOG_GROUP}, {instance.name}/LifecycleConfig{progress.failed}."
    )


def process_failure(instance: NotebookInstance, ended: Exit) -> str:
    """Of an instance whose first process ended."""
    kind = instance_type(instance.instance_type)
    if not ended.out_of_memory:
        return (
            f"The notebook instance ended with exit status {ended.code}. "
            f"{_log(instance, 'jupyter.log')}"
        )
    larger = kind.next_larger(InstanceUse.NOTEBOOK)
    advice = f" Try {larger.name} ({larger.memory})." if larger is not None else ""
    return (
        f"The notebook instance ran out of memory: {kind.name} has {kind.memory}.{advice} "
        "Its files are kept; start it again."
    )


def _log(instance: NotebookInstance, stream: str) -> str:
    return f"Its log is in CloudWatch Logs: {LOG_GROUP}, {instance.name}/{stream}."
