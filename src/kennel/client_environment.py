"""The environment variables that keep a program's AWS clients on the plane, and off AWS.

Whatever reads AWS's settings from the environment gets the plane's endpoint, region and keys.
Whatever ignores an endpoint setting (both generations of the `sagemaker` SDK do, for STS) goes by
the proxy variables to the plane all the same, which ends TLS for AWS's host names with a
certificate authority of its own. Sources: "Settings reference" of the AWS SDKs and Tools Reference
Guide; the documentation of requests, OpenSSL, curl and Node.js for theirs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

__all__ = [
    "Keys",
    "Reach",
    "client_variables",
    "offline_variables",
    "plane_variables",
    "without_aws_settings",
]

_NOT_PROXIED = "localhost,127.0.0.1"
_NOWHERE = "/dev/null"

# Settings of AWS's clients that say nothing of where they go and as whom.
_HARMLESS = frozenset(
    {
        "AWS_CLI_AUTO_PROMPT",
        "AWS_CLI_FILE_ENCODING",
        "AWS_CLI_HISTORY_FILE",
        "AWS_DEFAULT_OUTPUT",
        "AWS_DEFAULTS_MODE",
        "AWS_DISABLE_REQUEST_COMPRESSION",
        "AWS_MAX_ATTEMPTS",
        "AWS_METADATA_SERVICE_NUM_ATTEMPTS",
        "AWS_METADATA_SERVICE_TIMEOUT",
        "AWS_PAGER",
        "AWS_REQUEST_CHECKSUM_CALCULATION",
        "AWS_REQUEST_MIN_COMPRESSION_SIZE_BYTES",
        "AWS_RESPONSE_CHECKSUM_VALIDATION",
        "AWS_RETRY_MODE",
    }
)
_PROXIES = frozenset({"http_proxy", "https_proxy", "all_proxy", "no_proxy", "ftp_proxy"})


class Keys(Protocol):
    """An access key; `session_token` is empty for a lasting one."""

    @property
    def access_key_id(self) -> str: ...

    @property
    def secret_access_key(self) -> str: ...

    @property
    def session_token(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Reach:
    """How processes of this machine reach the plane. `url` is its endpoint and a proxy at once;
    `ca_bundle` the file of certificates to trust there."""

    url: str
    region: str
    ca_bundle: Path

    @classmethod
    def of(cls, state: Path, url: str, region: str) -> Reach:
        """The plane of a state folder."""
        return cls(url, region, state / "ca" / "bundle.pem")


def client_variables(reach: Reach, keys: Keys, region: str = "") -> dict[str, str]:
    """The variables that send AWS clients to the plane with those keys. `region` is the plane's
    own unless it is given."""
    variables = {
        **plane_variables(reach, region),
        "AWS_ACCESS_KEY_ID": keys.access_key_id,
        "AWS_SECRET_ACCESS_KEY": keys.secret_access_key,
    }
    if keys.session_token:
        variables["AWS_SESSION_TOKEN"] = keys.session_token
    return variables


def plane_variables(reach: Reach, region: str = "") -> dict[str, str]:
    """The same without keys, for a program that gets its own elsewhere."""
    bundle = str(reach.ca_bundle)
    variables = {
        **offline_variables(region or reach.region),
        "AWS_ENDPOINT_URL": reach.url,
        "NODE_EXTRA_CA_CERTS": bundle,
    }
    for name in ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "CURL_CA_BUNDLE"):
        variables[name] = bundle
    for name, value in (
        ("http_proxy", reach.url),
        ("https_proxy", reach.url),
        ("no_proxy", _NOT_PROXIED),
    ):
        variables[name] = variables[name.upper()] = value
    return variables


def offline_variables(region: str) -> dict[str, str]:
    """The variables of a program that has no keys and reaches nobody: its clients find out at
    once."""
    return {
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        # Only an instance has metadata; other clients would wait for it, or on an EC2 machine
        # find the real role's keys there.
        "AWS_EC2_METADATA_DISABLED": "true",
        # A profile of the person's own can't be named, not even in a program's source.
        "AWS_CONFIG_FILE": _NOWHERE,
        "AWS_SHARED_CREDENTIALS_FILE": _NOWHERE,
        "BOTO_CONFIG": _NOWHERE,
    }


def without_aws_settings(environment: Mapping[str, str]) -> dict[str, str]:
    """An environment without whatever says where AWS clients go, as whom, and through what:
    profiles, keys, endpoints, FIPS and dual-stack, container and web-identity credentials,
    proxies. What only says how they retry or print is kept."""
    return {
        name: value
        for name, value in environment.items()
        if (not name.upper().startswith("AWS_") or name in _HARMLESS)
        and name.lower() not in _PROXIES
    }
