"""What goes wrong in training jobs, and what their owners are told."""

from __future__ import annotations

import io
import os
import tarfile
from pathlib import Path

from tests.services.sagemaker.training.bench import SAVE, Bench, channel

# Huge pages, where there are some, because a page fault costs more than the page.
EATS_MEMORY = """
import mmap
block = b"x" * (2 << 20)
held = []
while True:
    held.append(mmap.mmap(-1, 256 << 20))
    held[-1].madvise(mmap.MADV_HUGEPAGE)
    for start in range(0, 256 << 20, len(block)):
        held[-1][start:start + len(block)] = block
"""


def test_a_script_that_throws_fails_the_job_with_its_error(bench: Bench) -> None:
    script = SAVE + (
        "open(os.environ['SM_OUTPUT_DATA_DIR'] + '/trace', 'w').write('t')\n"
        "raise ValueError('no dogs in here')\n"
    )
    bench.create("throws", script)
    job = bench.wait("throws")
    assert job["TrainingJobStatus"] == "Failed"
    assert job["FailureReason"].startswith("AlgorithmError: ExecuteUserScriptError:")
    assert "no dogs in here" in job["FailureReason"]
    assert job["FailureReason"].endswith(", exit code: 1")
    assert "no dogs in here" in bench.log("throws")
    assert "ModelArtifacts" not in job
    keys = bench.objects()
    assert "models/throws/output/output.tar.gz" in keys
    assert "models/throws/output/model.tar.gz" not in keys


def test_a_failure_file_of_the_scripts_own_is_the_reason(bench: Bench) -> None:
    script = "import sys\nopen('/opt/ml/output/failure', 'w').write('my words')\nsys.exit(3)\n"
    bench.create("words", script)
    assert bench.wait("words")["FailureReason"] == "AlgorithmError: my words, exit code: 3"


def test_a_script_killed_for_memory_hears_of_the_instance_types_memory(bench: Bench) -> None:
    script = EATS_MEMORY
    resources = {"InstanceType": "ml.t3.medium", "InstanceCount": 1, "VolumeSizeInGB": 1}
    bench.create("memory", script, ResourceConfig=resources)
    job = bench.wait("memory")
    assert job["TrainingJobStatus"] == "Failed"
    assert "use an instance type with more memory" in job["FailureReason"]
    assert "4 GiB of an ml.t3.medium" in job["FailureReason"]
    assert "ml.t3.large" in job["FailureReason"]


def test_an_unknown_image_fails_the_job_with_advice(bench: Bench) -> None:
    bench.create("unknown", AlgorithmSpecification={"TrainingImage": "example.com/mine:1"})
    job = bench.wait("unknown")
    assert job["TrainingJobStatus"] == "Failed"
    assert "no environment for the image example.com/mine:1" in job["FailureReason"]
    assert "images.toml" in job["FailureReason"]


def test_a_source_archive_that_is_not_there_fails_the_download(bench: Bench) -> None:
    missing = {
        "sagemaker_program": "train.py",
        "sagemaker_submit_directory": "s3://in-bucket/nowhere.tar.gz",
    }
    bench.create("missing", HyperParameters=missing)
    reason = bench.wait("missing")["FailureReason"]
    assert reason.startswith("ClientError: Data download failed:NoSuchKey (404)")
    assert "s3://in-bucket/nowhere.tar.gz" in reason


def test_an_archive_that_reaches_outside_fails_the_job(bench: Bench) -> None:
    bench.put("code/evil.tar.gz", _archive_with("../../escaped.py"))
    evil = {
        "sagemaker_program": "train.py",
        "sagemaker_submit_directory": '"s3://in-bucket/code/evil.tar.gz"',
    }
    bench.create("evil", HyperParameters=evil)
    job = bench.wait("evil")
    assert job["TrainingJobStatus"] == "Failed"
    assert "'..' in its path" in job["FailureReason"]
    assert not found_below(bench.state, "escaped.py")


def test_an_object_that_is_file_and_folder_fails_as_on_aws(bench: Bench) -> None:
    bench.put("clash/a", "file")
    bench.put("clash/a/b", "below")
    bench.create("clash", SAVE, InputDataConfig=[channel("t", "s3://in-bucket/clash")])
    reason = bench.wait("clash")["FailureReason"]
    assert "s3://in-bucket/clash/a, a previously downloaded file/folder clashes" in reason


def test_a_key_that_would_leave_the_channel_is_refused(bench: Bench) -> None:
    bench.put("escape/../../out.txt", "x")
    bench.create("escape", SAVE, InputDataConfig=[channel("t", "s3://in-bucket/escape")])
    assert "Rename the object" in bench.wait("escape")["FailureReason"]
    assert not found_below(bench.state, "out.txt")


def test_data_that_does_not_fit_the_volume_fails_the_download(bench: Bench) -> None:
    bench.put("large/x", b"x" * 10)
    resources = {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 0}
    bench.create(
        "full",
        SAVE,
        ResourceConfig=resources,
        InputDataConfig=[channel("t", "s3://in-bucket/large")],
    )
    assert "No space left on device" in bench.wait("full")["FailureReason"]


def test_an_output_bucket_that_is_not_there_fails_the_upload(bench: Bench) -> None:
    bench.create("no-out", SAVE, OutputDataConfig={"S3OutputPath": "s3://no-such-bucket/x"})
    job = bench.wait("no-out")
    assert job["TrainingJobStatus"] == "Failed"
    assert "Artifact upload failed:NoSuchBucket" in job["FailureReason"]


def test_a_command_that_is_not_there_fails_the_job(bench: Bench) -> None:
    bench.create("absent", AlgorithmSpecification={"ContainerEntrypoint": ["/no/such/thing"]})
    assert bench.wait("absent")["FailureReason"] == "AlgorithmError: , exit code: 127"


def found_below(folder: Path, name: str) -> list[str]:
    """Where a file of that name is; other jobs' folders may vanish meanwhile."""
    return [parent for parent, _, names in os.walk(folder) if name in names]


def _archive_with(name: str) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for member in ("train.py", name):
            tar.addfile(tarfile.TarInfo(member), io.BytesIO())
    return buffer.getvalue()
