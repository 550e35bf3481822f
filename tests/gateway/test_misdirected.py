"""The plane answers by its own names and AWS's, whatever a page's name points at."""

from __future__ import annotations

import pytest

from kennel.gateway.misdirected import refusal
from kennel.wire import HttpRequest


def _status(host: str, path: str = "/", **headers: str) -> int | None:
    refused = refusal(HttpRequest("GET", path, "", {"host": host, **headers}))
    return None if refused is None else refused.status


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1:4566",
        "127.0.0.1",
        "127.8.8.8:1",
        "localhost:4566",
        "LOCALHOST",
        "dogs.localhost:4566",
        "[::1]:4566",
        "sts.us-east-1.amazonaws.com",
        "dogs.s3.us-east-1.amazonaws.com:443",
        "runtime.sagemaker.us-east-1.amazonaws.com",
    ],
)
def test_this_machines_names_and_awss_are_served(host: str) -> None:
    assert _status(host) is None


@pytest.mark.parametrize(
    "host",
    [
        "",
        "evil.example",
        "evil.example:4566",
        "127.0.0.1.evil.example",
        "localhost.evil.example:4566",
        "amazonaws.com.evil.example",
        "evilamazonaws.com",
        "localhost,evil.example",
        "evil.example,localhost",
        "10.0.0.1",
        "169.254.169.254",
        "0.0.0.0",
        "[::ffff:8.8.8.8]:80",
        "[::1",
        "a@evil.example",
        "localhost@evil.example",
    ],
)
def test_any_other_name_is_misdirected(host: str) -> None:
    assert _status(host) == 421


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:1", ""])
def test_a_foreign_page_may_not_ask_for_what_is_the_planes_own(origin: str) -> None:
    assert _status("127.0.0.1:4566", "/_kennel/status", origin=origin) == 403
    # A web application of one's own may put its users' files into a bucket.
    assert _status("127.0.0.1:4566", "/bucket/key", origin=origin) is None


def test_a_page_of_the_planes_own_may() -> None:
    assert _status("127.0.0.1:4566", "/_kennel/status", origin="http://127.0.0.1:4566") is None
