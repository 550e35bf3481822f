"""What a job on several instances came to: said where its instances bought nothing.

"Multi-instance" training without `distribution=` trains the same model on each instance, and bills
them all. What is said here must hold, so it is said only of jobs whose hosts were watched and never
connected to each other, and it says what could not be seen.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from kennel.services.sagemaker.training.document import TrainingJob
from kennel.services.sagemaker.training.spec import TrainingSpec

__all__ = ["is_divided", "launch_named_in", "summary", "warning"]

_NAMED = 5  # hosts or files that a sentence lists
_LAUNCHES = re.compile(
    r"\b(init_process_group|torch\.distributed|horovod|mpi4py|deepspeed|Accelerator|lightning)\b"
)
_SCRIPTS = 200  # of a source archive that are looked at, up to so many bytes each
_SCRIPT_BYTES = 1 << 20


def is_divided(spec: TrainingSpec) -> bool:
    """Whether the request itself makes the hosts share the work."""
    return bool(spec.launcher) or spec.is_sharded


def warning(spec: TrainingSpec) -> str:
    """What to say before the start of a job whose hosts nothing joins; empty if that is not so."""
    count = len(spec.hosts)
    if count == 1 or is_divided(spec):
        return ""
    return (
        f"This job has {count} instances and no distribution. Unless the script itself joins them "
        f"(torch.distributed.init_process_group, say), each trains all of the data: {count} times "
        "the bill for one result. To train together, set "
        'distribution={"torch_distributed": {"enabled": True}} (the SDK takes it with a GPU type, '
        "such as ml.g4dn.xlarge, and a whole version such as 2.0.0) or join them in the "
        "script; or use one instance."
    )


def summary(
    job: TrainingJob,
    spec: TrainingSpec,
    *,
    seconds: Mapping[str, float],
    billed: int,
    named: str,
    clashing: Sequence[str],
) -> Iterator[str]:
    """What to say after the end of a job on several instances.

    `seconds` are what each host's processes ran, `billed` what each instance is billed, `named` is
    what the script names that could have joined its hosts (empty: nothing), `clashing` are the
    files of the model that more than one host saved.
    """
    if clashing:
        more = len(clashing) - _NAMED
        names = ", ".join(clashing[:_NAMED]) + (f" and {more} more" if more > 0 else "")
        yield (
            f"Several hosts saved {names}. The model artifacts have {spec.hosts[0]}'s where it "
            "saved one; AWS does not say whose it takes, so let one host save, or name them apart."
        )
    if is_divided(spec) or job.connected is not False:
        return
    count = len(spec.hosts)
    ran = ", ".join(f"{host} {took:.1f} s" for host, took in seconds.items())
    if count > _NAMED:
        ran = f"{min(seconds.values()):.1f} to {max(seconds.values()):.1f} s each"
    wasted = (count - 1) * billed
    yield (
        f"{count} instances trained, each by itself: there was no distribution, no channel is "
        f"sharded, and no connection between the hosts was seen. They ran {ran}. The bill is "
        f"{count} x {billed} = {count * billed} seconds ({_hours(count * billed)} instance-hours), "
        f"of which {wasted} ({_hours(wasted)} instance-hours) bought nothing that one instance "
        "would not have trained."
    )
    if named:
        yield f"The script names {named}; see why its hosts did not connect."
    else:
        yield (
            "That is not so if the script divides the data by SM_CURRENT_HOST, or brings its "
            "hosts' results together in S3: Kennel sees neither."
        )


def launch_named_in(code: Path) -> str:
    """What a source folder's scripts name that joins processes; empty if there is nothing."""
    scripts = (path for path in sorted(code.rglob("*.py")) if not path.is_symlink())
    for _, path in zip(range(_SCRIPTS), scripts, strict=False):
        try:
            with path.open("rb") as file:
                text = file.read(_SCRIPT_BYTES).decode("utf-8", "replace")
        except OSError:
            continue
        match = _LAUNCHES.search(text)
        if match:
            return match[1]
    return ""


def _hours(seconds: int) -> str:
    return f"{seconds / 3600:.3f}"
