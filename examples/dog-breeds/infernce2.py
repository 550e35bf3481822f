"""Serves the classifier: a photo, or the address of one, in; 133 numbers out."""

import io
import json
import logging
import os
import sys

import requests
import torch
import torch.nn as nn
import torchvision.models as models
import torchvision.transforms as transforms
from PIL import Image

logger = logging.getLogger(__name__)
logger.setLevel(logging.DEBUG)
logger.addHandler(logging.StreamHandler(sys.stdout))

JSON_CONTENT_TYPE = "application/json"
JPEG_CONTENT_TYPE = "image/jpeg"


def net():
    model = models.resnet50(pretrained=True)
    for parameter in model.parameters():
        parameter.requires_grad = False
    model.fc = nn.Sequential(nn.Linear(2048, 128), nn.ReLU(), nn.Linear(128, 133))
    return model


def model_fn(model_dir):
    model = net()
    with open(os.path.join(model_dir, "model.pth"), "rb") as file:
        model.load_state_dict(torch.load(file, map_location="cpu"))
    logger.info("The model is loaded")
    return model.eval()


def input_fn(request_body, content_type=JPEG_CONTENT_TYPE):
    logger.debug(f"A request of the type {content_type}")
    if content_type == JPEG_CONTENT_TYPE:
        return Image.open(io.BytesIO(request_body))
    if content_type == JSON_CONTENT_TYPE:
        url = json.loads(request_body)["url"]
        logger.debug(f"Getting {url}")
        return Image.open(io.BytesIO(requests.get(url).content))
    raise Exception(f"Requested unsupported ContentType in content_type: {content_type}")


def predict_fn(input_object, model):
    transform = transforms.Compose([transforms.Resize((224, 224)), transforms.ToTensor()])
    with torch.no_grad():
        return model(transform(input_object).unsqueeze(0))
