"""What scripts written for AWS's framework images find here: torchvision and its like."""

from __future__ import annotations

import importlib.metadata
import io
import json
import os
import platform
import re
import subprocess
import sys
import venv
from pathlib import Path

import numpy
import pytest
from PIL import Image

from kennel.runtimes import SITE_FOLDER
from tests.conftest import PlaneFactory
from tests.integration.model_archives import Hosting, archive
from tests.integration.training_jobs import Training
from tests.planes import Plane, wait_until

# The shape of the usual script: a frozen backbone, a new head, pictures by folder.
TRAIN = """
import os
from pathlib import Path
import torch
import torchvision.models as models
import torchvision.transforms as transforms
from PIL import Image
from torch import nn, optim
from torch.utils.data import DataLoader
from torchvision import datasets

root = Path(os.environ["TMPDIR"]) / "dogs"
for breed, colour in (("001.Affenpinscher", "black"), ("002.Beagle", "tan")):
    (root / breed).mkdir(parents=True)
    for number in range(4):
        Image.new("RGB", (80, 60 + number), colour).save(root / breed / f"{number}.jpg")

transform = transforms.Compose([
    transforms.RandomHorizontalFlip(), transforms.Resize((64, 64)), transforms.ToTensor(),
])
data = datasets.ImageFolder(str(root), transform=transform)
loader = DataLoader(data, batch_size=4, shuffle=True, num_workers=2)
model = models.resnet50()
for parameter in model.parameters():
    parameter.requires_grad = False
model.fc = nn.Sequential(nn.Linear(model.fc.in_features, 16), nn.ReLU(), nn.Linear(16, 2))
optimizer = optim.Adam(model.fc.parameters(), lr=0.01)
for images, labels in loader:
    optimizer.zero_grad()
    loss = nn.CrossEntropyLoss()(model(images), labels)
    loss.backward()
    optimizer.step()
    print(f"batch {tuple(images.shape)} of {data.classes}", flush=True)
torch.save(model.fc.state_dict(), os.path.join(os.environ["SM_MODEL_DIR"], "model.pth"))
"""

SERVE = """
import io
import torch
from PIL import Image
from torchvision import models, transforms

def model_fn(model_dir):
    torch.manual_seed(7)
    return models.resnet50(num_classes=133).eval()

def input_fn(body, content_type):
    assert content_type == "image/jpeg", content_type
    picture = Image.open(io.BytesIO(body)).convert("RGB")
    shrink = transforms.Compose([transforms.Resize((64, 64)), transforms.ToTensor()])
    return shrink(picture).unsqueeze(0)

def predict_fn(data, model):
    with torch.no_grad():
        return model(data)
"""

# As old scripts ask for weights; the two lines print what came, and whether the file is safe.
PRETRAINED = """
import os
from torchvision import models
model = models.resnet18(pretrained=True)
print("first weight", round(model.fc.bias[0].item(), 4), flush=True)
path = os.path.join(os.environ["KENNEL_WEIGHTS_DIR"], "resnet18-f37072fd.pth")
try:
    os.unlink(path)
except OSError as error:
    print("kept:", error.strerror, flush=True)
"""

MISSING = """
import torch
torch.hub.load_state_dict_from_url("http://127.0.0.1:1/models/tiny-0123abcd.pth")
"""

SERVE_PRETRAINED = """
from torchvision import models

def model_fn(model_dir):
    return models.resnet18(weights="IMAGENET1K_V1")

def transform_fn(model, body, content_type, accept):
    return str(round(model.fc.bias[0].item(), 4)), "application/json"
"""

SERVE_MISSING = """
import torch

def model_fn(model_dir):
    return torch.hub.load_state_dict_from_url("http://127.0.0.1:1/models/tiny-0123abcd.pth")
"""

USES_SMDEBUG = """
import smdebug.pytorch as smd
hook = smd.get_hook(create_if_not_exists=True)
hook.set_mode(smd.modes.TRAIN)
print("trained", flush=True)
"""

SAVE = """
import sys, torch
from torchvision import models
model = models.resnet18()
torch.save(model.state_dict(), sys.argv[1])
print(round(model.fc.bias[0].item(), 4))
"""

SKLEARN = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:{}-cpu-py3"

# As in AWS's example of scikit-learn: a table from a channel, a model by joblib.
TRAIN_TREE = """
import argparse, os
import joblib
import pandas as pd
from sklearn import tree

parser = argparse.ArgumentParser()
parser.add_argument("--max_leaf_nodes", type=int, default=-1)
parser.add_argument("--train", default=os.environ["SM_CHANNEL_TRAIN"])
parser.add_argument("--model-dir", default=os.environ["SM_MODEL_DIR"])
args = parser.parse_args()
files = [os.path.join(args.train, name) for name in os.listdir(args.train)]
data = pd.concat([pd.read_csv(file, header=None) for file in files])
classifier = tree.DecisionTreeClassifier(max_leaf_nodes=args.max_leaf_nodes)
classifier = classifier.fit(data.iloc[:, 1:].to_numpy(), data.iloc[:, 0])
joblib.dump(classifier, os.path.join(args.model_dir, "model.joblib"))
"""

