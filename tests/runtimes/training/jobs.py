"""A training job's folder, and running it as the engine does."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

__all__ = ["Job"]


class Job:
    """`base` stands for /opt/ml."""

    def __init__(self, base: Path) -> None:
        self.base = base
        self.hyperparameters: dict[str, Any] = {}
        self.channels: dict[str, Any] = {}
        self.resources: dict[str, Any] = {"current_host": "algo-1", "hosts": ["algo-1"]}
        self.environment: dict[str, str] = {}

    def source(self, files: Mapping[str, str | bytes], entry_point: str = "train.py") -> Job:
        """Packs the files as the SDK does and names the entry point as it does."""
        path = self.base / "input" / "code" / "sourcedir.tar.gz"
        path.parent.mkdir(parents=True)
        with tarfile.open(path, "w:gz") as tar:
            for name, content in files.items():
                data = content.encode() if isinstance(content, str) else content
                info = tarfile.TarInfo(name)
                info.size = len(data)
                tar.addfile(info, io.BytesIO(data))
        self.hyperparameters["sagemaker_program"] = json.dumps(entry_point)
        self.hyperparameters["sagemaker_submit_directory"] = '"s3://bucket/job/sourcedir.tar.gz"'
        return self

    def start(self) -> subprocess.Popen[str]:
        config = self.base / "input" / "config"
        config.mkdir(parents=True, exist_ok=True)
        (config / "hyperparameters.json").write_text(json.dumps(self.hyperparameters))
        (config / "inputdataconfig.json").write_text(json.dumps(self.channels))
        (config / "resourceconfig.json").write_text(json.dumps(self.resources))
        environment = {
            "PATH": os.environ["PATH"],
            "SAGEMAKER_BASE_DIR": str(self.base),
            "TRAINING_JOB_NAME": "job-1",
            **self.environment,
        }
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "kennel.runtimes.training"],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self) -> tuple[int, str]:
        """The exit code and the log."""
        with self.start() as process:
            log = process.communicate()[0]
        return process.returncode, log

    @property
    def failure(self) -> str:
        return (self.base / "output" / "failure").read_text()

    def output(self, name: str) -> Any:
        return json.loads((self.base / "output" / "data" / name).read_text())
