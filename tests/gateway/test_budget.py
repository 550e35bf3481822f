"""Bodies in memory have a bound all together, and a stranger's body is not taken at all."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from kennel.auth import AuthenticationError, Failure
from kennel.gateway.bodies import Receive, RequestEntityTooLargeException, read_body
from kennel.gateway.budget import BodyBudget, ServiceUnavailable
from kennel.wire import HttpRequest
from tests.auth.signing import KEY, Keys

_MIB = 1 << 20
_KEYS = Keys(KEY)


def _request(key: str = "", **headers: str) -> HttpRequest:
    if key:
        headers["authorization"] = f"AWS4-HMAC-SHA256 Credential={key}/20260101/r/s/aws4_request"
    return HttpRequest("POST", "/", "", {name.replace("_", "-"): v for name, v in headers.items()})


def _body(size: int) -> Receive:
    left = [size]

    async def receive() -> Any:
        piece = min(left[0], 64 << 10)
        left[0] -= piece
        return {"type": "http.request", "body": b"x" * piece, "more_body": left[0] > 0}

    return receive


def _read(budget: BodyBudget, request: HttpRequest, size: int) -> int:
    with budget.lease(request, _KEYS) as lease:
        return len(asyncio.run(read_body(request, lease.counting(_body(size)), 100 * _MIB)))


def test_bodies_share_one_budget_and_give_it_back() -> None:
    budget = BodyBudget(3 * _MIB)
    request = _request(KEY.access_key_id)
    with budget.lease(request, _KEYS) as first:
        asyncio.run(read_body(request, first.counting(_body(2 * _MIB)), 100 * _MIB))
        with pytest.raises(ServiceUnavailable):
            _read(budget, request, 2 * _MIB)
        assert budget.held == 2 * _MIB
        assert _read(budget, request, _MIB) == _MIB
    assert budget.held == 0
    assert _read(budget, request, 3 * _MIB) == 3 * _MIB


@pytest.mark.parametrize(
    ("request_", "failure"),
    [
        (_request("AKIAUNKNOWN"), Failure.UNKNOWN_KEY),
        (_request(), Failure.UNSIGNED),
        (_request(authorization="Bearer x"), Failure.UNSIGNED),
    ],
)
def test_no_more_of_a_strangers_body_is_read_than_it_takes_to_say_so(
    request_: HttpRequest, failure: Failure
) -> None:
    budget = BodyBudget()
    assert _read(budget, request_, _MIB) == _MIB
    with pytest.raises(AuthenticationError) as caught:
        _read(budget, request_, 50 * _MIB)
    assert caught.value.failure is failure
    assert budget.held == 0


def test_a_form_has_its_key_in_its_body() -> None:
    form = _request(content_type="multipart/form-data; boundary=b")
    assert _read(BodyBudget(), form, 2 * _MIB) == 2 * _MIB


def test_a_body_that_is_said_to_be_too_long_is_refused_before_any_of_it_comes() -> None:
    async def receive() -> Any:
        raise AssertionError("nothing was to be read")

    request = _request(content_length=str(1 << 40))
    with pytest.raises(RequestEntityTooLargeException):
        asyncio.run(read_body(request, receive, 72 * _MIB))
