"""What of a request has no effect here: said in the job's log, where its owner looks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from kennel.services.sagemaker.training.debugger import watching_notes
from kennel.services.sagemaker.training.document import TrainingJob
from kennel.services.sagemaker.training.spec import TrainingSpec
from kennel.services.sagemaker.training.waste import warning

__all__ = ["left_out_note", "notes"]

_NAMED = 5  # files that a sentence lists


def notes(
    job: TrainingJob, spec: TrainingSpec, *, names_resolve: bool, no_network: str
) -> Iterator[str]:
    """One sentence for each thing that AWS would do and this machine does not, and a warning of
    several instances that nothing joins. `names_resolve` says that the job has an /etc/hosts,
    `no_network` why it has no network of its own (empty: it has, or is not to have)."""
    if text := warning(spec):
        yield text
    if no_network:
        yield (
            f"This machine gives Kennel no network namespace ({no_network}), so this job is in "
            "the machine's own network: a script that ignores its proxy settings could reach AWS."
        )
    if len(spec.hosts) > 1 and not names_resolve:
        yield (
            "This machine gives Kennel no mount namespaces, so the names in SM_HOSTS can't be "
            "looked up. MASTER_ADDR holds an address; use that."
        )
    for channel in spec.channels:
        if channel.input_mode == "FastFile":
            yield (
                f"Channel {channel.name} asks for FastFile: its files were copied before the "
                "start, as in File mode."
            )
    if spec.instance.gpus:
        yield (
            f"{spec.instance.name} has {spec.instance.gpus} {spec.instance.gpu}; "
            "this job sees the GPUs that this machine has."
        )
    request = job.request
    for member, text in (
        ("VpcConfig", "there are no VPCs on this machine"),
        ("EnableInterContainerTrafficEncryption", "its hosts are on one machine"),
        ("ExperimentConfig", "there are no experiments to record it in"),
        ("InfraCheckConfig", "this machine is not checked"),
        ("RetryStrategy", "a lost process is started again in any case, a failed one is not"),
    ):
        if _asks(request.get(member)):
            yield f"{member} has no effect on this job: {text}."
    for member, text in watching_notes(request):
        yield f"{member} has no effect on this job: {text}."
    if request["ResourceConfig"].get("KeepAlivePeriodInSeconds"):
        yield "KeepAlivePeriodInSeconds has no effect on this job: there are no warm pools."


def left_out_note(names: Sequence[str], target: str) -> str:
    """What to say of files that a job saved and that are not among its artifacts at `target`."""
    more = len(names) - _NAMED
    listed = ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")
    return (
        f"Left out of the artifacts at {target}: {listed}. Links that lead out of the folder, "
        "pipes and devices can't be in an archive, nor any link among uncompressed artifacts. "
        "Save the file itself."
    )


def _asks(value: Any) -> bool:
    """Whether a member asks for anything: `{"EnableInfraCheck": False}` does not."""
    return any(value.values()) if isinstance(value, dict) else bool(value)
