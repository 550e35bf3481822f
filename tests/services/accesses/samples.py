"""Parameters for any operation, made from botocore's model of it."""

from __future__ import annotations

from typing import Any

from botocore.loaders import Loader
from botocore.model import OperationModel, ServiceModel

__all__ = ["full_sample", "least_sample", "operations_of"]

# Values where the model says only that it is text, and the operation that it is more.
_SPECIAL = {
    "Arn": "arn:aws:iam::000011112222:role/r",
    "NewPath": "/moved/",
    "Path": "/team/",
    "CopySource": "source/key?versionId=7",
    "DeletionTaskId": "task/aws-service-role/x.amazonaws.com/AWSServiceRoleForX/1",
    "PolicyArn": "arn:aws:iam::000011112222:policy/p",
    "RoleArn": "arn:aws:iam::000011112222:role/r",
    "PolicySourceArn": "arn:aws:iam::000011112222:role/r",
}
_TAGGED = {
    "sagemaker": "arn:aws:sagemaker:eu-west-1:000011112222:endpoint/e",
    "lambda": "arn:aws:lambda:eu-west-1:000011112222:function:f",
    "logs": "arn:aws:logs:eu-west-1:000011112222:log-group:g",
    "cloudwatch": "arn:aws:cloudwatch:eu-west-1:000011112222:alarm:a",
    "application-autoscaling": (
        "arn:aws:application-autoscaling:eu-west-1:000011112222:scalable-target/1234"
    ),
}
_TAGGED_BY = ("Resource", "ResourceArn", "ResourceARN", "resourceArn")


def operations_of(service: str) -> dict[str, OperationModel]:
    """botocore's operations of a service, by AWS's name."""
    model = ServiceModel(Loader().load_service_model(service, "service-2"), service)
    return {name: model.operation_model(name) for name in model.operation_names}


def full_sample(service: str, operation: OperationModel, known: frozenset[str]) -> dict[str, Any]:
    """All parameters that are known here, and everything in them."""
    shape = operation.input_shape
    if shape is None:
        return {}
    return {
        name: _value(service, name, member, depth=5)
        for name, member in shape.members.items()
        if name in known
    }


def least_sample(service: str, operation: OperationModel) -> dict[str, Any]:
    """Those alone that the operation requires."""
    required = operation.input_shape.required_members if operation.input_shape else ()
    return full_sample(service, operation, frozenset(required))


def _value(service: str, name: str, shape: Any, depth: int) -> Any:
    if name in _TAGGED_BY and service in _TAGGED:
        return _TAGGED[service]
    if name in _SPECIAL:
        return _SPECIAL[name]
    if name == "Tagging" and shape.type_name == "string":
        return "a=b"
    kind = shape.type_name
    if kind == "structure":
        if depth == 0:
            return {}
        return {n: _value(service, n, m, depth - 1) for n, m in shape.members.items()}
    if kind == "list":
        return [_value(service, name, shape.member, depth - 1)] if depth else []
    if kind == "map":
        return {"a": _value(service, "", shape.value, depth - 1)}
    if kind in ("integer", "long", "float", "double"):
        return 1
    if kind == "boolean":
        return True
    if kind == "blob":
        return b"x"
    return shape.enum[0] if getattr(shape, "enum", None) else "x1"
