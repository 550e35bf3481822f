"""The practitioner's own function, word for word, in front of an endpoint."""

from __future__ import annotations

import json

from tests.integration.functions import Functions, archive
from tests.integration.model_archives import Hosting
from tests.planes import Plane

ENDPOINT = """
import json

def model_fn(model_dir):
    return "a dog"

def input_fn(body, content_type):
    assert content_type == "application/json"
    return json.loads(body)["url"]

def predict_fn(url, model):
    return [[float(len(url)) + position / 8 for position in range(133)]]

def output_fn(prediction, accept):
    return json.dumps(prediction)
"""

FUNCTION = """
import base64
import json
import logging

import boto3

logger = logging.getLogger(__name__)
logger.setLevel(logging.DEBUG)

print("Loading Lambda function")

runtime = boto3.Session().client("sagemaker-runtime")
endpoint_name = "seed-endpoint"


def lambda_handler(event, context):
    print("Context:::", context)
    print("EventType::", type(event))
    bs = event
    response = runtime.invoke_endpoint(
        EndpointName=endpoint_name,
        ContentType="application/json",
        Accept="application/json",
        Body=json.dumps(bs),
    )
    result = response["Body"].read().decode("utf-8")
    sss = json.loads(result)
    return {
        "statusCode": 200,
        "headers": {"Content-Type": "text/plain", "Access-Control-Allow-Origin": "*"},
        "type-result": str(type(result)),
        "COntent-Type-In": str(context),
        "body": json.dumps(sss),
    }
"""


def test_the_seeds_function_answers_field_by_field(plane: Plane) -> None:
    hosting = Hosting(plane, "seed-models")
    hosting.deploy("seed-endpoint", ENDPOINT)
    hosting.wait("seed-endpoint")
    functions = Functions(plane)
    functions.create(
        "seed",
        "",
        Code={"ZipFile": archive({"lambda_function.py": FUNCTION})},
        Handler="lambda_function.lambda_handler",
        Timeout=60,
    )
    event = {"url": "https://example.com/dogs/Carolina-Dog-standing-outdoors.jpg"}
    reply = functions.invoke("seed", event, LogType="Tail")
    answer = reply["json"]
    assert set(answer) == {"statusCode", "headers", "type-result", "COntent-Type-In", "body"}
    assert answer["statusCode"] == 200
    assert answer["headers"] == {"Content-Type": "text/plain", "Access-Control-Allow-Origin": "*"}
    assert answer["type-result"] == "<class 'str'>"
    request_id = reply["ResponseMetadata"]["RequestId"]
    assert answer["COntent-Type-In"].startswith(f"LambdaContext([aws_request_id={request_id},")
    expected = [[float(len(event["url"])) + position / 8 for position in range(133)]]
    assert json.loads(answer["body"]) == expected
    assert "EventType:: <class 'dict'>" in reply["log"]
    assert "Memory Size: 128 MB" in reply["log"]
