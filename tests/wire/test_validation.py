"""The models' constraints are checked, and said as AWS says them."""

from __future__ import annotations

from typing import Any

import pytest

from kennel.errors import ClientError, ValidationException
from kennel.wire import Target, validate
from kennel.wire.validation import ValidationError

_CREATE = Target("sagemaker", "CreateEndpoint", "json")


def _refusal(target: Target, parameters: dict[str, Any]) -> str:
    with pytest.raises((ValidationException, ValidationError)) as caught:
        validate(target, parameters)
    return caught.value.message


def test_good_parameters_pass() -> None:
    validate(_CREATE, {"EndpointName": "an-endpoint", "EndpointConfigName": "c"})


def test_a_missing_member_is_named() -> None:
    assert _refusal(_CREATE, {"EndpointName": "e"}) == (
        "1 validation error detected: Value null at 'endpointConfigName' failed to satisfy "
        "constraint: Member must not be null"
    )


def test_a_pattern_is_quoted() -> None:
    message = _refusal(_CREATE, {"EndpointName": "a b", "EndpointConfigName": "c"})
    assert "Value 'a b' at 'endpointName'" in message
    assert "Member must satisfy regular expression pattern: " in message


@pytest.mark.parametrize("tag", [{"Key": "a\x02", "Value": ""}, {"Key": "a", "Value": "x\x03"}])
def test_a_tag_of_letters_that_aws_does_not_take_is_refused(tag: dict[str, str]) -> None:
    message = _refusal(Target("iam", "TagRole", "query"), {"RoleName": "r", "Tags": [tag]})
    assert message.startswith("1 validation error detected: Value '")
    assert (
        "Member must satisfy regular expression pattern: [\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]" in message
    )


def test_a_tag_in_any_script_passes() -> None:
    tags = [{"Key": "犬 +-=._:/@", "Value": "é٣"}]
    validate(Target("iam", "TagRole", "query"), {"RoleName": "r", "Tags": tags})


def test_every_failure_is_told_at_once() -> None:
    message = _refusal(_CREATE, {"EndpointName": "a b", "EndpointConfigName": "d e"})
    assert message.startswith("2 validation errors detected: ")


def test_an_enum_lists_what_is_allowed() -> None:
    target = Target("sagemaker", "ListEndpoints", "json")
    message = _refusal(target, {"SortBy": "Size"})
    assert "Member must satisfy enum value set: [Name, CreationTime, Status]" in message


def test_numbers_have_bounds() -> None:
    target = Target("sagemaker", "ListEndpoints", "json")
    assert "less than or equal to 100" in _refusal(target, {"MaxResults": 101})


def test_a_wrong_type_is_a_validation_error_and_no_crash() -> None:
    target = Target("sagemaker", "ListEndpoints", "json")
    _refusal(target, {"MaxResults": "ten"})
    _refusal(_CREATE, {"EndpointName": ["a"], "EndpointConfigName": "c"})
    tags = {"EndpointName": "a", "EndpointConfigName": "c", "Tags": "none"}
    assert "Member must be a list" in _refusal(_CREATE, tags)


def test_the_query_services_call_it_validation_error() -> None:
    with pytest.raises(ValidationError):
        validate(Target("iam", "CreateUser", "query"), {"UserName": "a b"})


def test_every_service_has_its_own_name_for_it() -> None:
    """As its model says, or as it answers where that says nothing."""
    names = [
        (Target("cloudwatch", "PutMetricData", "json"), "ValidationError"),
        (Target("lambda", "GetFunction", "rest-json"), "ValidationException"),
        (Target("logs", "CreateLogGroup", "json"), "InvalidParameterException"),
        (Target("sagemaker-runtime", "InvokeEndpoint", "rest-json"), "ValidationError"),
        (Target("sts", "AssumeRole", "query"), "ValidationError"),
        (_CREATE, "ValidationException"),
    ]
    for target, name in names:
        with pytest.raises(ClientError) as refused:
            validate(target, {})
        assert refused.value.code == name
