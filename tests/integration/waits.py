"""What boto3's waiters wait for, one recipe for each end that botocore's data names: what
test_waiters.py waits for.

An operation that has a waiter and is newly covered needs its entries here: for each acceptor of
the waiter that is a success or a failure, a function under `@wait(service, Waiter, expected)`,
where `expected` is the acceptor's own word for it (a status code, an error code, a value). It
makes what is to be waited for and returns a Wait.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from botocore import UNSIGNED
from botocore.config import Config

from tests.integration.model_archives import IMAGE, archive
from tests.integration.stage import Stage, code_archive, training_request
from tests.planes import wait_until
from tests.roles import TRUST

__all__ = ["UNREACHABLE", "WAITS", "Wait"]

Case = tuple[str, str, str]
"""Service, waiter, and what its acceptor expects."""

UNREACHABLE: Mapping[Case, str] = {
    ("cloudwatch", "CompositeAlarmExists", "True"): "Kennel has metric alarms only",
    ("cloudwatch", "LogAlarmExists", "True"): "Kennel has metric alarms only",
    ("s3", "BucketExists", "301"): "a plane answers for every region at one endpoint",
}
"""Ends that no call on a plane has, with the reason."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Something to wait for."""

    parameters: Mapping[str, Any]
    """Of the operation."""
    begin: Callable[[], object] = lambda: None
    """Brings the end about. Called when the waiter has asked once in vain, for an end that is not
    there from the beginning."""
    client: Any = None
    """Who waits, if not the root user."""
    at_once: bool = False
    """Whether the first question may have the answer already."""


Recipe = Callable[[Stage], Wait]
WAITS: dict[Case, Recipe] = {}


def wait(service: str, waiter: str, expected: str) -> Callable[[Recipe], Recipe]:
    def register(recipe: Recipe) -> Recipe:
        WAITS[service, waiter, expected] = recipe
        return recipe

    return register


# CloudWatch


@wait("cloudwatch", "AlarmExists", "True")
def alarm(stage: Stage) -> Wait:
    name = stage.name("alarm")
    alarm = {"Namespace": "N", "MetricName": "m", "Statistic": "Sum", "Period": 60}
    alarm |= {"EvaluationPeriods": 1, "ComparisonOperator": "GreaterThanThreshold"}
    return Wait(
        {"AlarmNames": [name]},
        lambda: stage.client("cloudwatch").put_metric_alarm(AlarmName=name, Threshold=1.0, **alarm),
    )


# IAM


@wait("iam", "InstanceProfileExists", "200")
def instance_profile(stage: Stage) -> Wait:
    name = {"InstanceProfileName": stage.name("profile")}
    return Wait(name, lambda: stage.client("iam").create_instance_profile(**name))


@wait("iam", "PolicyExists", "200")
def policy(stage: Stage) -> Wait:
    iam, name = stage.client("iam"), stage.name("policy")
    account = stage.client("sts").get_caller_identity()["Account"]
    statement = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    return Wait(
        {"PolicyArn": f"arn:aws:iam::{account}:policy/{name}"},
        lambda: iam.create_policy(PolicyName=name, PolicyDocument=document),
    )


@wait("iam", "RoleExists", "200")
def role(stage: Stage) -> Wait:
    name = {"RoleName": stage.name("role")}
    trust = {"AssumeRolePolicyDocument": json.dumps(TRUST)}
    return Wait(name, lambda: stage.client("iam").create_role(**name, **trust))


@wait("iam", "UserExists", "200")
def user(stage: Stage) -> Wait:
    name = {"UserName": stage.name("user")}
    return Wait(name, lambda: stage.client("iam").create_user(**name))


# Lambda


def _broken_archive() -> bytes:
    """Its table of contents is in order; a member's bytes are not what their checksum says."""
    data = code_archive("x = 'spoilt'\n")
    assert b"spoilt" in data
    return data.replace(b"spoilt", b"broken", 1)


def _create(stage: Stage, name: str, code: bytes, *, publish: bool = False) -> None:
    stage.client("lambda").create_function(
        FunctionName=name,
        Role=stage.role,
        Runtime="python3.11",
        Handler="main.handler",
        Code={"ZipFile": code},
        Publish=publish,
    )


def _created(stage: Stage, code: bytes) -> Wait:
    """These three waiters fail at once while there is no function of that name."""
    name = stage.name("function")
    _create(stage, name, code)
    return Wait({"FunctionName": name}, at_once=True)


