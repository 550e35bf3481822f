"""What the plane makes of a job's several hosts; by the wire it is tests/integration's."""

from __future__ import annotations

from typing import Any

from kennel.services.sagemaker.training.events import JobEvent, MetricSeen
from tests.planes import wait_until
from tests.services.sagemaker.training.bench import Bench, channel

PRINTS = """
import os
for epoch in range(3):
    print(f"loss: {epoch}.{os.environ['SM_CURRENT_HOST'][-1]}", flush=True)
"""
LOOSE = """
import os
folder = os.environ["SM_MODEL_DIR"] + "/" + os.environ["SM_CURRENT_HOST"]
os.mkdir(folder)
open(folder + "/w", "w").write("weights")
"""
LOSS = {"MetricDefinitions": [{"Name": "loss", "Regex": r"loss: ([0-9.]+)"}]}


def hosts(count: int) -> dict[str, Any]:
    return {"InstanceType": "ml.m5.large", "InstanceCount": count, "VolumeSizeInGB": 1}


def test_a_step_of_the_training_is_told_once_however_many_hosts_print_it(bench: Bench) -> None:
    seen: list[JobEvent] = []
    end = bench.jobs.subscribe(seen.append)
    bench.create("told", PRINTS, AlgorithmSpecification=LOSS, ResourceConfig=hosts(2))
    job = bench.wait("told", "Completed")
    end()
    told = [event.value for event in seen if isinstance(event, MetricSeen)]
    assert told == [0.1, 1.1, 2.1]
    [final] = job["FinalMetricDataList"]
    assert final["Value"] in (2.1, 2.2)
    # CloudWatch has every host's.
    points = bench.call(
        "cloudwatch",
        "GetMetricStatistics",
        Namespace="/aws/sagemaker/TrainingJobs",
        MetricName="loss",
        Dimensions=[{"Name": "TrainingJobName", "Value": "told"}],
        StartTime=job["TrainingStartTime"] - 60,
        EndTime=job["TrainingEndTime"] + 60,
        Period=60,
        Statistics=["SampleCount"],
    )["Datapoints"]
    assert sum(point["SampleCount"] for point in points) == 6


def test_files_that_are_not_compressed_are_those_of_all_hosts(bench: Bench) -> None:
    bench.create(
        "loose",
        LOOSE,
        ResourceConfig=hosts(2),
        OutputDataConfig={"S3OutputPath": "s3://out-bucket/models", "CompressionType": "NONE"},
    )
    bench.wait("loose", "Completed")
    found = [key for key in bench.objects() if key.startswith("models/loose/output/model/")]
    assert [key.removeprefix("models/loose/output/model/") for key in found] == [
        "algo-1/w",
        "algo-2/w",
    ]


def test_more_hosts_than_objects_leave_some_without_data(bench: Bench) -> None:
    bench.put("few/only", "x")
    script = "import os\nprint('files:', len(os.listdir(os.environ['SM_CHANNEL_T'])))\n"
    uri = "s3://in-bucket/few/"
    bench.create(
        "few",
        script,
        ResourceConfig=hosts(2),
        InputDataConfig=[channel("t", uri, S3DataDistributionType="ShardedByS3Key")],
    )
    bench.wait("few", "Completed")
    log = bench.log("few")
    assert (log.count("files: 1"), log.count("files: 0")) == (1, 1)


def test_the_port_of_a_job_that_has_ended_is_anothers_again(bench: Bench) -> None:
    script = "import os\nprint('port:', os.environ['MASTER_PORT'])\n"
    ports = set()
    for name in ("first-port", "second-port"):
        bench.create(name, script)
        bench.wait(name, "Completed")
        ports.add(bench.log(name).partition("port: ")[2].split()[0])
        wait_until(lambda: not bench.jobs._workshop.meetings._held)
    assert len(ports) == 1
