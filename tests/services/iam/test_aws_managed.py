"""One policy of AWS's is found as it stands among all."""

from __future__ import annotations

from kennel.services.iam.aws_managed import aws_managed_policies, aws_managed_policy


def test_each_policy_is_found_by_its_arn() -> None:
    every = aws_managed_policies()
    assert len(every) > 1_000
    for arn in [*list(every)[::100], list(every)[-1]]:
        assert aws_managed_policy(arn) == every[arn]


def test_what_is_no_policy_of_awss_is_none() -> None:
    prefix = "arn:aws:iam::aws:policy/"
    for arn in ("", "Statement", "none", "service-role/AmazonS3FullAccess", 'A":{"'):
        assert aws_managed_policy(prefix + arn) is None
    assert aws_managed_policy("arn:aws:iam::123456789012:policy/AmazonS3FullAccess") is None
