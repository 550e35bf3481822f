"""The process of an environment: its command, what it sees of the files, its variables."""

from __future__ import annotations

import os
import site
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import kennel
from kennel.client_environment import Reach, client_variables
from kennel.engine import Mount, ProcessSpec
from kennel.identity import Credentials
from kennel.runtimes import SITE_FOLDER
from kennel.services.lambda_.environments.deployment import Deployment

__all__ = ["Place", "process_spec"]

_TASK_ROOT = "/var/task"
_CA_BUNDLE = "/var/runtime/ca-cert.pem"  # the place that AWS has for it
_PROCESSES = 1024  # processes and threads ("Lambda quotas")
_OPEN_FILES = 1024  # the same
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_OWN_FOLDER = os.path.dirname(os.path.dirname(os.path.abspath(kennel.__file__)))


@dataclass(frozen=True, slots=True)
class Place:
    """Where one process of an environment lives: the engine's folder, the environment's /tmp, the
    name of its log stream, `HOST:PORT` of its Runtime API and the token to show there. `mounted`:
    whether this machine lets a process have a view of its own."""

    folder: Path
    temporary: Path
    stream: str
    api: str
    token: str
    mounted: bool


def process_spec(
    deployment: Deployment, place: Place, credentials: Credentials, reach: Reach
) -> ProcessSpec:
    """What the engine is to run."""
    root = Path(_TASK_ROOT) if place.mounted else deployment.code
    seen = replace(reach, ca_bundle=Path(_CA_BUNDLE)) if place.mounted else reach
    return ProcessSpec(
        folder=place.folder,
        # -u: what a function prints is in its log when it is killed.
        command=(sys.executable, "-u", "-P", "-m", "kennel.runtimes.function"),
        environment=_variables(
            deployment, place, str(root), client_variables(seen, credentials, deployment.region)
        ),
        working_directory=root,
        mounts=tuple(_mounts(deployment.code, place.temporary, reach)) if place.mounted else (),
        memory_bytes=deployment.memory << 20,
        processes=_PROCESSES,
        readable=(Path(SITE_FOLDER),),
        user_name="sbx_user1051",  # as AWS has it
        file_bytes=deployment.storage << 20,
        open_files=_OPEN_FILES,
    )


def _variables(
    deployment: Deployment, place: Place, root: str, client: dict[str, str]
) -> dict[str, str]:
    """The function's own variables, and those of "Defined runtime environment variables"."""
    own = dict(deployment.environment)
    temporary = "/tmp" if place.mounted else str(place.temporary)
    return {
        "PATH": os.environ.get("PATH", _PATH),
        "LANG": "en_US.UTF-8",
        "PYTHONUTF8": "1",  # whatever locales the machine has
        "TZ": ":UTC",
        "HOME": temporary,  # not the developer's, with AWS profiles in it
        "TMPDIR": temporary,
        **client,
        **own,
        "PYTHONPATH": _python_path(own.get("PYTHONPATH", "")),
        "_HANDLER": deployment.handler,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{deployment.runtime}",
        "AWS_LAMBDA_FUNCTION_NAME": deployment.function,
        "AWS_LAMBDA_FUNCTION_VERSION": deployment.version,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(deployment.memory),
        "AWS_LAMBDA_INITIALIZATION_TYPE": deployment.initialization,
        "AWS_LAMBDA_LOG_GROUP_NAME": deployment.log_group,
        "AWS_LAMBDA_LOG_STREAM_NAME": place.stream,
        "AWS_LAMBDA_RUNTIME_API": place.api,
        "KENNEL_RUNTIME_TOKEN": place.token,
        "LAMBDA_TASK_ROOT": root,
        "LAMBDA_RUNTIME_DIR": os.path.join(_OWN_FOLDER, "kennel", "runtimes", "function"),
    }


def _python_path(own: str) -> str:
    folders = [SITE_FOLDER, own]
    if _OWN_FOLDER not in site.getsitepackages():
        folders.append(_OWN_FOLDER)
    return os.pathsep.join(filter(None, folders))


def _mounts(code: Path, temporary: Path, reach: Reach) -> Iterator[Mount]:
    """Its code, the certificates to trust, a /tmp of its own."""
    yield Mount(reach.ca_bundle, _CA_BUNDLE, read_only=True)
    yield Mount(code, _TASK_ROOT, read_only=True)
    yield Mount(temporary, "/tmp")
