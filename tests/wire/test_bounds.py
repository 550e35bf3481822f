"""What could cost memory or stack out of proportion is refused in the protocol's own words."""

from __future__ import annotations

import pytest

from kennel.errors import AwsError
from kennel.wire import HttpRequest, Target, UnknownOperation, decode, identify, validate
from kennel.wire.bounds import MOST_PARAMETERS, check_json_depth
from tests.wire.requests import request_for

_LAUGHS = b"""<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>"""


def _refusal(target: Target, body: bytes, **headers: str) -> AwsError:
    request = HttpRequest("POST", "/", "", headers, body)
    with pytest.raises(AwsError) as caught:
        decode(target, request)
    assert caught.value.status == 400
    return caught.value


@pytest.mark.parametrize("opening", [b"[", b'{"a":', b'{"a":[{"b":'])
def test_json_that_nests_for_ever_is_refused(opening: bytes) -> None:
    deep = b'{"Tags":' + opening * 100_000
    assert _refusal(Target("sagemaker", "ListModels", "json"), deep).code == (
        "SerializationException"
    )


def test_brackets_in_strings_are_no_nesting() -> None:
    check_json_depth(b'{"a":"' + b"[{" * 500 + b'\\"[[","b":[' + b'"]",' * 300 + b"1]}")
    with pytest.raises(ValueError, match="more than 100 deep"):
        check_json_depth(b'{"a":"[",' + b'"b":{' * 100)


def test_cbor_that_nests_for_ever_is_refused() -> None:
    target = Target("cloudwatch", "ListMetrics", "smithy-rpc-v2-cbor")
    assert _refusal(target, b"\x81" * 100_000).code == "SerializationException"


def test_a_document_type_is_refused_whatever_the_encoding() -> None:
    target = Target("s3", "DeleteObjects", "rest-xml", {"Bucket": "b"})
    document = _LAUGHS + b"<Delete><Object><Key>&b;</Key></Object></Delete>"
    assert _refusal(target, document).code == "MalformedXML"
    assert _refusal(target, document.decode().encode("utf-16")).code == "MalformedXML"
    assert _refusal(target, document.decode().encode("utf-16-be")).code == "MalformedXML"


def test_a_form_of_too_many_parameters_is_refused() -> None:
    asked = request_for("iam", "ListUsers", "query", {})
    body = asked.body + b"&a=1" * MOST_PARAMETERS
    with pytest.raises(UnknownOperation, match="more than 200000 parameters"):
        identify(HttpRequest("POST", "/", "", asked.headers, body))
    assert _refusal(Target("iam", "ListUsers", "query"), body).code == "ValidationError"


def test_a_value_on_which_awss_own_pattern_goes_on_for_ever_is_refused() -> None:
    parameters = {
        "Name": "a",
        "ClusterArn": "arn:aws:sagemaker:us-east-1:000000000000:cluster/abcdefghijkl",
        "SchedulerConfig": {"PriorityClasses": [{"Name": "a" * 60 + "!", "Weight": 1}]},
    }
    with pytest.raises(AwsError, match="regular expression pattern"):
        validate(Target("sagemaker", "CreateClusterSchedulerConfig", "json"), parameters)
