"""SDKs in a notebook instance get the role's credentials, newly each time."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import boto3
import pytest

from kennel.runtimes.notebook.credentials import CredentialEndpoint


def document(key: str, minutes: float) -> str:
    expires = datetime.now(UTC) + timedelta(minutes=minutes)
    return json.dumps(
        {
            "AccessKeyId": key,
            "SecretAccessKey": "secret",
            "Token": "token",
            "Expiration": expires.strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
    )


@pytest.fixture
def file(tmp_path, monkeypatch):
    """The credentials' file, with an endpoint that this process's boto3 finds."""
    path = tmp_path / "credentials.json"
    path.write_text(document("first", 60))
    endpoint = CredentialEndpoint(path)
    for name, value in endpoint.start().items():
        monkeypatch.setenv(name, value)
    yield path
    endpoint.stop()


def test_a_session_that_lives_on_gets_the_new_credentials_before_the_old_ones_expire(file):
    file.write_text(document("first", 5))  # below botocore's ten minutes: asked again at each use
    credentials = boto3.Session(region_name="us-east-1").get_credentials()
    assert credentials.get_frozen_credentials().access_key == "first"
    file.write_text(document("second", 600))
    assert credentials.get_frozen_credentials().access_key == "second"


def test_without_the_token_there_is_nothing(file, monkeypatch):
    monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "guessed")
    monkeypatch.setattr("botocore.utils.ContainerMetadataFetcher.SLEEP_TIME", 0)
    with pytest.raises(Exception, match="404"):
        boto3.Session(region_name="us-east-1").get_credentials()
