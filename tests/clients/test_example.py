"""examples/dog-breeds: the notebook and the scripts run as they stand."""

from __future__ import annotations

import ast
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from kennel.runtimes import SITE_FOLDER
from kennel.weights import WeightsFolder
from tests.clients.conftest import PYTHON, sdk_environment
from tests.planes import Plane, clean_environment, wait_until

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "dog-breeds"
IMAGE = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-inference:1.13.1-cpu-py39"
WEIGHTS = "resnet50-0676ba61.pth"  # what torchvision's pretrained=True asks for
# Nobody needs the real ones to see a script run.
_MAKE_WEIGHTS = (
    "import sys, torch, torchvision\n"
    "torch.save(torchvision.models.resnet50().state_dict(), sys.argv[1])"
)


@pytest.fixture(scope="module")
def folder(plane: Plane, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example with a few drawn pictures, on a plane that has weights for ResNet50."""
    folder: Path = tmp_path_factory.mktemp("example") / "dog-breeds"
    shutil.copytree(EXAMPLE, folder)
    options = ("--breeds", "12", "--train", "4", "--valid", "1", "--test", "2")
    assert plane.command("data", "sample", str(folder / "dogImages"), *options).returncode == 0
    weights = folder.parent / "torch" / "hub" / "checkpoints" / WEIGHTS
    weights.parent.mkdir(parents=True)
    python(_MAKE_WEIGHTS, str(weights), cwd=folder)
    # `kennel weights add` would see by its hash that it is not the real one.
    shutil.copy(weights, WeightsFolder(plane.state).make())
    return folder


def python(code: str, *arguments: str, cwd: Path) -> str:
    """Runs code in an environment with PyTorch and torchvision, as a Deep Learning AMI has one."""
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=cwd,
        env=clean_environment()
        | {"PYTHONPATH": SITE_FOLDER, "TORCH_HOME": str(cwd.parent / "torch")},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


@pytest.fixture(scope="module")
def cells(plane: Plane, folder: Path) -> list[dict[str, Any]]:
    """The notebook's cells after they were run headless under `kennel run`."""
    shutil.make_archive(str(folder / "dogImages"), "zip", folder, "dogImages")
    shutil.rmtree(folder / "dogImages")
    command = [str(PYTHON.with_name("papermill")), "-k", "python3"]
    command += ["train_and_deploy.ipynb", "out.ipynb"]
    done = subprocess.run(
        [sys.executable, "-m", "kennel", "run", "--", *command],
        cwd=folder,
        env=sdk_environment(folder.parent)
        | {
            "KENNEL_STATE": str(plane.state),
            # The notebook calls `aws`; a notebook instance has it.
            "PATH": os.pathsep.join(
                [str(PYTHON.parent), str(Path(sys.executable).parent), os.environ["PATH"]]
            ),
        },
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-6000:]
    executed = json.loads((folder / "out.ipynb").read_text())["cells"]
    return [cell for cell in executed if cell["cell_type"] == "code"]


def cell(cells: list[dict[str, Any]], marker: str) -> dict[str, Any]:
    """The cell whose source has a marker."""
    (found,) = [one for one in cells if marker in "".join(one["source"])]
    return found


def printed(one: dict[str, Any]) -> str:
    """What a cell printed, without the colours that the SDK gives the hosts."""
    texts = [
        "".join(output["text"])
        for output in one["outputs"]
        if output["output_type"] == "stream" and output["name"] == "stdout"
    ]
    return re.sub(r"\x1b\[\d*m", "", "".join(texts))


def result(one: dict[str, Any], kind: str = "text/plain") -> str:
    (found,) = [out for out in one["outputs"] if out["output_type"] == "execute_result"]
    return "".join(found["data"][kind])


def columns(table: str) -> dict[str, list[str]]:
    """A data frame's HTML as its columns."""
    header, *rows = re.findall(r"<tr.*?>(.*?)</tr>", table, re.DOTALL)
    names = re.findall(r"<th>(.*?)</th>", header)[1:]
    values = [[unescape(value) for value in re.findall(r"<td>(.*?)</td>", row)] for row in rows]
    return {name: [row[place] for row in values] for place, name in enumerate(names)}


def test_every_cell_runs(cells):
    assert all(one["execution_count"] for one in cells)


def test_the_trials_come_sorted_by_their_objective(cells):
    table = columns(result(cell(cells, "analytics.dataframe()"), "text/html"))
    objectives = [float(value) for value in table["FinalObjectiveValue"]]
    assert len(objectives) == 2
    assert objectives == sorted(objectives)
    assert {value.strip('"') for value in table["batch_size"]} <= {"32", "64", "128", "256", "512"}
    assert all(0.001 <= float(value) <= 0.1 for value in table["learning_rate"])


def test_the_best_trials_hyperparameters_are_quoted_as_on_aws(cells):
    shown = ast.literal_eval(result(cell(cells, "tuner.best_estimator()")))
    assert re.fullmatch(r'"\d+"', shown["batch_size"])
    assert shown["_tuning_objective_metric"] == '"Test Loss"'
    assert shown["sagemaker_program"] == '"hpo.py"'
    assert shown["sagemaker_region"] == '"us-east-1"'
    assert shown["sagemaker_submit_directory"].startswith('"s3://')


def test_a_trainings_log_is_streamed_and_closes_with_the_seconds(cells):
    log = printed(cell(cells, 'base_job_name="dog-breeds"'))
    assert "Epoch 0: Train Loss: " in log
    assert re.search(r"Testing Loss: [0-9.]+\n", log)
    assert "DebugRuleConfigurations has no effect on this job" in log
    assert re.search(r"Training seconds: \d+\nBillable seconds: \d+\n", log)


def test_the_watched_training_names_its_outputs(cells):
    places = printed(cell(cells, "latest_job_debugger_artifacts_path"))
    assert re.search(r"Model: s3://.*/output/model\.tar\.gz\n", places)
    assert re.search(r"Tensors: s3://.*/debug-output\n", places)
    assert re.search(r"Profile: s3://.*/profiler-output\n", places)


def test_both_hosts_train_and_both_are_billed(cells):
    log = printed(cell(cells, "multi_instance_estimator.logs()"))
    assert len(re.findall(r"Testing Loss: ", log)) == 2
    assert {host for host in ("algo-1", "algo-2") if f"SM_CURRENT_HOST={host}" in log} == {
        "algo-1",
        "algo-2",
    }
    (billed,) = re.findall(r"Billable seconds: (\d+)", log)
    assert int(billed) % 2 == 0


def test_a_photo_and_its_url_give_the_same_133_numbers(cells):
    photo = cell(cells, '"ContentType": "image/jpeg"')
    (numbers,) = ast.literal_eval(result(photo))
    assert len(numbers) == 133
    assert all(isinstance(number, float) for number in numbers)
    by_url = cell(cells, '"ContentType": "application/json"')
    assert printed(photo).startswith("133 numbers; the largest is number ")
    assert printed(by_url) == printed(photo)


def test_the_notebook_leaves_no_endpoint_and_no_model(cells, plane):
    sagemaker = plane.client("sagemaker")
    assert not [
        endpoint
        for endpoint in sagemaker.list_endpoints(NameContains="pytorch-inference")["Endpoints"]
        if endpoint["EndpointStatus"] != "Deleting"
    ]
    assert not sagemaker.list_models(NameContains="pytorch-inference")["Models"]


@pytest.fixture(scope="module")
def trained(folder: Path) -> Path:
    """The model that ec2train1.py leaves."""
    output = python((folder / "ec2train1.py").read_text(), cwd=folder)
    assert re.search(r"Testing Loss: [0-9.]+\nTesting Accuracy: [0-9.]+\nsaved\n$", output)
    return folder / "TrainedModels" / "model.pth"


@pytest.fixture(scope="module")
def endpoint(plane: Plane, folder: Path, trained: Path) -> Iterator[str]:
    """An endpoint of that model and infernce2.py."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as tar:
        tar.add(trained, "model.pth")
        tar.add(folder / "infernce2.py", "code/infernce2.py")
    s3, sagemaker = plane.client("s3"), plane.client("sagemaker")
    s3.create_bucket(Bucket="example-models")
    s3.put_object(Bucket="example-models", Key="model.tar.gz", Body=archive.getvalue())
    sagemaker.create_model(
        ModelName="example",
        ExecutionRoleArn=role(plane, "example-model", "sagemaker", "s3:*"),
        PrimaryContainer={
            "Image": IMAGE,
            "ModelDataUrl": "s3://example-models/model.tar.gz",
            "Environment": {
                "SAGEMAKER_PROGRAM": "infernce2.py",
                "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code",
            },
        },
    )
    variant = {"VariantName": "all", "ModelName": "example", "InstanceType": "ml.m5.large"}
    sagemaker.create_endpoint_config(
        EndpointConfigName="example", ProductionVariants=[variant | {"InitialInstanceCount": 1}]
    )
    sagemaker.create_endpoint(EndpointName="example", EndpointConfigName="example")
    waiter = sagemaker.get_waiter("endpoint_in_service")
    waiter.wait(EndpointName="example", WaiterConfig={"Delay": 1, "MaxAttempts": 240})
    yield "example"
    sagemaker.delete_endpoint(EndpointName="example")


def role(plane: Plane, name: str, service: str, *actions: str) -> str:
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole"}
    principal = {"Principal": {"Service": f"{service}.amazonaws.com"}}
    allow = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
    iam = plane.client("iam")
    made = iam.create_role(
        RoleName=name,
        AssumeRolePolicyDocument=json.dumps(
            {"Version": "2012-10-17", "Statement": [trust | principal]}
        ),
    )
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=policy)
    return str(made["Role"]["Arn"])


def test_the_script_for_ec2_leaves_a_state_dict(folder, trained):
    code = "import sys, torch; print(*torch.load(sys.argv[1])['fc.2.weight'].shape)"
    assert python(code, str(trained), cwd=folder) == "133 128\n"


def test_the_function_passes_a_url_on_and_answers_133_numbers(plane, folder, endpoint):
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.write(folder / "lamdafunction.py", "lamdafunction.py")
    functions, s3 = plane.client("lambda"), plane.client("s3")
    functions.create_function(
        FunctionName="example",
        Runtime="python3.11",
        Handler="lamdafunction.lambda_handler",
        Role=role(plane, "example-function", "lambda", "sagemaker:InvokeEndpoint"),
        Code={"ZipFile": code.getvalue()},
        Environment={"Variables": {"ENDPOINT_NAME": endpoint}},
        Timeout=60,
    )
    wait_until(
        lambda: functions.get_function(FunctionName="example")["Configuration"]["State"] == "Active"
    )
    photo = next((folder / "dogImages" / "test").rglob("*.jpg"))
    s3.put_object(Bucket="example-models", Key="dog.jpg", Body=photo.read_bytes())
    place = {"Bucket": "example-models", "Key": "dog.jpg"}
    url = s3.generate_presigned_url("get_object", Params=place)
    answer = functions.invoke(FunctionName="example", Payload=json.dumps({"url": url}))
    assert "FunctionError" not in answer, answer["Payload"].read()
    reply = json.loads(answer["Payload"].read())
    assert reply["statusCode"] == 200
    assert reply["headers"] == {"Content-Type": "text/plain", "Access-Control-Allow-Origin": "*"}
    assert reply["type-result"] == "<class 'str'>"
    assert "LambdaContext" in reply["COntent-Type-In"]
    (numbers,) = json.loads(reply["body"])
    assert len(numbers) == 133
