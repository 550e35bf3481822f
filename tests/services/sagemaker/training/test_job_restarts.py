"""What becomes of training jobs when the plane, or their process, goes away under them."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from kennel.services.sagemaker.training.document import COLLECTION, TrainingJob
from kennel.services.sagemaker.training.folder import HostFolder
from kennel.services.sagemaker.training.spec import TrainingSpec
from kennel.services.sagemaker.training.status import SecondaryStatus
from kennel.store import Collection
from tests.inside import shared
from tests.planes import wait_until
from tests.services.sagemaker.training.bench import SAVE, Bench, channel

# Waits for the file that $GATE names, then saves its pid and how often it was started.
GATED = """
import os, time
print("I wait", flush=True)
while not os.path.exists(os.environ["GATE"]):
    time.sleep(0.01)
print("loss: 0.125")
open(os.environ["SM_MODEL_DIR"] + "/pid", "w").write(str(os.getpid()))
"""
METRICS = {"MetricDefinitions": [{"Name": "loss", "Regex": r"loss: ([0-9.]+)"}]}


@pytest.fixture
def gate(tmp_path: Path) -> Path:
    return tmp_path / "gate"


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Bench]:
    """A plane of the test's own, which it may stop and start."""
    bench = Bench(tmp_path / "state").start()
    yield bench
    bench.stop()


def start_gated(bench: Bench, name: str, gate: Path) -> None:
    bench.create(name, GATED, Environment={"GATE": str(gate)}, AlgorithmSpecification=METRICS)
    wait_until(lambda: "I wait" in bench.printed(name))


def record(bench: Bench, name: str, attempt: int = 1) -> dict[str, int]:
    [path] = (bench.state / "sagemaker/training" / name).glob(
        f"*/algo-1/run-{attempt}/process.json"
    )
    found: dict[str, int] = json.loads(path.read_text())
    return found


def statuses(bench: Bench, name: str) -> list[str]:
    return [t["Status"] for t in bench.describe(name)["SecondaryStatusTransitions"]]


def stored(bench: Bench) -> Collection[TrainingJob]:
    return Collection(bench.plane.database, COLLECTION, TrainingJob)


def test_a_job_whose_process_lives_is_adopted_and_goes_on(own: Bench, gate: Path) -> None:
    start_gated(own, "adopted", gate)
    own.stop()
    own.start(fresh=False)
    assert own.describe("adopted")["SecondaryStatus"] == "Training"
    gate.touch()
    job = own.wait("adopted")
    assert job["TrainingJobStatus"] == "Completed"
    assert statuses(own, "adopted").count("Training") == 1
    assert [m["Value"] for m in job["FinalMetricDataList"]] == [0.125]
    log = own.log("adopted")
    assert log.count("I wait") == 1
    assert log.count("loss: 0.125") == 1


def test_a_job_that_ended_while_the_plane_was_down_is_finished_by_its_exit_file(
    own: Bench, gate: Path
) -> None:
    start_gated(own, "ended", gate)
    shim = record(own, "ended")["shim_pid"]
    own.stop()
    gate.touch()
    wait_until(lambda: not _alive(shim))
    own.start(fresh=False)
    job = own.wait("ended")
    assert job["TrainingJobStatus"] == "Completed"
    assert own.artifacts("ended").keys() == {"pid"}
    assert "loss: 0.125" in own.log("ended")


def test_a_lost_process_is_started_again_and_the_job_says_so(own: Bench, gate: Path) -> None:
    start_gated(own, "lost", gate)
    os.kill(record(own, "lost")["shim_pid"], signal.SIGKILL)
    own.wait("lost", "Restarting", "Downloading", "Training")
    wait_until(lambda: own.printed("lost").count("I wait") == 2)
    gate.touch()
    job = own.wait("lost")
    assert job["TrainingJobStatus"] == "Completed"
    assert statuses(own, "lost") == [
        "Starting",
        "Downloading",
        "Training",
        "Restarting",
        "Downloading",
        "Training",
        "Uploading",
        "Completed",
    ]
    message = job["SecondaryStatusTransitions"][3]["StatusMessage"]
    assert message == "The training process was lost with its machine. Starting it again"