SERVE_TREE = """
import os
import joblib

def model_fn(model_dir):
    return joblib.load(os.path.join(model_dir, "model.joblib"))
"""

ADVICE = (
    "tiny-0123abcd.pth is not among the weights that Kennel keeps, and downloading it from "
    "http://127.0.0.1:1/models/tiny-0123abcd.pth failed"
)


@pytest.fixture(scope="module")
def kept(plane: Plane) -> float:
    """Weights under the name that resnet18's have; their first bias of the last layer."""
    folder = plane.state / "weights"
    folder.mkdir(exist_ok=True)
    # torchvision imports with the site folder alone, as in jobs.
    saved = subprocess.run(
        [sys.executable, "-c", SAVE, str(folder / "resnet18-f37072fd.pth")],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": SITE_FOLDER},
        capture_output=True,
        text=True,
        check=True,
    )
    return float(saved.stdout)


@pytest.fixture(scope="module")
def training(plane: Plane) -> Training:
    return Training(plane)


@pytest.fixture(scope="module")
def hosting(plane: Plane) -> Hosting:
    return Hosting(plane)


def server_log(plane: Plane, endpoint: str) -> list[str]:
    """What was said while an endpoint's model was loaded."""
    events = plane.client("logs").filter_log_events(
        logGroupName=f"/aws/sagemaker/Endpoints/{endpoint}",
        logStreamNames=["AllTraffic/model-server"],
    )["events"]
    return [event["message"] for event in events]


def test_a_job_trains_a_resnet50_on_an_image_folder_with_loader_workers(
    training: Training,
) -> None:
    training.create("torchvision-job", TRAIN)
    job = training.wait("torchvision-job")
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    batches = [line for line in training.lines("torchvision-job") if line.startswith("batch ")]
    assert batches == ["batch (4, 3, 64, 64) of ['001.Affenpinscher', '002.Beagle']"] * 2
    assert set(training.artifacts("torchvision-job")) == {"model.pth"}


def test_an_endpoint_serves_a_resnet50_that_its_instances_share(
    hosting: Hosting, plane: Plane
) -> None:
    hosting.deploy("torchvision-endpoint", SERVE, count=2)
    hosting.wait("torchvision-endpoint")
    picture = io.BytesIO()
    Image.new("RGB", (90, 70), "tan").save(picture, "JPEG")
    [answer] = json.loads(
        hosting.invoke("torchvision-endpoint", picture.getvalue(), ContentType="image/jpeg")
    )
    assert len(answer) == 133

    def loaded() -> list[str]:
        log = server_log(plane, "torchvision-endpoint")
        return [line for line in log if "the model was loaded" in line]

    # It says so if the imports had started threads, and instances could not be forked.
    assert re.fullmatch(r"kennel: the model was loaded in \d+\.\d s", wait_until(loaded)[0])
    plane.client("sagemaker").delete_endpoint(EndpointName="torchvision-endpoint")


def test_pretrained_weights_that_are_kept_reach_a_job_which_can_t_change_them(
    training: Training, plane: Plane, kept: float
) -> None:
    training.create("weights-job", PRETRAINED)
    job = training.wait("weights-job")
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    lines = training.lines("weights-job")
    assert f"first weight {kept}" in lines
    assert "kept: Read-only file system" in lines
    assert (plane.state / "weights" / "resnet18-f37072fd.pth").exists()
    # The old spelling works, with torchvision's own warning.
    assert any("'pretrained' is deprecated" in line for line in lines)


def test_weights_that_can_t_be_had_fail_a_job_with_what_to_do(training: Training) -> None:
    training.create("weights-missing", MISSING)
    reason = training.wait("weights-missing")["FailureReason"]
    assert ADVICE in reason
    assert "run `kennel weights add http://127.0.0.1:1/models/tiny-0123abcd.pth`" in reason
    assert any(ADVICE in line for line in training.lines("weights-missing"))


def test_pretrained_weights_that_are_kept_reach_an_endpoint(
    hosting: Hosting, plane: Plane, kept: float
) -> None:
    hosting.deploy("weights-endpoint", SERVE_PRETRAINED)
    hosting.wait("weights-endpoint")
    assert hosting.invoke("weights-endpoint") == str(kept).encode()
    plane.client("sagemaker").delete_endpoint(EndpointName="weights-endpoint")


