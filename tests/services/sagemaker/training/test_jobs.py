"""Training jobs by the dispatcher, on a plane in this process, with small scripts."""

from __future__ import annotations

import json
import os
import sys

import pytest

from kennel.errors import NotImplementedByKennel, ValidationException
from kennel.services.process_credentials import NoSuchGrant
from kennel.services.sagemaker.errors import ResourceInUse
from kennel.services.sagemaker.training.events import JobChanged, JobEvent, MetricSeen
from tests.planes import wait_until
from tests.services.sagemaker.training.bench import ROLE, SAVE, WAIT, Bench, channel


def test_a_job_runs_its_script_and_its_model_comes_out(bench: Bench) -> None:
    bench.put("photos/a.txt", "dog")
    bench.put("photos/deep/b.txt", "cat")
    bench.create(
        "plain",
        """
import os, sys
here = os.environ["SM_CHANNEL_TRAINING"]
text = open(here + "/a.txt").read() + open(here + "/deep/b.txt").read()
open(os.environ["SM_MODEL_DIR"] + "/model.txt", "w").write(text + " ".join(sys.argv[1:]))
open(os.environ["SM_OUTPUT_DATA_DIR"] + "/plot.txt", "w").write("plot")
print("read", text)
""",
        HyperParameters={"epochs": "3"},
        InputDataConfig=[channel("training", "s3://in-bucket/photos")],
    )
    job = bench.wait("plain")
    assert job["TrainingJobStatus"] == "Completed"
    assert bench.artifacts("plain") == {"model.txt": b"dogcat--epochs 3"}
    assert "models/plain/output/output.tar.gz" in bench.objects()
    assert "read dogcat" in bench.log("plain")
    assert job["ModelArtifacts"]["S3ModelArtifacts"] == (
        "s3://out-bucket/models/plain/output/model.tar.gz"
    )
    assert [(t["Status"], t["StatusMessage"]) for t in job["SecondaryStatusTransitions"]] == [
        ("Starting", "Preparing the instances for training"),
        ("Downloading", "Downloading input data"),
        ("Training", "Training image download completed. Training in progress."),
        ("Uploading", "Uploading generated training model"),
        ("Completed", "Training job completed"),
    ]
    assert job["OutputDataConfig"]["KmsKeyId"] == ""
    assert job["TrainingStartTime"] <= job["TrainingEndTime"]
    assert job["TrainingTimeInSeconds"] == job["BillableTimeInSeconds"] >= 1


