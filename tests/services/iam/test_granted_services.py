"""Which services policies let somebody into."""

from __future__ import annotations

import pytest

from kennel.policy import PolicyKind, parse_policy
from kennel.services.iam.granted_services import GrantedServices, service_title
from tests.services.iam.stage import document

HERE = {"s3:GetObject", "s3:PutObject", "sagemaker:InvokeEndpoint", "lambda:InvokeFunction"}


def granted(*texts: str) -> GrantedServices:
    return GrantedServices([parse_policy(text, PolicyKind.IDENTITY) for text in texts], HERE)


@pytest.mark.parametrize(
    ("statement", "namespaces", "actions"),
    [
        ({"Action": "s3:Get*"}, ["s3"], ["s3:GetObject"]),
        ({"Action": "S3:getobject"}, ["s3"], ["s3:GetObject"]),
        ({"Action": "*"}, ["lambda", "s3", "sagemaker"], sorted(HERE)),
        ({"Action": ["ec2:RunInstances", "s3:PutObject"]}, ["ec2", "s3"], ["s3:PutObject"]),
        ({"NotAction": ["s3:*", "lambda:*"]}, ["sagemaker"], ["sagemaker:InvokeEndpoint"]),
        ({"Action": "*", "Effect": "Deny"}, [], []),
    ],
)
def test_what_is_allowed_is_listed_and_no_deny_is_looked_at(statement, namespaces, actions):
    found = granted(document(Resource="*", **statement))
    assert (found.namespaces(), found.actions()) == (namespaces, actions)


def test_policies_add_up():
    found = granted(
        document(Action="s3:GetObject", Resource="*"), document(Action="lambda:*", Resource="*")
    )
    assert found.namespaces() == ["lambda", "s3"]
    assert found.actions("lambda") == ["lambda:InvokeFunction"]


def test_services_of_the_plane_have_titles():
    assert service_title("s3") == "Amazon S3"
    assert service_title("ec2") == "ec2"