def test_weights_that_can_t_be_had_fail_an_endpoint_with_what_to_do(
    hosting: Hosting, plane: Plane
) -> None:
    hosting.deploy("weights-lost", SERVE_MISSING)
    sagemaker = plane.client("sagemaker")

    def failed() -> str | None:
        endpoint = sagemaker.describe_endpoint(EndpointName="weights-lost")
        return endpoint.get("FailureReason") if endpoint["EndpointStatus"] == "Failed" else None

    assert ADVICE in wait_until(failed)
    sagemaker.delete_endpoint(EndpointName="weights-lost")


def test_a_script_that_uses_smdebug_runs_and_its_log_says_that_it_is_not_there(
    training: Training,
) -> None:
    training.create("smdebug-job", USES_SMDEBUG)
    job = training.wait("smdebug-job")
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    lines = training.lines("smdebug-job")
    assert "trained" in lines
    assert sum("[kennel] smdebug is not installed" in line for line in lines) == 1


def test_an_old_framework_image_runs_here_and_the_log_says_on_what(
    training: Training, plane: Plane
) -> None:
    image = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:1.4.0-cpu-py3"
    algorithm = {"TrainingImage": image, "TrainingInputMode": "File"}
    training.create("old-image", "print('trained')\n", AlgorithmSpecification=algorithm)
    training.wait("old-image")
    said = [line for line in training.lines("old-image") if line.startswith("[kennel]")]
    torch = importlib.metadata.version("torch")
    assert said == [
        f"[kennel] The image asks for PyTorch 1.4.0 on Python 3; here it runs on PyTorch {torch} "
        f"on Python {platform.python_version()}. To run it on another Python, name one for the "
        f"image in {plane.state / 'images.toml'}."
    ]


def test_scikit_learn_trains_and_serves_by_its_own_toolkits_defaults(
    training: Training, hosting: Hosting, plane: Plane
) -> None:
    training.s3.put_object(
        Bucket=training.bucket, Key="iris/train.csv", Body=b"0,1.0,2.0\n0,1.1,2.1\n1,5.0,6.0\n"
    )
    training.create(
        "tree",
        TRAIN_TREE,
        hyperparameters={"max_leaf_nodes": "30"},
        AlgorithmSpecification={
            "TrainingImage": SKLEARN.format("1.2-1"),
            "TrainingInputMode": "File",
        },
        InputDataConfig=[
            {
                "ChannelName": "train",
                "DataSource": {
                    "S3DataSource": {
                        "S3DataType": "S3Prefix",
                        "S3Uri": f"s3://{training.bucket}/iris",
                    }
                },
            }
        ],
    )
    job = training.wait("tree")
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    model = training.artifacts("tree")["model.joblib"]
    files: dict[str, str | bytes] = {"code/inference.py": SERVE_TREE, "model.joblib": model}
    hosting.model_from("tree", archive(files), SKLEARN.format("1.2-1"))
    hosting.config("tree", ("AllTraffic", "tree", 1, 1.0))
    hosting.sagemaker.create_endpoint(EndpointName="tree", EndpointConfigName="tree")
    hosting.wait("tree")
    assert hosting.invoke("tree", b"[[1.0, 2.0], [5.1, 6.1]]") == b"[0, 1]"
    rows = io.BytesIO()
    numpy.save(rows, numpy.array([[5.0, 6.0]]))
    # As the SDK's SKLearnPredictor sends and reads.
    answer = hosting.invoke(
        "tree", rows.getvalue(), ContentType="application/x-npy", Accept="application/x-npy"
    )
    assert numpy.load(io.BytesIO(answer)).tolist() == [1]

    def asked_for() -> list[str]:
        return [line for line in server_log(plane, "tree") if "asks for scikit-learn 1.2" in line]

    assert wait_until(asked_for)
    plane.client("sagemaker").delete_endpoint(EndpointName="tree")


def test_an_environment_that_images_toml_names_runs_jobs_and_endpoints(
    plane_factory: PlaneFactory, tmp_path: Path
) -> None:
    venv.create(tmp_path / "bare", symlinks=True)
    python = tmp_path / "bare" / "bin" / "python"
    plane = plane_factory()
    (plane.state / "images.toml").write_text(f'[images]\n"*" = {{ python = "{python}" }}\n')
    training, hosting = Training(plane), Hosting(plane)
    algorithm = {"TrainingImage": SKLEARN.format("1.2-1"), "TrainingInputMode": "File"}
    training.create("bare", "import sklearn\n", AlgorithmSpecification=algorithm)
    reason = training.wait("bare")["FailureReason"]
    assert "No module named 'sklearn'" in reason
    said = [line for line in training.lines("bare") if line.startswith("[kennel]")]
    assert any(f"`{python} -m pip install scikit-learn`" in line for line in said)
    script = """
import sys
def model_fn(model_dir): return sys.prefix
def transform_fn(model, body, content_type, accept): return model, "text/plain"
"""
    hosting.deploy("bare", script)
    hosting.wait("bare")
    assert hosting.invoke("bare").decode() == str(tmp_path / "bare")