def test_a_job_sees_its_own_environment_and_nothing_of_the_planes(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLANES_SECRET", "hidden")
    script = SAVE + (
        "import json\n"
        "open(os.environ['SM_MODEL_DIR'] + '/e', 'w').write(json.dumps({**os.environ}))\n"
    )
    bench.create("environment", script, Environment={"MINE": "yes", "OMP_NUM_THREADS": "7"})
    bench.wait("environment", "Completed")
    seen = json.loads(bench.artifacts("environment")["e"])
    assert seen["MINE"] == "yes"
    assert seen["OMP_NUM_THREADS"] == "7"
    assert seen["TRAINING_JOB_NAME"] == "environment"
    assert seen["TRAINING_JOB_ARN"].endswith(":training-job/environment")
    assert seen["AWS_ENDPOINT_URL"] == bench.plane.url
    assert seen["CUDA_VISIBLE_DEVICES"] == ""
    assert "PLANES_SECRET" not in seen
    assert not {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"} & seen.keys()


def test_a_job_gets_its_roles_credentials_as_long_as_it_runs(bench: Bench) -> None:
    script = (
        "import os\nuri = os.environ['AWS_CONTAINER_CREDENTIALS_FULL_URI']\n"
        "print('grant', uri.rpartition('/')[2],"
        " os.environ['AWS_CONTAINER_AUTHORIZATION_TOKEN'])\n" + WAIT
    )
    bench.create("grant", script)
    wait_until(lambda: "up" in bench.log("grant"))
    line = next(line for line in bench.log("grant").splitlines() if line.startswith("grant "))
    _, identifier, token = line.split()
    given = bench.plane.desk.ask(identifier, token)
    assert given["RoleArn"] == ROLE
    found = bench.plane.credentials.find(given["AccessKeyId"])
    assert found is not None
    assert found.principal.arn.endswith(":assumed-role/trainer/SageMaker")
    bench.call("sagemaker", "StopTrainingJob", TrainingJobName="grant")
    bench.wait("grant", "Stopped")
    with pytest.raises(NoSuchGrant):
        bench.plane.desk.ask(identifier, token)


def test_the_hosts_files_say_what_aws_says(bench: Bench) -> None:
    bench.put("config/x", "x")
    script = SAVE + (
        "import shutil\nshutil.copytree('/opt/ml/input/config', os.environ['SM_MODEL_DIR'] + '/c')"
    )
    bench.create(
        "config",
        script,
        InputDataConfig=[channel("c", "s3://in-bucket/config/") | {"ContentType": "x/y"}],
    )
    bench.wait("config", "Completed")
    files = {
        name: json.loads(data) for name, data in bench.artifacts("config").items() if name != "w"
    }
    assert files["c/hyperparameters.json"]["sagemaker_program"] == '"train.py"'
    assert files["c/inputdataconfig.json"]["c"] == {
        "TrainingInputMode": "File",
        "S3DistributionType": "FullyReplicated",
        "RecordWrapperType": "None",
        "ContentType": "x/y",
    }
    resources = files["c/resourceconfig.json"]
    assert (resources["current_host"], resources["hosts"]) == ("algo-1", ["algo-1"])


def test_jobs_of_a_role_share_a_cache_folder(bench: Bench) -> None:
    script = SAVE + (
        "path = os.environ['KENNEL_CACHE_DIR'] + '/features'\n"
        "print('cached' if os.path.exists(path) else 'computed')\nopen(path, 'w')\n"
    )
    for name in ("cache-1", "cache-2"):
        bench.create(name, script)
        bench.wait(name, "Completed")
    assert "computed" in bench.log("cache-1")
    assert "cached" in bench.log("cache-2")


def test_an_entry_point_of_the_requests_own_runs_in_place_of_the_images(bench: Bench) -> None:
    bench.create(
        "entry",
        AlgorithmSpecification={
            "ContainerEntrypoint": ["/bin/sh"],
            "ContainerArguments": ["-c", "echo made > /opt/ml/model/m; python -c 'print(6*7)'"],
        },
    )
    assert bench.wait("entry")["TrainingJobStatus"] == "Completed"
    assert bench.artifacts("entry") == {"m": b"made\n"}
    assert "42" in bench.log("entry")


def test_images_toml_maps_an_image_to_a_command_that_is_told_to_train(bench: Bench) -> None:
    (bench.state / "images.toml").write_text(
        '[images]\n"mine" = { command = ["/bin/sh", "-c", "echo $0 > /opt/ml/model/m"] }\n'
    )
    bench.create("mine", AlgorithmSpecification={"TrainingImage": "mine"})
    bench.wait("mine", "Completed")
    assert bench.artifacts("mine") == {"m": b"train\n"}


def test_an_uncompressed_model_is_its_files(bench: Bench) -> None:
    bench.create(
        "loose",
        SAVE,
        OutputDataConfig={"S3OutputPath": "s3://out-bucket/loose/", "CompressionType": "NONE"},
    )
    job = bench.wait("loose", "Completed")
    assert job["ModelArtifacts"]["S3ModelArtifacts"] == "s3://out-bucket/loose/loose/output/model/"
    assert bench.read("loose/loose/output/model/w") == b"weights"


def test_a_manifest_names_the_objects_of_a_channel(bench: Bench) -> None:
    bench.put("m/one/a.txt", "a")
    bench.put("m/two/b.txt", "b")
    bench.put("m/list.json", json.dumps([{"prefix": "s3://in-bucket/m/"}, "one/a.txt"]))
    script = SAVE + "print([p for p in os.walk('/opt/ml/input/data/t')])"
    source = channel("t", "s3://in-bucket/m/list.json", S3DataType="ManifestFile")
    bench.create("manifest", script, InputDataConfig=[source])
    bench.wait("manifest", "Completed")
    assert "'one', [], ['a.txt']" in bench.log("manifest").replace("/opt/ml/input/data/t/", "")
    assert "b.txt" not in bench.log("manifest")


def test_what_has_no_effect_here_is_said_in_the_log(bench: Bench) -> None:
    bench.put("fast/x", "x")
    bench.create(
        "noted",
        SAVE,
        InputDataConfig=[channel("t", "s3://in-bucket/fast") | {"InputMode": "FastFile"}],
        VpcConfig={"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1"]},
    )
    bench.wait("noted", "Completed")
    log = bench.log("noted")
    assert "[kennel] Channel t asks for FastFile" in log
    assert "[kennel] VpcConfig has no effect on this job" in log


def test_debugger_rules_are_not_said_to_have_found_nothing(bench: Bench) -> None:
    rule = {"RuleConfigurationName": "Overfit", "RuleEvaluatorImage": "image"}
    bench.create("ruled", SAVE, DebugRuleConfigurations=[rule])
    [status] = bench.wait("ruled", "Completed")["DebugRuleEvaluationStatuses"]
    assert status["RuleEvaluationStatus"] == "Error"


DEFINITIONS = (
    {"Name": "loss", "Regex": r"loss: ([0-9.]+)"},
    {"Name": "never", "Regex": r"no such text (\d+)"},
)


def test_the_last_value_of_each_metric_is_final_and_one_that_never_matches_is_absent(
    bench: Bench,
) -> None:
    script = SAVE + "for loss in (0.9, 0.5, 0.25):\n    print(f'loss: {loss}', flush=True)\n"
    algorithm = {"MetricDefinitions": list(DEFINITIONS)}
    bench.create("metrics", script, AlgorithmSpecification=algorithm)
    job = bench.wait("metrics")
    assert job["TrainingJobStatus"] == "Completed"
    final = [(m["MetricName"], m["Value"]) for m in job["FinalMetricDataList"]]
    assert final == [("loss", 0.25)]


def test_a_hosts_cpu_and_memory_are_metrics_of_the_host(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kennel.services.sagemaker.training.usage._INTERVAL", 0.05)
    bench.create("measured", SAVE + "import time\ntime.sleep(1.5)\n")
    bench.wait("measured", "Completed")
    found = bench.call("cloudwatch", "ListMetrics", Namespace="/aws/sagemaker/TrainingJobs")
    host = [{"Name": "Host", "Value": "measured/algo-1"}]
    names = {m["MetricName"] for m in found["Metrics"] if m["Dimensions"] == host}
    assert names == {"CPUUtilization", "MemoryUtilization"}


def test_a_subscriber_hears_of_every_value_and_every_status(bench: Bench) -> None:
    events: list[JobEvent] = []
    unsubscribe = bench.jobs.subscribe(events.append)
    script = SAVE + "for loss in (0.9, 0.5):\n    print(f'loss: {loss}', flush=True)\n"
    algorithm = {"MetricDefinitions": list(DEFINITIONS)}
    bench.create("heard", script, AlgorithmSpecification=algorithm)
    bench.wait("heard")
    wait_until(lambda: isinstance(events[-1], JobChanged) and events[-1].status.is_terminal)
    unsubscribe()
    bench.create("unheard", SAVE)
    bench.wait("unheard")
    assert {event.name for event in events} == {"heard"}
    assert [e.value for e in events if isinstance(e, MetricSeen)] == [0.9, 0.5]
    assert [e.secondary for e in events if isinstance(e, JobChanged)] == [
        "Starting",
        "Downloading",
        "Training",
        "Uploading",
        "Completed",
    ]


def test_a_subscriber_that_raises_does_no_harm(bench: Bench) -> None:
    def broken(event: JobEvent) -> None:
        raise RuntimeError("mine")

    unsubscribe = bench.jobs.subscribe(broken)
    bench.create("broken-ear", SAVE)
    assert bench.wait("broken-ear")["TrainingJobStatus"] == "Completed"
    unsubscribe()


def test_a_name_is_taken_once(bench: Bench) -> None:
    bench.create("taken", SAVE)
    with pytest.raises(ResourceInUse, match="Training job names must be unique within an AWS"):
        bench.create("taken", SAVE)
    bench.wait("taken")


@pytest.mark.parametrize("role", ["arn:aws:iam::000000000000:role/nobody", "distrusting"])
def test_a_role_that_sagemaker_can_t_assume_is_refused(bench: Bench, role: str) -> None:
    if role == "distrusting":
        trust = {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "lambda.amazonaws.com"},
                    "Action": "sts:AssumeRole",
                }
            ],
        }
        document = json.dumps(trust)
        made = bench.call("iam", "CreateRole", RoleName=role, AssumeRolePolicyDocument=document)
        role = made["Role"]["Arn"]
    with pytest.raises(ValidationException, match="Could not assume role") as refusal:
        bench.create("roleless", SAVE, RoleArn=role)
    assert "allows principal 'sagemaker.amazonaws.com'" in str(refusal.value)


@pytest.mark.parametrize("uri", ["s3://in-bucket/nothing-here", "s3://no-bucket-here/x"])
def test_a_channel_without_objects_is_refused(bench: Bench, uri: str) -> None:
    with pytest.raises(ValidationException, match="No S3 objects found under S3 URL"):
        bench.create("empty", SAVE, InputDataConfig=[channel("t", uri)])


def test_a_parameter_that_is_not_supported_is_named(bench: Bench) -> None:
    chaining = {"EnableSessionTagChaining": True}
    with pytest.raises(NotImplementedByKennel, match="SessionChainingConfig"):
        bench.create("chained", SAVE, SessionChainingConfig=chaining)


def test_a_job_that_is_not_there_is_not_found(bench: Bench) -> None:
    for operation in ("DescribeTrainingJob", "StopTrainingJob", "DeleteTrainingJob"):
        with pytest.raises(ValidationException, match="Requested resource not found"):
            bench.call("sagemaker", operation, TrainingJobName="nowhere")


def test_the_planes_python_runs_the_script(bench: Bench) -> None:
    bench.create("python", "import os, sys\nprint(os.path.realpath(sys.executable))\n")
    bench.wait("python", "Completed")
    assert os.path.realpath(sys.executable) in bench.log("python")