def _published(stage: Stage, code: bytes) -> Wait:
    name = stage.name("function")
    _create(stage, name, code, publish=True)
    return Wait({"FunctionName": name, "Qualifier": "1"}, at_once=True)


def _updated(stage: Stage, code: bytes) -> Wait:
    name = stage.name("function")
    _create(stage, name, code_archive())
    stage.client("lambda").get_waiter("function_active_v2").wait(
        FunctionName=name, WaiterConfig={"Delay": 0.05}
    )
    stage.client("lambda").update_function_code(FunctionName=name, ZipFile=code)
    return Wait({"FunctionName": name}, at_once=True)


@wait("lambda", "FunctionExists", "False")
def function(stage: Stage) -> Wait:
    name = stage.name("function")
    return Wait({"FunctionName": name}, lambda: _create(stage, name, code_archive()))


@wait("lambda", "FunctionActive", "Active")
@wait("lambda", "FunctionActiveV2", "Active")
def active_function(stage: Stage) -> Wait:
    return _created(stage, code_archive())


@wait("lambda", "FunctionActive", "Failed")
@wait("lambda", "FunctionActiveV2", "Failed")
def failed_function(stage: Stage) -> Wait:
    return _created(stage, _broken_archive())


@wait("lambda", "PublishedVersionActive", "Active")
def active_version(stage: Stage) -> Wait:
    return _published(stage, code_archive())


@wait("lambda", "PublishedVersionActive", "Failed")
def failed_version(stage: Stage) -> Wait:
    return _published(stage, _broken_archive())


@wait("lambda", "FunctionUpdated", "Successful")
@wait("lambda", "FunctionUpdatedV2", "Successful")
def updated_function(stage: Stage) -> Wait:
    return _updated(stage, code_archive("x = 2\n"))


@wait("lambda", "FunctionUpdated", "Failed")
@wait("lambda", "FunctionUpdatedV2", "Failed")
def function_whose_update_failed(stage: Stage) -> Wait:
    return _updated(stage, _broken_archive())


# S3


def _bucket(stage: Stage) -> str:
    name = stage.name("bucket")
    stage.client("s3").create_bucket(Bucket=name)
    return name


@wait("s3", "BucketExists", "200")
def bucket(stage: Stage) -> Wait:
    name = {"Bucket": stage.name("bucket")}
    return Wait(name, lambda: stage.client("s3").create_bucket(**name))


@wait("s3", "BucketExists", "403")
def forbidden_bucket(stage: Stage) -> Wait:
    """Whoever may not look at it is told that it is there."""
    anonymous = stage.plane.client("s3", Config(signature_version=UNSIGNED))
    return Wait({"Bucket": _bucket(stage)}, client=anonymous, at_once=True)


@wait("s3", "BucketNotExists", "404")
def deleted_bucket(stage: Stage) -> Wait:
    name = {"Bucket": _bucket(stage)}
    return Wait(name, lambda: stage.client("s3").delete_bucket(**name))


@wait("s3", "ObjectExists", "200")
def put_object(stage: Stage) -> Wait:
    where = {"Bucket": _bucket(stage), "Key": "a b/ü"}
    return Wait(where, lambda: stage.client("s3").put_object(**where, Body=b"x"))


@wait("s3", "ObjectNotExists", "404")
def deleted_object(stage: Stage) -> Wait:
    s3, where = stage.client("s3"), {"Bucket": _bucket(stage), "Key": "a b/ü"}
    s3.put_object(**where, Body=b"x")
    return Wait(where, lambda: s3.delete_object(**where))


# SageMaker


_MODEL = """
def model_fn(model_dir):
    return None

def predict_fn(data, model):
    return data
"""


def _endpoint(stage: Stage, image: str = IMAGE) -> dict[str, str]:
    """An endpoint that is being created."""
    sagemaker, name = stage.client("sagemaker"), stage.name("endpoint")
    stage.client("s3").put_object(
        Bucket=stage.bucket, Key=f"{name}.tar.gz", Body=archive({"code/inference.py": _MODEL})
    )
    container = {"Image": image, "ModelDataUrl": f"s3://{stage.bucket}/{name}.tar.gz"}
    sagemaker.create_model(ModelName=name, ExecutionRoleArn=stage.role, PrimaryContainer=container)
    variant = {"VariantName": "v", "ModelName": name, "InitialInstanceCount": 1}
    sagemaker.create_endpoint_config(
        EndpointConfigName=name, ProductionVariants=[{**variant, "InstanceType": "ml.m5.large"}]
    )
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
    return {"EndpointName": name}


