"""The function in front of the endpoint: {"url": "https://…/dog.jpg"} in, its 133 numbers out."""

import json
import logging
import os

import boto3

logger = logging.getLogger(__name__)
logger.setLevel(logging.DEBUG)

print("Loading Lambda function")

runtime = boto3.Session().client("sagemaker-runtime")
endpoint_name = os.environ.get("ENDPOINT_NAME", "dog-breeds")


def lambda_handler(event, context):
    print("Context:::", context)
    print("EventType::", type(event))
    response = runtime.invoke_endpoint(
        EndpointName=endpoint_name,
        ContentType="application/json",
        Accept="application/json",
        Body=json.dumps(event),
    )
    result = response["Body"].read().decode("utf-8")
    numbers = json.loads(result)
    return {
        "statusCode": 200,
        "headers": {"Content-Type": "text/plain", "Access-Control-Allow-Origin": "*"},
        "type-result": str(type(result)),
        "COntent-Type-In": str(context),
        "body": json.dumps(numbers),
    }