def test_a_process_that_is_lost_while_the_plane_is_down_is_started_again(
    own: Bench, gate: Path
) -> None:
    start_gated(own, "lost-too", gate)
    shim = record(own, "lost-too")["shim_pid"]
    own.stop()
    os.kill(shim, signal.SIGKILL)
    gate.touch()
    wait_until(lambda: not _alive(shim))
    own.start(fresh=False)
    assert own.wait("lost-too")["TrainingJobStatus"] == "Completed"
    assert "Restarting" in statuses(own, "lost-too")


def test_a_stop_survives_a_restart(own: Bench, gate: Path) -> None:
    start_gated(own, "stopping", gate)

    def change(job: TrainingJob) -> TrainingJob:
        job.outcome = SecondaryStatus.STOPPED
        job.move(SecondaryStatus.STOPPING, job.last_modified)
        return job

    stored(own).update("stopping", change)
    own.stop()
    own.start(fresh=False)
    job = own.wait("stopping")
    assert job["TrainingJobStatus"] == "Stopped"
    assert job["SecondaryStatus"] == "Stopped"


@pytest.mark.parametrize(
    "phases",
    [
        [],
        [SecondaryStatus.PENDING],
        [SecondaryStatus.DOWNLOADING],
        [SecondaryStatus.DOWNLOADING, SecondaryStatus.TRAINING],
    ],
    ids=lambda phases: phases[-1] if phases else "Starting",
)
def test_a_phase_that_was_not_finished_is_done_again(
    own: Bench, phases: list[SecondaryStatus], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The plane dies just after the phase was stored: the folder holds what came before it."""
    own.put("photos/a.txt", "dog")
    monkeypatch.setattr(own.jobs._pool, "submit", lambda name, size: True)
    script = SAVE + "print(os.listdir('/opt/ml/input/data/t'))\n"
    own.create("again", script, InputDataConfig=[channel("t", "s3://in-bucket/photos")])

    def change(job: TrainingJob) -> TrainingJob:
        for phase in phases:
            job.move(phase, job.creation_time)
        return job

    stored(own).update("again", change)
    if phases:
        prepare(own, "again", whole=SecondaryStatus.TRAINING in phases)
    own.stop()
    own.start(fresh=False)
    job = own.wait("again")
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    assert own.artifacts("again") == {"w": b"weights"}
    assert "['a.txt']" in own.log("again")


def test_an_upload_that_was_not_finished_is_done_again(own: Bench, gate: Path) -> None:
    start_gated(own, "upload", gate)
    own.stop()
    gate.touch()
    own.plane.database.start()

    def change(job: TrainingJob) -> TrainingJob:
        job.outcome = SecondaryStatus.COMPLETED
        job.move(SecondaryStatus.UPLOADING, job.last_modified)
        return job

    wait_until(lambda: list((own.state / "sagemaker").rglob("pid")))
    stored(own).update("upload", change)
    own.plane.database.stop()
    own.start(fresh=False)
    assert own.wait("upload")["TrainingJobStatus"] == "Completed"
    assert own.artifacts("upload").keys() == {"pid"}


def test_a_finished_job_stays_finished_and_its_leftovers_go(own: Bench) -> None:
    own.create("done", SAVE)
    before = own.wait("done")
    leftover = own.state / "sagemaker/training/done/123/algo-1"
    leftover.mkdir(parents=True)
    own.stop()
    own.start(fresh=False)
    assert own.describe("done") == before
    wait_until(lambda: not leftover.exists())


def test_a_role_that_was_deleted_meanwhile_fails_the_job_and_ends_its_process(
    own: Bench, gate: Path
) -> None:
    start_gated(own, "roleless", gate)
    shim = record(own, "roleless")["shim_pid"]
    own.call("iam", "DeleteRolePolicy", RoleName="trainer", PolicyName="everything")
    own.call("iam", "DeleteRole", RoleName="trainer")
    own.stop()
    own.start(fresh=False)
    job = own.wait("roleless")
    assert job["TrainingJobStatus"] == "Failed"
    assert "role/trainer does not exist" in job["FailureReason"]
    assert not _alive(shim)


def prepare(bench: Bench, name: str, *, whole: bool) -> None:
    """The folder as the phases before would have left it, with half of the download or all."""
    job = stored(bench).get(name)
    assert job is not None
    folder = HostFolder(bench.state / "sagemaker/training" / job.folder / "algo-1", "algo-1")
    folder.prepare(TrainingSpec.read(job.request), {"algo-1": "127.90.1.1"})
    (folder.data / "t").mkdir()
    (folder.data / "t" / ("a.txt" if whole else "half")).write_text("dog")
    if whole:
        archive = bench.read(f"code/{name}.tar.gz", bucket="in-bucket")
        folder.source_archive.write_bytes(archive)


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def keeper(bench: Bench, name: str, attempt: int = 1) -> dict[str, int]:
    """The record of the process that keeps a job's network."""
    [path] = (bench.state / "sagemaker/training" / name).glob(f"*/network-{attempt}/process.json")
    found: dict[str, int] = json.loads(path.read_text())
    return found


def test_a_job_whose_network_is_lost_starts_again(own: Bench, gate: Path) -> None:
    start_gated(own, "cut-off", gate)
    os.kill(keeper(own, "cut-off")["shim_pid"], signal.SIGKILL)
    wait_until(lambda: own.printed("cut-off").count("I wait") == 2)
    gate.touch()
    job = own.wait("cut-off")
    assert job["TrainingJobStatus"] == "Completed"
    assert "Restarting" in statuses(own, "cut-off")


TWO = {"InstanceType": "ml.m5.large", "InstanceCount": 2, "VolumeSizeInGB": 1}
UP = "import os\nopen(os.environ['GATE'] + os.environ['SM_CURRENT_HOST'], 'a').write('x')\n"


@pytest.mark.parametrize("lost", [("algo-1", "algo-2"), ("algo-2",)])
def test_hosts_that_a_plane_had_no_time_to_start_do_not_join_a_network_that_has_ended(
    own: Bench, lost: tuple[str, ...]
) -> None:
    """As if the plane had been killed before it started `lost`, and was away for a while."""
    wait = "import time\nwhile not os.path.exists(os.environ['GATE']): time.sleep(0.01)\n"
    gate = shared(own.state, "trainer") / "gate"
    own.create("late", UP + wait, Environment={"GATE": str(gate)}, ResourceConfig=TWO)
    wait_until(lambda: all(Path(f"{gate}algo-{host}").exists() for host in (1, 2)))
    network = keeper(own, "late")
    own.stop()
    [folder] = (own.state / "sagemaker/training/late").iterdir()
    for run in [folder / host / "run-1" for host in lost]:
        os.kill(json.loads((run / "process.json").read_text())["shim_pid"], signal.SIGKILL)
        shutil.rmtree(run)
    os.kill(network["shim_pid"], signal.SIGKILL)
    own.start(fresh=False)
    wait_until(lambda: all(len(Path(f"{gate}algo-{h}").read_text()) == 2 for h in (1, 2)))
    gate.touch()
    assert own.wait("late")["TrainingJobStatus"] == "Completed"
    restarted = "Restarting" in statuses(own, "late")
    assert restarted == (len(lost) == 1)


def test_a_job_s_hosts_stay_where_they_are_when_the_setting_changes(own: Bench, gate: Path) -> None:
    start_gated(own, "stays", gate)
    own.stop()
    own.settings = {"job_network": "host"}
    own.start(fresh=False)
    os.kill(record(own, "stays")["shim_pid"], signal.SIGKILL)
    wait_until(lambda: own.printed("stays").count("I wait") == 2)
    pid = record(own, "stays", attempt=2)["pid"]
    assert os.readlink(f"/proc/{pid}/ns/net") != os.readlink("/proc/self/ns/net")
    own.create("new", GATED, Environment={"GATE": str(gate)})
    wait_until(lambda: "I wait" in own.printed("new"))
    pid = record(own, "new")["pid"]
    assert os.readlink(f"/proc/{pid}/ns/net") == os.readlink("/proc/self/ns/net")
    gate.touch()
    assert own.wait("stays")["TrainingJobStatus"] == "Completed"
    assert own.wait("new")["TrainingJobStatus"] == "Completed"
