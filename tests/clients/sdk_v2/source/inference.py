"""The inference toolkit's four functions, for any content type: numbers in, their products out."""

import csv
import io
import json
import os


def model_fn(model_dir):
    with open(os.path.join(model_dir, "model.json")) as file:
        return json.load(file)["factor"]


def input_fn(body, content_type):
    if content_type == "application/json":
        return json.loads(body)
    if content_type == "text/csv":
        return [float(cell) for row in csv.reader(io.StringIO(body)) for cell in row]
    if content_type == "application/jsonlines":
        text = body if isinstance(body, str) else bytes(body).decode()
        return [value for line in text.splitlines() for value in json.loads(line)]
    if content_type == "application/octet-stream":
        return list(body)
    raise ValueError(f"no {content_type} here")


def predict_fn(data, model):
    return [[value * model for value in data]]


def output_fn(prediction, accept):
    if accept == "application/jsonlines":
        return "\n".join(json.dumps(row) for row in prediction), accept
    if accept == "text/csv":
        return "\n".join(",".join(map(str, row)) for row in prediction), accept
    return json.dumps(prediction), "application/json"
