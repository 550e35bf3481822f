from __future__ import annotations

import time

import pytest

from kennel.runtimes.function.context import LambdaContext


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (
        ("LOG_GROUP_NAME", "/aws/lambda/dogs"),
        ("LOG_STREAM_NAME", "2026/01/01/[$LATEST]00"),
        ("FUNCTION_NAME", "dogs"),
        ("FUNCTION_MEMORY_SIZE", "128"),
        ("FUNCTION_VERSION", "$LATEST"),
    ):
        monkeypatch.setenv(f"AWS_LAMBDA_{name}", value)


def test_its_text_is_that_of_awss_own_runtime() -> None:
    assert str(LambdaContext("r-1", 0, "arn:f")) == (
        "LambdaContext([aws_request_id=r-1,log_group_name=/aws/lambda/dogs,"
        "log_stream_name=2026/01/01/[$LATEST]00,function_name=dogs,memory_limit_in_mb=128,"
        "function_version=$LATEST,invoked_function_arn=arn:f,client_context=None,"
        "identity=CognitoIdentity([cognito_identity_id=None,cognito_identity_pool_id=None]),"
        "tenant_id=None])"
    )


def test_what_the_caller_sent_along_is_in_the_client_context() -> None:
    given = {"client": {"app_title": "dogs"}, "custom": {"k": 1}, "env": {"v": 2}}
    context = LambdaContext("r-1", 0, "arn:f", given, {"cognitoIdentityId": "me"})
    assert context.client_context is not None
    assert context.client_context.client is not None
    assert context.client_context.client.app_title == "dogs"
    assert context.client_context.custom == {"k": 1}
    assert context.client_context.env == {"v": 2}
    assert context.identity.cognito_identity_id == "me"
    assert str(context.client_context).startswith(
        "ClientContext([custom={'k': 1},env={'v': 2},client=Client([installation_id=None,"
    )


def test_the_time_that_remains_never_goes_below_nothing() -> None:
    assert (
        LambdaContext("r", int(time.time() * 1000) + 5000, "a").get_remaining_time_in_millis() > 0
    )
    assert LambdaContext("r", 0, "a").get_remaining_time_in_millis() == 0