@wait("sagemaker", "EndpointInService", "InService")
def endpoint(stage: Stage) -> Wait:
    return Wait(_endpoint(stage))


@wait("sagemaker", "EndpointInService", "Failed")
@wait("sagemaker", "EndpointDeleted", "Failed")
def failed_endpoint(stage: Stage) -> Wait:
    return Wait(_endpoint(stage, image="nobody/knows:it"), at_once=True)


@wait("sagemaker", "EndpointInService", "ValidationException")
def no_endpoint(stage: Stage) -> Wait:
    return Wait({"EndpointName": stage.name("endpoint")}, at_once=True)


@wait("sagemaker", "EndpointDeleted", "ValidationException")
def deleted_endpoint(stage: Stage) -> Wait:
    sagemaker, name = stage.client("sagemaker"), _endpoint(stage)
    sagemaker.get_waiter("endpoint_in_service").wait(**name, WaiterConfig={"Delay": 0.2})
    return Wait(name, lambda: sagemaker.delete_endpoint(**name))


def _job(stage: Stage, **hyperparameters: str) -> dict[str, str]:
    name = {"TrainingJobName": stage.name("job")}
    stage.client("sagemaker").create_training_job(
        **name, **training_request(stage, **hyperparameters)
    )
    return name


@wait("sagemaker", "TrainingJobCompletedOrStopped", "Completed")
def completed_job(stage: Stage) -> Wait:
    return Wait(_job(stage), at_once=True)


@wait("sagemaker", "TrainingJobCompletedOrStopped", "Stopped")
def stopped_job(stage: Stage) -> Wait:
    name = _job(stage, then="stay")
    return Wait(name, lambda: stage.client("sagemaker").stop_training_job(**name))


@wait("sagemaker", "TrainingJobCompletedOrStopped", "Failed")
def failed_job(stage: Stage) -> Wait:
    return Wait(_job(stage, then="fail"), at_once=True)


@wait("sagemaker", "TrainingJobCompletedOrStopped", "ValidationException")
def no_job(stage: Stage) -> Wait:
    return Wait({"TrainingJobName": stage.name("job")}, at_once=True)


def _notebook(stage: Stage, script: str = "") -> dict[str, str]:
    """A notebook instance; one whose script fails never gets as far as JupyterLab."""
    sagemaker, name = stage.client("sagemaker"), stage.name("notebook")
    asked = {"NotebookInstanceName": name, "RoleArn": stage.role, "InstanceType": "ml.t3.medium"}
    if script:
        sagemaker.create_notebook_instance_lifecycle_config(
            NotebookInstanceLifecycleConfigName=name,
            OnCreate=[{"Content": base64.b64encode(script.encode()).decode()}],
        )
        asked["LifecycleConfigName"] = name
    sagemaker.create_notebook_instance(**asked)
    return {"NotebookInstanceName": name}


def _reach(stage: Stage, name: dict[str, str], status: str) -> None:
    def reached() -> bool:
        described = stage.client("sagemaker").describe_notebook_instance(**name)
        return bool(described["NotebookInstanceStatus"] == status)

    wait_until(reached, what=f"{name} is {status}")


@wait("sagemaker", "NotebookInstanceInService", "InService")
def notebook(stage: Stage) -> Wait:
    return Wait(_notebook(stage))


@wait("sagemaker", "NotebookInstanceInService", "Failed")
@wait("sagemaker", "NotebookInstanceStopped", "Failed")
@wait("sagemaker", "NotebookInstanceDeleted", "Failed")
def failed_notebook(stage: Stage) -> Wait:
    return Wait(_notebook(stage, "exit 1"), at_once=True)


@wait("sagemaker", "NotebookInstanceStopped", "Stopped")
def stopped_notebook(stage: Stage) -> Wait:
    name = _notebook(stage)
    _reach(stage, name, "InService")
    return Wait(name, lambda: stage.client("sagemaker").stop_notebook_instance(**name))


@wait("sagemaker", "NotebookInstanceDeleted", "ValidationException")
def deleted_notebook(stage: Stage) -> Wait:
    sagemaker, name = stage.client("sagemaker"), _notebook(stage, "exit 1")
    _reach(stage, name, "Failed")
    sagemaker.update_notebook_instance(**name, RootAccess="Disabled")
    _reach(stage, name, "Stopped")
    return Wait(name, lambda: sagemaker.delete_notebook_instance(**name))
