import pytest

from kennel.cli.load.outcome import outcome_of


def test_an_answer_tells_who_gave_it_and_how_long_the_model_took():
    outcome = outcome_of(
        200, {"x-amzn-invoked-production-variant": "blue", "x-kennel-model-micros": "1500"}, b""
    )
    assert (outcome.is_ok, outcome.who, outcome.model) == (True, "blue", 0.0015)
    assert outcome_of(200, {"x-amz-executed-version": "7"}, b"").who == "7"


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({"x-amzn-errortype": "TooManyRequestsException:http://amazon"}, b"{}"),
        ({}, b'{"__type": "com.amazonaws.lambda#TooManyRequestsException"}'),
        ({}, b'{"Code": "TooManyRequestsException"}'),
    ],
)
def test_an_error_has_awss_code_wherever_it_stands(headers, body):
    outcome = outcome_of(429, headers, body)
    assert outcome.code == "TooManyRequestsException"
    assert outcome.is_throttle


def test_a_throttles_reason_is_in_its_message():
    body = b'{"message": "Rate Exceeded.", "Reason": "ConcurrentInvocationLimitExceeded"}'
    headers = {"x-amzn-errortype": "TooManyRequestsException"}
    found = outcome_of(429, headers, body)
    assert found.message == "Rate Exceeded. (ConcurrentInvocationLimitExceeded)"


def test_a_model_that_is_not_ready_is_an_error_and_no_throttle():
    outcome = outcome_of(429, {"x-amzn-errortype": "ModelNotReadyException"}, b"")
    assert not outcome.is_ok
    assert not outcome.is_throttle


def test_a_function_that_failed_is_an_error_with_status_200():
    body = b'{"errorType": "ValueError", "errorMessage": "no such dog"}'
    outcome = outcome_of(200, {"x-amz-function-error": "Unhandled"}, body)
    assert (outcome.code, outcome.message) == ("FunctionError ValueError", "no such dog")


@pytest.mark.parametrize("body", [b"", b"<html>", b"[1]", b'"text"', b"\xff"])
def test_an_error_without_a_code_is_its_status(body):
    assert outcome_of(502, {}, body).code == "HTTP 502"
