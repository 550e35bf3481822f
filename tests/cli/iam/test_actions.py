"""AWS's reference of actions."""

from __future__ import annotations

import pytest

from kennel.cli.iam.actions import action_reference


def test_an_action_has_its_level_its_resources_and_its_condition_keys():
    found = action_reference().find("S3:getobject")
    assert found is not None
    assert (found.name, found.level) == ("s3:GetObject", "Read")
    assert "arn:*:s3:::*/*" in found.arns
    assert "s3:ExistingObjectTag/<key>" in found.condition_keys


def test_an_action_without_resources_has_none():
    found = action_reference().find("s3:ListAllMyBuckets")
    assert found is not None
    assert found.arns == ()


def test_what_is_not_there_is_none():
    assert action_reference().find("s3:GetObjects") is None
    assert action_reference().find("nothing:Get") is None


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("s3:GetObject", {"s3:GetObject"}),
        (
            "sagemaker:InvokeEndpoint*",
            {
                "sagemaker:InvokeEndpoint",
                "sagemaker:InvokeEndpointAsync",
                "sagemaker:InvokeEndpointWithResponseStream",
            },
        ),
        ("*:AssumeRole", {"sts:AssumeRole"}),
        ("s3:Nothing*", set()),
    ],
)
def test_a_pattern_stands_for_the_actions_that_fit(pattern, names):
    assert {one.name for one in action_reference().expand(pattern)} == names


def test_a_star_is_every_action_of_aws():
    assert len(list(action_reference().expand("*"))) > 10_000
