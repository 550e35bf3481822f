"""The environment of a training job's process."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from kennel.client_environment import Reach, client_variables
from kennel.identity import Credentials
from kennel.services.sagemaker.images import Image
from kennel.services.sagemaker.training.folder import TEMPORARY, HostFolder
from kennel.services.sagemaker.training.spec import TrainingSpec

__all__ = ["JobIdentity", "job_environment"]

# multiprocessing puts sockets into TMPDIR, and Linux takes 107 bytes of a socket's path. With a
# longer one the workers of a DataLoader can't hand their first batch over and the job hangs.
_LONGEST_TMPDIR = 107 - len("/pymp-01234567/listener-01234567")
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True, slots=True)
class JobIdentity:
    """Who a job is, and how its process reaches the plane as its role."""

    name: str
    arn: str
    region: str
    reach: Reach
    credentials: Credentials


def job_environment(
    spec: TrainingSpec,
    image: Image,
    folder: HostFolder,
    job: JobIdentity,
    *,
    threads: int,
    cache: Path,
    imports: Path,
    mounted: bool,
) -> dict[str, str]:
    """The whole environment; nothing of the plane's own goes in.

    `threads` is what the numerical libraries may use, `cache` a folder that jobs of the role
    share, `imports` the folder that `kennel` can be imported from, `mounted` whether the process
    sees its folder as /opt/ml. The request's Environment overrides all but the job's name.
    """
    variables = {
        "PATH": f"{image.python.parent}:{_PATH}",
        "HOME": str(folder.home),
        **_temporary(folder, mounted),
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        "PYTHONUNBUFFERED": "1",
        "PYTHONPATH": str(imports),
        "KENNEL_CACHE_DIR": str(cache),
        **_hardware(spec, threads),
        **client_variables(job.reach, job.credentials, job.region),
    }
    if not mounted:
        variables["SAGEMAKER_BASE_DIR"] = str(folder.ml)
    return {
        **variables,
        **spec.environment,
        "TRAINING_JOB_NAME": job.name,
        "TRAINING_JOB_ARN": job.arn,
    }


def _temporary(folder: HostFolder, mounted: bool) -> Mapping[str, str]:
    """TMPDIR. Where the path of the job's own is too long for sockets, it has the machine's."""
    path = TEMPORARY if mounted else str(folder.temporary)
    return {"TMPDIR": path} if len(os.fsencode(path)) <= _LONGEST_TMPDIR else {}


def _hardware(spec: TrainingSpec, threads: int) -> Mapping[str, str]:
    """A type without GPUs must not see this machine's, or a job is never told what it lacks."""
    count = dict.fromkeys(
        ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS"),
        str(threads),
    )
    return count | {"CUDA_VISIBLE_DEVICES": ",".join(map(str, range(spec.instance.gpus)))}
