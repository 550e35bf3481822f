"""Every error code that a plane can answer with is one that AWS names, with AWS's HTTP status.

What AWS names: tests/error_codes.py. Which errors there are is read from the code: every subclass
of AwsError, and of every operation what its method raises, as far as calls can be followed. At run
time tests.planes.Plane holds each reply to the same.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore import xform_name
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.loaders import Loader
from botocore.model import OperationModel, ServiceModel
from botocore.parsers import create_parser
from botocore.retries.standard import RetryContext, StandardRetryConditions

from kennel.auth import AuthenticationError, as_aws_error
from kennel.auth.failures import Failure
from kennel.errors import AwsError, ClientError, ServerError
from kennel.gateway.failures import failure_of
from kennel.gateway.plane import Plane
from kennel.services.lambda_.errors import TooManyRequestsException
from kennel.settings import Settings
from kennel.wire import encode_error
from tests.error_codes import SERVICES, named
from tests.raised_errors import raised

PACKAGES = ("auth", "errors", "gateway", "identity", "services", "store", "wire")
ABSTRACT = {"_User", "MissingConfiguration"}

# What no service's package has is raised for these services.
EVERY = frozenset(SERVICES)
SHARED: dict[str, frozenset[str]] = {
    "kennel.auth.denials.AccessDenied": frozenset({"cloudwatch", "iam", "s3", "sts"}),
    "kennel.auth.denials.JsonAccessDeniedException": frozenset(
        {"application-autoscaling", "logs", "sagemaker"}
    ),
    "kennel.auth.chunked.IncompleteBody": frozenset({"s3"}),
    "kennel.auth.chunked.InvalidChunkSizeError": frozenset({"s3"}),
    "kennel.auth.chunked.InvalidRequest": frozenset({"s3"}),
    "kennel.auth.chunked.MissingContentLength": frozenset({"s3"}),
    "kennel.auth.post_policy.FormTooLarge": frozenset({"s3"}),
    "kennel.auth.post_policy.FormTooSmall": frozenset({"s3"}),
    "kennel.auth.post_policy.InvalidPolicyDocument": frozenset({"s3"}),
    "kennel.errors.AccessDeniedException": frozenset({"lambda", "sagemaker-runtime"}),
    "kennel.errors.InternalFailure": EVERY,
    "kennel.errors.NotImplementedByKennel": EVERY,
    "kennel.errors.ValidationException": frozenset(
        {"application-autoscaling", "lambda", "sagemaker"}
    ),
    "kennel.gateway.budget.ServiceUnavailable": EVERY,
    "kennel.gateway.bodies.RequestEntityTooLargeException": EVERY,
    "kennel.gateway.form_uploads.IncorrectNumberOfFilesInPostRequest": frozenset({"s3"}),
    "kennel.gateway.form_uploads.MalformedPOSTRequest": frozenset({"s3"}),
    "kennel.gateway.form_uploads.UserKeyMustBeSpecified": frozenset({"s3"}),
    "kennel.gateway.failures.InternalError": frozenset({"s3"}),
    "kennel.gateway.failures.InvalidAction": frozenset({"iam", "sts"}),
    "kennel.gateway.failures.MaxMessageLengthExceeded": frozenset({"s3"}),
    "kennel.gateway.failures.MethodNotAllowed": frozenset({"s3"}),
    "kennel.gateway.failures.UnknownOperationException": EVERY - {"iam", "s3", "sts"},
    "kennel.store.errors.StorageFull": EVERY,
    "kennel.wire.codec.MalformedXML": frozenset({"s3"}),
    "kennel.wire.codec.SerializationException": EVERY - {"iam", "s3", "sts"},
    "kennel.wire.validation.InvalidParameterException": frozenset({"logs"}),
    "kennel.wire.validation.ValidationError": frozenset(
        {"cloudwatch", "iam", "sagemaker-runtime", "sts"}
    ),
}
# What calls lead to and conditions keep from happening.
EXCUSED = {
    "AddUserToGroup: UnmodifiableEntity": "of service-linked roles alone",
    "PutUserPermissionsBoundary: UnmodifiableEntity": "of service-linked roles alone",
    "RemoveUserFromGroup: UnmodifiableEntity": "of service-linked roles alone",
    "DescribeHyperParameterTuningJob: ResourceLimitExceeded": "what is stored was checked",
    "ListTrainingJobsForHyperParameterTuningJob: ResourceLimitExceeded": "the same",
}
FOLDERS = {name.replace("-", "_"): name for name in SERVICES} | {"lambda_": "lambda"}


def kinds() -> list[type[AwsError]]:
    for package in PACKAGES:
        root = importlib.import_module(f"kennel.{package}")
        for found in pkgutil.walk_packages(getattr(root, "__path__", ()), f"{root.__name__}."):
            importlib.import_module(found.name)
    return sorted(set(below(AwsError)), key=path_of)


def below(kind: type[AwsError]) -> Iterator[type[AwsError]]:
    for child in kind.__subclasses__():
        if child not in (ClientError, ServerError) and child.__name__ not in ABSTRACT:
            yield child
        yield from below(child)


def path_of(kind: type[AwsError]) -> str:
    return f"{kind.__module__}.{kind.__name__}"


KINDS = [kind for kind in kinds() if kind.__module__.startswith("kennel.")]


def services_of(kind: type[AwsError]) -> frozenset[str]:
    if path_of(kind) in SHARED:
        return SHARED[path_of(kind)]
    parts = kind.__module__.split(".")
    assert parts[1] == "services", f"say in SHARED which services answer with {path_of(kind)}"
    return frozenset({FOLDERS[parts[2]]})


def protocols(service: str) -> list[str]:
    return list(model_of(service).metadata["protocols"])


def model_of(service: str) -> ServiceModel:
    return ServiceModel(Loader().load_service_model(service, "service-2"), service)


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plane]:
    plane = Plane(Settings(Path(tmp_path_factory.mktemp("codes"))), "http://127.0.0.1:0")
    plane.start()
    try:
        yield plane
    finally:
        plane.stop()


def test_the_services_are_those_of_a_plane(plane: Plane) -> None:
    assert set(SERVICES) == plane.dispatcher.services.keys()


def test_nothing_is_listed_that_is_no_more() -> None:
    assert SHARED.keys() <= {path_of(kind) for kind in KINDS}


@pytest.mark.parametrize("kind", KINDS, ids=path_of)
def test_an_error_is_one_that_aws_names(kind: type[AwsError]) -> None:
    for service in services_of(kind):
        for protocol in protocols(service):
            error = kind.__new__(kind)
            AwsError.__init__(error, "why")
            sent = failure_of(error, protocol, "id")
            statuses = named(service).get(sent.code)
            assert statuses, f"no model and no page of AWS's has {sent.code} of {service}"
            status = encode_error(sent, service, protocol, "id").status
            assert status in statuses, f"{sent.code} of {service}"


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("failure", Failure, ids=lambda failure: failure.name)
def test_a_refused_signature_has_a_code_that_aws_names(service: str, failure: Failure) -> None:
    for protocol in protocols(service):
        error = as_aws_error(AuthenticationError(failure, "why"), protocol)
        assert error.status in named(service).get(error.code, ()), f"{error.code} of {service}"


def test_an_operation_raises_what_aws_names_for_it(plane: Plane) -> None:
    wrong = {
        f"{name}: {kind.code}"
        for service, served in plane.dispatcher.services.items()
        for name in model_of(service).operation_names
        if (method := served.operation(xform_name(name))) is not None
        for kind in raised(method)
        if kind.code not in named(service, name)
    }
    assert wrong == EXCUSED.keys()


def test_calls_are_followed_to_the_errors_that_they_raise(plane: Plane) -> None:
    """Or the test above finds nothing, whatever is wrong."""
    iam, sagemaker = (plane.dispatcher.services[name] for name in ("iam", "sagemaker"))
    for service, operation, code in (
        (iam, "create_role", "MalformedPolicyDocument"),
        (iam, "delete_user", "DeleteConflict"),
        (sagemaker, "create_training_job", "ResourceInUse"),
        (sagemaker, "update_endpoint", "ValidationException"),
    ):
        method = service.operation(operation)
        assert method is not None
        assert code in {kind.code for kind in raised(method)}


@pytest.mark.parametrize("service", SERVICES)
def test_boto3_raises_the_exception_that_its_model_has(service: str) -> None:
    """`client.exceptions.ResourceNotFoundException` is what a caller catches."""
    client = boto3.client(service, "us-east-1", aws_access_key_id="a", aws_secret_access_key="b")
    shapes = {str(shape.name) for shape in model_of(service).error_shapes}
    caught = 0
    for kind in KINDS:
        if service not in services_of(kind) or kind.__name__ not in shapes:
            continue
        for protocol in protocols(service):
            assert exception(client, kind, protocol) is getattr(client.exceptions, kind.__name__)
            caught += 1
    assert caught or service in ("sts",)


# A user's error with HTTP 502, by Lambda's model, and a code that botocore takes for throttling
# though Application Auto Scaling means a quota: clients try them again on AWS as well.
TRIED_AGAIN = {"InvalidZipFileException", "LimitExceededException", "TooManyRequestsException"}


@pytest.mark.parametrize("service", SERVICES)
def test_clients_try_again_what_may_pass_and_nothing_else(service: str) -> None:
    """By botocore's `standard` and `adaptive` retries, which have the same conditions."""
    conditions = StandardRetryConditions(max_attempts=3)
    for kind in KINDS:
        if service in services_of(kind):
            status, parsed = answered(kind, service, protocols(service)[0])
            context = RetryContext(
                attempt_number=1,
                operation_model=next(operations(service)),
                http_response=AWSResponse("", status, HTTPHeaders(), None),
                parsed_response=parsed,
            )
            wanted = issubclass(kind, ServerError) or kind.code in TRIED_AGAIN
            assert conditions.is_retryable(context) == wanted, path_of(kind)


