"""The models that are deployed for the measurements, each with its bare loop."""

from __future__ import annotations

import io
import os
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.bare import BareLoop
from benchmarks.bench import Bench
from benchmarks.processes import processes_of
from tests.integration.model_archives import Hosting
from tests.planes import Plane

__all__ = ["Deployed", "bare_loops", "deploy"]


@dataclass(frozen=True, slots=True)
class Deployed:
    """An endpoint in service, what it was made from and what it is asked."""

    name: str
    archive: bytes
    payload: bytes
    content_type: str = "image/jpeg"


def deploy(plane: Plane, deployed: Deployed, instances: int = 1) -> None:
    """Creates the endpoint, waits for it and asks it once."""
    hosting = Hosting(plane)
    name = deployed.name
    hosting.model_from(name, deployed.archive)
    hosting.config(name, ("AllTraffic", name, instances, 1.0))
    hosting.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
    described = hosting.wait(name)
    assert described["EndpointStatus"] == "InService", described
    hosting.invoke(name, deployed.payload, ContentType=deployed.content_type)


@contextmanager
def bare_loops(
    bench: Bench, plane: Plane, deployed: Deployed, count: int
) -> Iterator[list[BareLoop]]:
    """So many processes that loop over the model, by the Python and in the environment of the
    endpoint's own."""
    folder = bench.folder / f"bare-{deployed.name}"
    if not folder.exists():
        with tarfile.open(fileobj=io.BytesIO(deployed.archive)) as tar:
            tar.extractall(folder, filter="data")
    payload = bench.folder / f"payload-{deployed.name}"
    payload.write_bytes(deployed.payload)
    python, environment = _served_by(plane, deployed.name)
    environment |= {"SM_MODEL_DIR": str(folder)}
    loops = [
        BareLoop(python, environment, folder, payload, deployed.content_type) for _ in range(count)
    ]
    try:
        yield loops
    finally:
        for loop in loops:
            loop.close()


def _served_by(plane: Plane, endpoint: str) -> tuple[str, dict[str, str]]:
    """The command and the environment of the endpoint's zygote."""
    for pid, command in processes_of(plane.state).items():
        if "kennel.runtimes.serving.zygote" in command and f"/{endpoint}/" in command:
            content = Path(f"/proc/{pid}/environ").read_bytes()
            pairs = (os.fsdecode(line).partition("=") for line in content.split(b"\0") if line)
            python = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0]
            return os.fsdecode(python), {name: value for name, _, value in pairs}
    raise RuntimeError(f"no process serves {endpoint}")
