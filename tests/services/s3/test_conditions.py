from __future__ import annotations

from datetime import UTC, datetime

import pytest

from kennel.services.s3.conditions import (
    ReadConditions,
    Stored,
    check_copy,
    check_read,
    check_write,
)
from kennel.services.s3.errors import (
    NoSuchKey,
    NotImplementedByS3,
    NotModified,
    PreconditionFailed,
)

STORED = Stored("abc", 1_000)
BEFORE = datetime.fromtimestamp(999, UTC)
THEN = datetime.fromtimestamp(1_000, UTC)
AFTER = datetime.fromtimestamp(1_001, UTC)


@pytest.mark.parametrize(
    "conditions",
    [
        ReadConditions(),
        ReadConditions(match='"abc"'),
        ReadConditions(match="abc"),
        ReadConditions(match='"x", "abc"'),
        ReadConditions(match="*"),
        ReadConditions(none_match='"x"'),
        ReadConditions(modified_since=BEFORE),
        ReadConditions(unmodified_since=THEN),
        # S3's two documented pairs, where the ETag outweighs the date.
        ReadConditions(match='"abc"', unmodified_since=BEFORE),
        ReadConditions(none_match='"x"', modified_since=AFTER),
    ],
)
def test_a_read_goes_on_where_its_conditions_hold(conditions):
    check_read(conditions, STORED)


@pytest.mark.parametrize(
    ("conditions", "header"),
    [
        (ReadConditions(match='"x"'), "If-Match"),
        (ReadConditions(unmodified_since=BEFORE), "If-Unmodified-Since"),
        (ReadConditions(match='"x"', none_match='"abc"'), "If-Match"),
    ],
)
def test_a_failed_precondition_names_its_header(conditions, header):
    with pytest.raises(PreconditionFailed) as caught:
        check_read(conditions, STORED)
    assert caught.value.members == {"Condition": header}


@pytest.mark.parametrize(
    "conditions",
    [
        ReadConditions(none_match='"abc"'),
        ReadConditions(none_match="*"),
        ReadConditions(modified_since=THEN),
        ReadConditions(modified_since=AFTER),
        ReadConditions(none_match='"abc"', modified_since=BEFORE),
    ],
)
def test_a_good_copy_is_not_sent_again(conditions):
    with pytest.raises(NotModified) as caught:
        check_read(conditions, STORED)
    assert caught.value.headers == {"ETag": '"abc"'}
    with pytest.raises(PreconditionFailed):
        check_copy(conditions, STORED)


def test_if_none_match_star_is_for_what_does_not_exist_yet():
    check_write("", "*", None, "key")
    with pytest.raises(PreconditionFailed):
        check_write("", "*", STORED, "key")


def test_a_write_may_insist_on_what_it_replaces():
    check_write('"abc"', "", STORED, "key")
    with pytest.raises(PreconditionFailed):
        check_write('"x"', "", STORED, "key")
    with pytest.raises(NoSuchKey):
        check_write('"abc"', "", None, "key")


def test_a_write_does_not_take_another_if_none_match():
    with pytest.raises(NotImplementedByS3):
        check_write("", '"abc"', None, "key")
