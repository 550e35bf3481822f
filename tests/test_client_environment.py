"""What a program's AWS clients read, and what must not reach them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kennel.client_environment import Reach, client_variables, without_aws_settings

REACH = Reach("http://127.0.0.1:4566", "eu-west-1", Path("/state/ca/bundle.pem"))


@dataclass(frozen=True)
class Keys:
    access_key_id: str = "ASIA"
    secret_access_key: str = "secret"
    session_token: str = "token"


def test_clients_get_the_planes_endpoint_region_and_keys():
    variables = client_variables(REACH, Keys())
    assert variables["AWS_ENDPOINT_URL"] == "http://127.0.0.1:4566"
    assert variables["AWS_REGION"] == variables["AWS_DEFAULT_REGION"] == "eu-west-1"
    assert variables["AWS_SESSION_TOKEN"] == "token"
    assert client_variables(REACH, Keys(), "us-west-2")["AWS_REGION"] == "us-west-2"


def test_lasting_keys_have_no_token():
    assert "AWS_SESSION_TOKEN" not in client_variables(REACH, Keys(session_token=""))


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"])
def test_the_plane_is_the_proxy_in_either_spelling(name):
    assert client_variables(REACH, Keys())[name] == "http://127.0.0.1:4566"


@pytest.mark.parametrize(
    "name", ["AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"]
)
def test_every_client_trusts_the_planes_authority(name):
    assert client_variables(REACH, Keys())[name] == "/state/ca/bundle.pem"


@pytest.mark.parametrize(
    "name",
    [
        "AWS_PROFILE",
        "AWS_DEFAULT_PROFILE",
        "AWS_ACCESS_KEY_ID",
        "AWS_SESSION_TOKEN",
        "AWS_SECURITY_TOKEN",
        "AWS_CREDENTIAL_EXPIRATION",
        "AWS_ENDPOINT_URL_S3",
        "AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME",
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
        "AWS_ROLE_ARN",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        "AWS_USE_FIPS_ENDPOINT",
        "AWS_USE_DUALSTACK_ENDPOINT",
        "AWS_S3_US_EAST_1_REGIONAL_ENDPOINT",
        "AWS_SOMETHING_NEW",
        "all_proxy",
        "ALL_PROXY",
        "NO_PROXY",
        "https_proxy",
    ],
)
def test_whatever_says_where_aws_is_does_not_reach_the_program(name):
    assert without_aws_settings({name: "x", "HOME": "/home/me"}) == {"HOME": "/home/me"}


def test_what_says_how_clients_retry_and_print_is_kept():
    kept = {"AWS_PAGER": "", "AWS_DEFAULT_OUTPUT": "table", "AWS_MAX_ATTEMPTS": "1"}
    assert without_aws_settings(kept) == kept


@given(st.dictionaries(st.text(min_size=1), st.text()))
def test_nothing_else_of_an_environment_is_lost(environment):
    left = without_aws_settings(environment)
    gone = environment.keys() - left.keys()
    assert all(name.upper().startswith("AWS_") or "proxy" in name.lower() for name in gone)
    assert all(left[name] == environment[name] for name in left)
