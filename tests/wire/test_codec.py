"""What a client sends is what the service gets; what a service returns is what the client reads."""

from __future__ import annotations

from typing import Any
from unicodedata import category

import pytest
from botocore.parsers import create_parser
from hypothesis import example, given
from hypothesis import strategies as st

from kennel.errors import AwsError, ClientError
from kennel.wire import (
    HttpResponse,
    Target,
    decode,
    encode,
    encode_error,
    identify,
    operation_model,
    service_model,
)
from kennel.wire.codec import MalformedXML, SerializationException
from kennel.wire.validation import ValidationError
from tests.wire.requests import minimal_parameters, request_for
from tests.wire.test_identify import SERVICES


def _comparable(value: Any) -> Any:
    if hasattr(value, "timestamp"):
        return int(value.timestamp())
    if isinstance(value, dict):
        return {name: _comparable(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_comparable(item) for item in value]
    return value


@pytest.mark.parametrize(("service", "protocol"), [pair for pair in SERVICES if pair[0] != "ec2"])
def test_the_parameters_that_botocore_serializes_are_the_ones_decoded(
    service: str, protocol: str
) -> None:
    wrong = {}
    for operation in service_model(service).operation_names:
        shape = service_model(service).operation_model(operation).input_shape
        parameters = minimal_parameters(shape)
        request = request_for(service, operation, protocol, parameters)
        target = identify(request)
        if target.operation != operation:
            continue  # test_identify knows which
        decoded = _comparable(decode(target, request))
        # A protocol without brackets has no way to send an empty structure.
        sent = {name: item for name, item in parameters.items() if item != {}}
        if {name: decoded.get(name) for name in sent} != sent:
            wrong[operation] = (parameters, decoded)
    assert not wrong


@given(names=st.lists(st.text(min_size=1, max_size=40).filter(str.isprintable), max_size=5))
def test_text_of_any_script_survives_the_json_protocol(names: list[str]) -> None:
    parameters = {"logGroupName": "g", "tags": {name: name for name in names}}
    request = request_for("logs", "CreateLogGroup", "json", parameters)
    assert decode(Target("logs", "CreateLogGroup", "json"), request)["tags"] == parameters["tags"]


def test_cbor_carries_numbers_times_and_text_both_ways() -> None:
    from botocore.serialize import create_serializer

    model = operation_model("cloudwatch", "PutMetricData")
    parameters = {
        "Namespace": "N",
        "MetricData": [{"MetricName": "m", "Value": 1.5, "Timestamp": 1_700_000_000}],
    }
    sent = create_serializer("smithy-rpc-v2-cbor").serialize_to_request(parameters, model)
    from kennel.wire.cbor import decode_cbor

    decoded = decode_cbor(model.input_shape, sent["body"])
    assert _comparable(decoded) == parameters

    target = Target("cloudwatch", "GetMetricStatistics", "smithy-rpc-v2-cbor")
    points = [{"Timestamp": 1_700_000_000.0, "Sum": 3.0, "Unit": "Count"}]
    reply = encode(target, {"Label": "m", "Datapoints": points}, "id")
    parsed = create_parser("smithy-rpc-v2-cbor").parse(
        {"body": reply.body, "headers": reply.headers, "status_code": 200},
        operation_model("cloudwatch", "GetMetricStatistics").output_shape,
    )
    assert parsed["Datapoints"][0]["Sum"] == 3.0
    assert parsed["Datapoints"][0]["Timestamp"].timestamp() == 1_700_000_000


@pytest.mark.parametrize(
    ("target", "result"),
    [
        (Target("lambda", "DeleteFunctionConcurrency", "rest-json"), {}),
        (Target("lambda", "DeleteFunction", "rest-json"), {"StatusCode": 204, "_status": 204}),
    ],
)
def test_a_reply_without_content_has_no_body(target: Target, result: dict[str, Any]) -> None:
    reply = encode(target, result, "id")
    assert (reply.status, reply.body) == (204, b"")
    assert "Content-Type" not in reply.headers


def test_a_body_that_is_not_json_is_a_serialization_exception() -> None:
    from dataclasses import replace

    request = replace(request_for("logs", "CreateLogGroup", "json", {"logGroupName": "g"}))
    with pytest.raises(SerializationException):
        decode(Target("logs", "CreateLogGroup", "json"), replace(request, body=b"{"))


def test_a_query_that_can_not_be_read_is_a_validation_error() -> None:
    from dataclasses import replace

    request = request_for("iam", "ListUsers", "query", {"MaxItems": 1})
    with pytest.raises(ValidationError):
        decode(
            Target("iam", "ListUsers", "query"),
            replace(request, body=b"Action=ListUsers&MaxItems=many"),
        )


def test_a_body_that_is_not_xml_is_malformed_xml() -> None:
    from dataclasses import replace

    parameters = {"Bucket": "b", "Delete": {"Objects": [{"Key": "k"}]}}
    request = request_for("s3", "DeleteObjects", "rest-xml", parameters)
    target = Target("s3", "DeleteObjects", "rest-xml", {"Bucket": "b"})
    with pytest.raises(MalformedXML):
        decode(target, replace(request, body=b"<Delete><Object>"))


class NoSuchEntityException(ClientError):
    code = "NoSuchEntity"
    status = 404


@pytest.mark.parametrize(
    ("service", "operation", "protocol"),
    [
        ("iam", "GetRole", "query"),
        ("logs", "CreateLogGroup", "json"),
        ("lambda", "GetFunction", "rest-json"),
        ("s3", "GetObject", "rest-xml"),
        ("ec2", "DescribeInstances", "ec2"),
        ("cloudwatch", "ListMetrics", "smithy-rpc-v2-cbor"),
    ],
)
def test_botocore_reads_code_message_and_status_of_an_error(
    service: str, operation: str, protocol: str
) -> None:
    error: AwsError = NoSuchEntityException("Not here: <a & b>")
    reply = encode_error(error, service, protocol, "the-id")
    parsed = create_parser(protocol).parse(
        {"body": reply.body, "headers": reply.headers, "status_code": reply.status},
        operation_model(service, operation).output_shape,
    )
    assert parsed["Error"]["Code"] == "NoSuchEntity"
    assert parsed["Error"]["Message"] == "Not here: <a & b>"
    assert reply.status == 404


def _read(protocol: str, reply: HttpResponse, service: str, operation: str) -> Any:
    return create_parser(protocol).parse(
        {"body": reply.body, "headers": reply.headers, "status_code": reply.status},
        operation_model(service, operation).output_shape,
    )


_ANY_TEXT = st.text(st.characters(), max_size=20)  # surrogates and control characters too


def _as_told(text: str) -> str:
    """What XML 1.0 can hold of a text, by Unicode's own names of what it can't."""
    return "".join(
        "\ufffd"
        if category(one) == "Cs" or one in "\ufffe\uffff" or (one < " " and one not in "\t\n\r")
        else one
        for one in text
    )


@pytest.mark.parametrize(
    ("service", "operation", "protocol", "place"),
    [
        ("iam", "ListRoleTags", "query", "Tags"),
        ("s3", "GetObjectTagging", "rest-xml", "TagSet"),
        ("ec2", "DescribeVpcs", "ec2", "Vpcs"),
    ],
)
@given(text=_ANY_TEXT)
@example(text="\x00\x02\r\n\x7f\x85\ufffe\ud800<&>]]>")
def test_any_text_in_an_xml_reply_is_read_as_it_is_but_for_what_xml_cannot_hold(
    service: str, operation: str, protocol: str, place: str, text: str
) -> None:
    tag = {"Key": "k", "Value": text}
    result = {place: [{"Tags": [tag]}] if service == "ec2" else [tag]}
    reply = encode(Target(service, operation, protocol), result, "the-id")
    read = _read(protocol, reply, service, operation)[place][0]
    shown = read["Tags"][0] if service == "ec2" else read
    assert shown["Value"] == _as_told(text)


@pytest.mark.parametrize(
    ("service", "operation", "protocol"),
    [
        ("iam", "GetRole", "query"),
        ("s3", "GetObject", "rest-xml"),
        ("ec2", "DescribeVpcs", "ec2"),
        ("logs", "CreateLogGroup", "json"),
    ],
)
@given(text=_ANY_TEXT)
@example(text="\x00\x02\r\n\x7f\x85\ufffe\ud800<&>]]>")
def test_any_text_in_an_error_is_read(
    service: str, operation: str, protocol: str, text: str
) -> None:
    reply = encode_error(NoSuchEntityException(text, Quoted=text), service, protocol, "the-id")
    error = _read(protocol, reply, service, operation)["Error"]
    assert error["Code"] == "NoSuchEntity"
    assert (error["Message"] or "") == (text if protocol == "json" else _as_told(text))


def test_a_buckets_policy_goes_out_to_the_letter() -> None:
    text = '{"Id": "\x7f\ufffe"}\r\n'
    reply = encode(Target("s3", "GetBucketPolicy", "rest-xml"), {"Policy": text}, "the-id")
    assert reply.body == text.encode()
