"""Patterns that stand for many resources."""

from __future__ import annotations

import pytest

from kennel.decisions.folding import patterns_of


@pytest.mark.parametrize(
    ("arn", "patterns"),
    [
        (
            "arn:aws:s3:::photos/data/train/1.jpg",
            [
                "arn:aws:s3:::photos/data/train/*",
                "arn:aws:s3:::photos/data/*",
                "arn:aws:s3:::photos/*",
                "arn:aws:s3:::*",
            ],
        ),
        ("arn:aws:s3:::photos", ["arn:aws:s3:::*"]),
        (
            "arn:aws:sagemaker:us-east-1:000000000000:training-job/a",
            [
                "arn:aws:sagemaker:us-east-1:000000000000:training-job/*",
                "arn:aws:sagemaker:us-east-1:000000000000:*",
            ],
        ),
        (
            "arn:aws:logs:us-east-1:000000000000:log-group:/aws/x:log-stream:y",
            [
                "arn:aws:logs:us-east-1:000000000000:log-group:/aws/x:log-stream:*",
                "arn:aws:logs:us-east-1:000000000000:log-group:/aws/x:*",
                "arn:aws:logs:us-east-1:000000000000:log-group:/aws/*",
                "arn:aws:logs:us-east-1:000000000000:log-group:/*",
                "arn:aws:logs:us-east-1:000000000000:log-group:*",
                "arn:aws:logs:us-east-1:000000000000:*",
            ],
        ),
        ("*", []),
        ("arn:aws:s3:::*", []),
    ],
)
def test_patterns_go_from_the_folder_to_the_service(arn, patterns):
    assert list(patterns_of(arn)) == patterns


def test_a_deep_folder_has_few_patterns():
    patterns = patterns_of("arn:aws:s3:::photos/" + "a/" * 300 + "x")
    assert len(patterns) == 9
    assert patterns[0] == "arn:aws:s3:::photos/" + "a/" * 300 + "*"
    assert patterns[-2:] == ["arn:aws:s3:::photos/*", "arn:aws:s3:::*"]
