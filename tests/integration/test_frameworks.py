"""What scripts written for AWS's framework images find here: torchvision and its like."""

from __future__ import annotations

import io
import json
import re

import pytest
from PIL import Image

from tests.integration.model_archives import Hosting
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
