"""The environment of a training job's process."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from kennel.client_environment import Reach, offline_variables, plane_variables
from kennel.services.sagemaker.images import Image
from kennel.services.sagemaker.training.folder import LOOPBACK, TEMPORARY, HostFolder
from kennel.services.sagemaker.training.meeting import Meeting
from kennel.services.sagemaker.training.spec import TrainingSpec
from kennel.weights import WEIGHTS_DIR

__all__ = ["JobIdentity", "job_environment"]

# multiprocessing puts sockets into TMPDIR, and Linux takes 107 bytes of a socket's path. With a
# longer one the workers of a DataLoader can't hand their first batch over and the job hangs.
_LONGEST_TMPDIR = 107 - len("/pymp-01234567/listener-01234567")
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True, slots=True)
class JobIdentity:
    """Who a job is, and how its process reaches the plane as its role. `credentials` are the
    variables that lead to the role's; None for a job that reaches nobody."""

    name: str
    arn: str
    region: str
    reach: Reach
    credentials: Mapping[str, str] | None


def job_environment(
    spec: TrainingSpec,
    image: Image,
    folder: HostFolder,
    job: JobIdentity,
    meeting: Meeting,
    *,
    threads: int,
    cache: Path,
    imports: Path,
    weights: Path,
    mounted: bool,
) -> dict[str, str]:
    """The whole environment; nothing of the plane's own goes in.

    `threads` is what the numerical libraries may use, `cache` a folder that jobs of the role
    share, `imports` the folder that `kennel` can be imported from, `weights` that of the weights
    which the user keeps, `mounted` whether the process sees its folder as /opt/ml. The request's
    Environment overrides all but the job's name.
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
        WEIGHTS_DIR: str(weights),
        **spec.instance.variables(threads),
        **_clients(spec, job, meeting),
        **_network(spec, meeting, mounted),
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


def _clients(spec: TrainingSpec, job: JobIdentity, meeting: Meeting) -> Mapping[str, str]:
    """What leads AWS clients to the plane. The job's hosts reach each other past its proxy."""
    if job.credentials is None:
        return offline_variables(job.region)
    variables = {**plane_variables(job.reach, job.region), **job.credentials}
    addresses = meeting.addresses(spec.hosts)
    direct = ",".join([variables["no_proxy"], *addresses, *addresses.values()])
    return variables | {"no_proxy": direct, "NO_PROXY": direct}


def _network(spec: TrainingSpec, meeting: Meeting, mounted: bool) -> Mapping[str, str]:
    """The first two are for the toolkit, which makes MASTER_ADDR and MASTER_PORT of them. Where
    nothing can be mounted there is no /etc/hosts in which the host's name could stand.

    Gloo would otherwise listen on the address of this machine's name, which others can reach.
    """
    first = spec.hosts[0]
    return {
        "KENNEL_MASTER_ADDR": first if mounted else meeting.addresses(spec.hosts)[first],
        "KENNEL_MASTER_PORT": str(meeting.port),
        "GLOO_SOCKET_IFNAME": LOOPBACK,
        "TP_SOCKET_IFNAME": LOOPBACK,
        "NCCL_SOCKET_IFNAME": LOOPBACK,
    }
