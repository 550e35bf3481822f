"""boto3's own paginators, every one whose operation docs/coverage.md calls real or bookkeeping.

Which there are is read from botocore's data; the package listings says of each what to
walk.
"""

from __future__ import annotations

import math
from typing import Any

import jmespath
import pytest
from botocore import xform_name
from botocore.exceptions import ClientError

from scripts.coverage_page import coverage
from tests.conftest import PlaneFactory
from tests.integration.listings import LISTINGS, Listing
from tests.integration.stage import Stage

BAD_TOKEN = {
    "application-autoscaling": "InvalidNextTokenException",
    "cloudwatch DescribeAlarmHistory": "InvalidNextToken",
    "cloudwatch DescribeAlarms": "InvalidNextToken",
    "cloudwatch GetMetricData": "InvalidNextToken",
    "cloudwatch ListMetrics": "InvalidParameterValue",
    "iam": "ValidationError",
    "lambda": "InvalidParameterValueException",
    "logs": "InvalidParameterException",
    "s3": "InvalidArgument",
    "sagemaker": "ValidationException",
}
NONSENSE = ("nonsense", "bm9uc2Vuc2U=", "kwECAw==")  # base64 of a word, and of MessagePack


@pytest.fixture(scope="module")
def stage(module_plane_factory: PlaneFactory) -> Stage:
    return Stage(module_plane_factory())


@pytest.fixture(scope="module")
def walks() -> dict[tuple[str, str], Listing]:
    """The lists that are made already."""
    return {}


@pytest.fixture(params=sorted(LISTINGS), ids=" ".join)
def walk(request: Any, stage: Stage, walks: dict[tuple[str, str], Listing]) -> Walk:
    service, operation = request.param
    if request.param not in walks:
        walks[request.param] = LISTINGS[request.param](stage)
    return Walk(stage.client(service), service, operation, walks[request.param])


class Walk:
    """A list, and boto3's paginator for it."""

    def __init__(self, client: Any, service: str, operation: str, listing: Listing) -> None:
        self.client, self.service, self.listing = client, service, listing
        self.name = f"{service} {operation}"
        self.method = xform_name(operation)
        self.paginator: Any = client.get_paginator(self.method)
        # The paginator knows these from paginators-1.json.
        self.model: dict[str, Any] = client._cache["page_config"][operation]
        self._size = {"PageSize": listing.page_size} if "limit_key" in self.model else {}

    def pages(self, **config: Any) -> Any:
        return self.paginator.paginate(
            **self.listing.parameters, PaginationConfig={**self._size, **config}
        )

    def seen(self, *pages: Any) -> dict[str, list[Any]]:
        """What the pages show, in their order."""
        return {
            expression: [item for page in pages for item in jmespath.search(expression, page) or ()]
            for expression in self.listing.items
        }

    @property
    def all(self) -> dict[str, list[Any]]:
        return {expression: list(items) for expression, items in self.listing.items.items()}


def test_every_paginator_of_a_covered_operation_is_walked() -> None:
    wanted = {(one.service, name) for one in coverage() for name in one.paginators}
    missing = [" ".join(pair) for pair in sorted(wanted - LISTINGS.keys())]
    assert not missing, f"no recipe for {missing}: add it to tests/integration/listings"
    assert LISTINGS.keys() == wanted, "listings has what no paginator of boto3's can walk"


def test_every_item_comes_once_and_in_order(walk: Walk) -> None:
    pages = list(walk.pages())
    assert walk.seen(*pages) == walk.all
    count = sum(len(items) for items in walk.listing.items.values())
    assert len(pages) == math.ceil(count / walk.listing.page_size)
    assert len(pages) >= 3 or walk.listing.few


def test_pages_add_up_to_one_result(walk: Walk) -> None:
    assert walk.seen(walk.pages().build_full_result()) == walk.all


def test_a_walk_is_taken_up_where_it_was_left(walk: Walk) -> None:
    """Of a list with several results boto3 counts the first alone, and takes up only that."""
    primary = walk.paginator.result_keys[0]
    count = sum(len(primary.search(page) or ()) for page in walk.pages())
    shown = next(iter(walk.all))
    for items in range(1, min(count, 8)):
        first = walk.pages(MaxItems=items).build_full_result()
        rest = walk.pages(StartingToken=first["NextToken"]).build_full_result()
        assert len(primary.search(first)) == items
        assert walk.seen(first, rest)[shown] == walk.all[shown]
        assert "NextToken" not in rest


def test_a_token_that_no_page_gave_is_refused(walk: Walk) -> None:
    """With the service's error for it; S3's key markers alone may be anything."""
    given = walk.listing.bad_token
    if given is None:
        assert walk.service == "s3"
        return
    for token in NONSENSE:
        bad = given or {walk.paginator._input_token[-1]: token}
        with pytest.raises(ClientError) as refused:
            getattr(walk.client, walk.method)(**{**walk.listing.parameters, **bad})
        code = refused.value.response["Error"]["Code"]
        assert code == BAD_TOKEN.get(walk.name, BAD_TOKEN.get(walk.service))
