from __future__ import annotations

from pathlib import Path

import pytest

from kennel.engine import Process, ProcessSpec
from kennel.errors import AwsError
from tests.planes import wait_until
from tests.services.sagemaker.training.bench import SAVE, Bench

CHECKPOINTS = {"S3Uri": "s3://out-bucket/ckpt/dogs"}


def exists(bench: Bench, key: str) -> bool:
    try:
        bench.call("s3", "HeadObject", Bucket="out-bucket", Key=key)
    except AwsError:
        return False
    return True


def test_checkpoints_of_an_earlier_job_are_there_and_new_ones_are_kept(bench: Bench) -> None:
    bench.put("ckpt/dogs/epoch/1.pt", "one", bucket="out-bucket")
    bench.put("ckpt/dogs-of-others/x", "no", bucket="out-bucket")
    script = (
        SAVE
        + """
root = "/opt/ml/checkpoints"
print("found", sorted(os.listdir(root)), open(root + "/epoch/1.pt").read())
open(root + "/epoch/2.pt", "w").write("two")
os.remove(root + "/epoch/1.pt")
"""
    )
    bench.create("resumes", script, CheckpointConfig=CHECKPOINTS)
    assert bench.wait("resumes")["TrainingJobStatus"] == "Completed"
    assert "found ['epoch'] one" in bench.log("resumes")
    assert bench.read("ckpt/dogs/epoch/2.pt") == b"two"
    assert not exists(bench, "ckpt/dogs/epoch/1.pt")
    assert exists(bench, "ckpt/dogs-of-others/x")


def test_checkpoints_are_in_s3_while_the_job_still_runs(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kennel.services.sagemaker.training.checkpoints._INTERVAL", 0.05)
    script = """
import os, time
open("/opt/ml/checkpoints/now.pt", "w").write("so far")
while not os.path.exists(os.environ["GATE"]):
    time.sleep(0.01)
"""
    bench.create(
        "syncs",
        script,
        CheckpointConfig=CHECKPOINTS,
        Environment={"GATE": str(tmp_path / "gate")},
    )
    wait_until(lambda: exists(bench, "ckpt/dogs/now.pt"))
    assert bench.describe("syncs")["SecondaryStatus"] == "Training"
    (tmp_path / "gate").touch()
    bench.wait("syncs", "Completed")


@pytest.mark.parametrize("path", ["/opt/ml/mine/deep", "/kennel-test-checkpoints"])
def test_checkpoints_may_be_in_a_folder_of_ones_own(bench: Bench, path: str) -> None:
    bench.put("own/1.pt", "one", bucket="out-bucket")
    name = "own-" + path.split("/")[-1]
    script = SAVE + f"print(open('{path}/1.pt').read())\nopen('{path}/{name}', 'w').write('x')\n"
    config = {"S3Uri": "s3://out-bucket/own/", "LocalPath": path}
    bench.create(name, script, CheckpointConfig=config)
    assert bench.wait(name)["TrainingJobStatus"] == "Completed"
    assert bench.read(f"own/{name}") == b"x"


def test_a_stopped_jobs_last_checkpoint_is_kept(bench: Bench) -> None:
    script = """
import signal, sys, time
def save(*_):
    open("/opt/ml/checkpoints/last.pt", "w").write("last words")
    sys.exit(0)
signal.signal(signal.SIGTERM, save)
print("I wait", flush=True)
time.sleep(600)
"""
    bench.create("last", script, CheckpointConfig=CHECKPOINTS)
    wait_until(lambda: "I wait" in bench.printed("last"))
    bench.call("sagemaker", "StopTrainingJob", TrainingJobName="last")
    bench.wait("last", "Stopped")
    assert bench.read("ckpt/dogs/last.pt") == b"last words"


def test_what_a_script_saves_before_the_plane_knows_that_it_runs_is_kept(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a busy machine a quick script has ended by then."""
    run = bench.plane.engine.run

    def run_slowly(spec: ProcessSpec) -> Process:
        process = run(spec)
        process.wait(60)
        return process

    monkeypatch.setattr(bench.plane.engine, "run", run_slowly)
    script = SAVE + 'open("/opt/ml/checkpoints/first.pt", "w").write("first")\n'
    bench.create("quick", script, CheckpointConfig=CHECKPOINTS)
    assert bench.wait("quick")["TrainingJobStatus"] == "Completed"
    assert bench.read("ckpt/dogs/first.pt") == b"first"
