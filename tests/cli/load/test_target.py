import boto3
import pytest
from botocore.stub import Stubber

from kennel.cli.errors import CommandError, UsageError
from kennel.cli.load.target import Kind, Target, find_target, parse_target

ENDPOINT = {
    "EndpointName": "dogs",
    "EndpointArn": "arn:aws:sagemaker:us-east-1:000000000000:endpoint/dogs",
    "EndpointStatus": "InService",
    "CreationTime": 0,
    "LastModifiedTime": 0,
}
MISSING = {"sagemaker": "ValidationException", "lambda": "ResourceNotFoundException"}


class Stubbed:
    """A service whose two clients each answer one question: a reply, or an error's code."""

    region = "us-east-1"
    where = "nowhere"

    def __init__(self, **answers):
        self.clients = {}
        for service, operation in (
            ("sagemaker", "describe_endpoint"),
            ("lambda", "get_function_configuration"),
        ):
            client = boto3.client(
                service, region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b"
            )
            stubber = Stubber(client)
            answer = answers.get(service.strip("_"), MISSING[service])
            if isinstance(answer, str):
                stubber.add_client_error(operation, answer)
            else:
                stubber.add_response(operation, answer)
            stubber.activate()
            self.clients[service] = client

    def client(self, service, **config):
        return self.clients[service]


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("dogs", Target(None, "dogs")),
        ("endpoint:dogs", Target(Kind.ENDPOINT, "dogs")),
        ("function:dogs", Target(Kind.FUNCTION, "dogs")),
        ("dogs:live", Target(Kind.FUNCTION, "dogs", "live")),
        ("function:dogs:$LATEST", Target(Kind.FUNCTION, "dogs", "$LATEST")),
        (ENDPOINT["EndpointArn"], Target(Kind.ENDPOINT, "dogs", region="us-east-1")),
        (
            "arn:aws:lambda:eu-west-1:000000000000:function:dogs:2",
            Target(Kind.FUNCTION, "dogs", "2", "eu-west-1"),
        ),
    ],
)
def test_a_target_is_a_name_or_an_arn(text, target):
    assert parse_target(text) == target


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a/b",
        "endpoint:",
        "endpoint:dogs:live",
        "dogs:",
        "arn:aws:s3:::bucket",
        "arn:aws:sagemaker:us-east-1:0:model/dogs",
        "arn:aws:lambda:us-east-1:0:endpoint/dogs",
    ],
)
def test_what_names_nothing_is_refused(text):
    with pytest.raises(UsageError):
        parse_target(text)


def test_a_name_of_one_kind_is_that():
    found = find_target(parse_target("dogs"), Stubbed(sagemaker=ENDPOINT))
    assert found == Target(Kind.ENDPOINT, "dogs")
    found = find_target(parse_target("dogs"), Stubbed(**{"lambda": {"State": "Active"}}))
    assert found == Target(Kind.FUNCTION, "dogs")


def test_a_name_of_both_kinds_must_say_which():
    both = Stubbed(sagemaker=ENDPOINT, **{"lambda": {"State": "Active"}})
    with pytest.raises(UsageError, match="endpoint:dogs or function:dogs"):
        find_target(parse_target("dogs"), both)


def test_a_name_that_may_not_be_looked_up_as_the_other_kind_is_what_was_found():
    service = Stubbed(sagemaker=ENDPOINT, **{"lambda": "AccessDeniedException"})
    assert find_target(parse_target("dogs"), service).kind is Kind.ENDPOINT


def test_a_name_of_nothing_is_told():
    with pytest.raises(UsageError, match="no endpoint or function dogs at nowhere"):
        find_target(parse_target("dogs"), Stubbed())
    for text in ("endpoint:dogs", "function:dogs"):
        kind = text.partition(":")[0]
        with pytest.raises(UsageError, match=f"There is no {kind} dogs at nowhere"):
            find_target(parse_target(text), Stubbed())


def test_an_endpoint_that_is_not_ready_is_told():
    creating = ENDPOINT | {"EndpointStatus": "Creating"}
    with pytest.raises(CommandError, match="endpoint dogs is Creating"):
        find_target(parse_target("endpoint:dogs"), Stubbed(sagemaker=creating))


def test_an_arn_of_another_region_is_told():
    arn = "arn:aws:lambda:eu-west-1:000000000000:function:dogs"
    with pytest.raises(UsageError, match="eu-west-1"):
        find_target(parse_target(arn), Stubbed())
