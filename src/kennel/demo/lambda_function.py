"""The function: it passes its event on to the endpoint and hands the answer back.

It runs as a Lambda function, with nothing beside it but boto3: this file goes into the
zip as it is.
"""

from __future__ import annotations

import json
import os
import time
from typing import Any

import boto3

__all__ = ["lambda_handler"]

runtime = boto3.client("sagemaker-runtime")
endpoint = os.environ["ENDPOINT_NAME"]


def lambda_handler(event: Any, context: Any) -> dict[str, Any]:
    """`event` is {"url": "https://..."}; the body of the answer is the endpoint's, as text."""
    started = time.perf_counter()
    response = runtime.invoke_endpoint(
        EndpointName=endpoint,
        ContentType="application/json",
        Accept="application/json",
        Body=json.dumps(event),
    )
    result = response["Body"].read().decode("utf-8")
    took = (time.perf_counter() - started) * 1000
    # On AWS the header is not there, and ModelLatency in CloudWatch says the same.
    micros = response["ResponseMetadata"]["HTTPHeaders"].get("x-kennel-model-micros")
    print("TIMING", json.dumps({"endpoint_ms": round(took, 3), "model_micros": micros}))
    return {
        "statusCode": 200,
        "headers": {"Content-Type": "text/plain", "Access-Control-Allow-Origin": "*"},
        "type-result": str(type(result)),
        "COntent-Type-In": str(context),
        "body": json.dumps(json.loads(result)),
    }