def test_a_throttled_call_is_told_how_long_to_wait() -> None:
    error = TooManyRequestsException("Rate Exceeded.", retryAfterSeconds="7", Reason="why")
    reply = encode_error(error, "lambda", "rest-json", "id")
    assert reply.headers["Retry-After"] == "7"
    assert b"retryAfterSeconds" not in reply.body  # its model has it as a header alone
    shape = model_of("lambda").shape_for("TooManyRequestsException")
    response = {"body": reply.body, "headers": {"Retry-After": "7"}, "status_code": 429}
    parsed = create_parser("rest-json").parse(response, shape)
    assert (parsed["retryAfterSeconds"], parsed["Reason"]) == ("7", "why")


def operations(service: str) -> Iterator[OperationModel]:
    model = model_of(service)
    return (model.operation_model(name) for name in model.operation_names)


def answered(kind: type[AwsError], service: str, protocol: str) -> tuple[int, Any]:
    """HTTP status and botocore's reading of a reply with an error."""
    error = kind.__new__(kind)
    AwsError.__init__(error, "why")
    reply = encode_error(error, service, protocol, "id")
    headers = {name.lower(): value for name, value in reply.headers.items()}
    response = {"body": reply.body, "headers": headers, "status_code": reply.status}
    parser = create_parser(protocol)
    return reply.status, parser.parse(response, None)  # type: ignore[arg-type]


def exception(client: Any, kind: type[AwsError], protocol: str) -> type[Exception]:
    """The class that boto3 raises for an error, from its bytes, as botocore.client does."""
    _, parsed = answered(kind, client.meta.service_model.service_name, protocol)
    assert parsed["Error"]["Message"] == "why"
    assert parsed["Error"]["Code"] == kind.code
    raised_class: type[Exception] = client.exceptions.from_code(parsed["Error"]["Code"])
    return raised_class
