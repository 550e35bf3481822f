"""`kennel iam decisions` and the page that it reads."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from typing import Any

import boto3
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.httpsession import URLLib3Session

from kennel.decisions import Outcome
from tests.planes import Plane, clean_environment
from tests.recorded import Call, session, tell, user

CALLS = [
    Call(session("trainer", "job-1"), "s3:GetObject", "arn:aws:s3:::photos/1.jpg"),
    Call(session("trainer", "job-2"), "s3:GetObject", "arn:aws:s3:::photos/1.jpg"),
    Call(session("trainer"), "s3:PutObject", "arn:aws:s3:::photos/1.jpg", Outcome.DENIED),
    Call(user("ada"), "s3:ListAllMyBuckets", "*", Outcome.OBSERVED),
    Call(user("ada"), "s3:ListBucket", "arn:aws:s3:::b", facts={"s3:prefix": ("x",)}),
    Call(user("ada"), "s3:ListBucket", "arn:aws:s3:::b", facts={"s3:prefix": ("y",)}),
    Call(session("twin"), "s3:ListAllMyBuckets"),
    Call(user("twin"), "s3:ListAllMyBuckets"),
]


@pytest.fixture(scope="module")
def plane(module_plane_factory) -> Plane:
    made: Plane = module_plane_factory(start=False)
    tell(made.state, CALLS)
    return made.start()


def test_the_lines_are_counted_and_say_who_what_and_why(plane):
    answer = plane.command("iam", "decisions")
    assert (answer.returncode, answer.stderr) == (0, "")
    headings, *lines = answer.stdout.splitlines()
    assert headings.split() == ["LAST", "RESULT", "COUNT", "WHO", "ACTION", "RESOURCE", "WHY"]
    cells = [line.split(maxsplit=7)[2:] for line in lines]
    assert cells[0][:5] == ["allowed", "2", "role/trainer", "s3:GetObject", CALLS[0].resource]
    assert cells[1][0] == "denied"
    assert cells[1][5] == "no identity-based policy allows it"
    assert len({line.index(CALLS[0].action[:3]) for line in lines}) == 1  # they line up


def test_rows_that_would_look_alike_say_in_what_they_differ(plane):
    lines = plane.command("iam", "decisions", "ada").stdout.splitlines()[1:]
    found = [line.rpartition("  ")[2].strip() for line in lines if "s3:ListBucket" in line]
    assert found == ["(s3:prefix=x)", "(s3:prefix=y)"]


def test_denied_shows_what_was_denied_or_only_let_pass(plane):
    lines = plane.command("iam", "decisions", "--denied").stdout.splitlines()[1:]
    assert [line.split()[2] for line in lines] == ["denied", "observed"]
    answer = plane.command("iam", "decisions", "--denied", "role/twin")
    assert answer.stdout == "Nothing was denied.\n"


def test_a_name_chooses_one_holder_and_an_ambiguous_one_is_refused(plane):
    found = json.loads(plane.command("iam", "decisions", "trainer", "--json").stdout)
    assert {one["holder"] for one in found} == {"arn:aws:iam::000000000000:role/trainer"}
    assert found[0]["principal"]["arn"].endswith("assumed-role/trainer/job-2")
    assert found[0]["count"] == 2
    answer = plane.command("iam", "decisions", "twin")
    assert answer.returncode == 2
    assert "user/twin" in answer.stderr
    assert "role/twin" in answer.stderr
    assert plane.command("iam", "decisions", "user/twin").returncode == 0


def test_a_sessions_arn_means_its_role_and_a_name_that_nobody_has_is_said(plane):
    arn = "arn:aws:sts::000000000000:assumed-role/trainer/job-9"
    found = json.loads(plane.command("iam", "decisions", arn, "--json").stdout)
    assert {one["holder"] for one in found} == {"arn:aws:iam::000000000000:role/trainer"}
    answer = plane.command("iam", "decisions", "role/trianer")
    assert (answer.returncode, answer.stdout) == (1, "")
    assert "There is no role trianer, and no call of one is recorded." in answer.stderr


@pytest.mark.parametrize("typed", ["yesterday", "-1h"])
def test_a_time_that_can_not_be_read_is_bad_input(plane, typed):
    answer = plane.command("iam", "decisions", f"--since={typed}")
    assert answer.returncode == 2
    assert answer.stderr.count("\n") == 1


def test_since_leaves_out_what_was_last_asked_before(plane):
    assert plane.command("iam", "decisions", "--since", "1d").stdout.count("\n") > 1
    assert plane.command("iam", "decisions", "--since", "2100-01-01").stdout.count("\n") == 1


def test_follow_prints_what_is_there_and_goes_on_until_interrupted(plane):
    command = [sys.executable, "-m", "kennel", "iam", "decisions", "--follow", "--json"]
    following = subprocess.Popen(
        command,
        env=clean_environment() | {"KENNEL_STATE": str(plane.state)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert following.stdout is not None
    first = json.loads(following.stdout.readline())
    following.send_signal(signal.SIGINT)
    following.stdout.close()
    assert following.wait(60) == 130
    assert first["action"] == "s3:GetObject"


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("limit=0", "limit"),
        ("since=soon", "since"),
        ("outcome=maybe", "maybe"),
        ("colour=red", "colour"),
        ("after=-1", "after"),
    ],
)
def test_the_page_refuses_what_it_can_not_read_by_name(plane, query, said):
    status, body = plane.connection.get(f"/_kennel/decisions?{query}")
    assert status == 400
    assert said in json.loads(body)["message"]


def test_the_page_comes_in_pieces_that_add_up(plane):
    seen: list[int] = []
    page: dict[str, Any] = {"next": 0}
    while page["next"] is not None:
        status, body = plane.connection.get(f"/_kennel/decisions?limit=2&after={page['next']}")
        assert status == 200
        page = json.loads(body)
        seen += [one["id"] for one in page["decisions"]]
    whole = json.loads(plane.connection.get("/_kennel/decisions")[1])
    assert seen == [one["id"] for one in whole["decisions"]]


def test_the_page_is_the_roots_alone(plane):
    iam = plane.client("iam")
    iam.create_user(UserName="curious")
    key = iam.create_access_key(UserName="curious")["AccessKey"]
    keys = boto3.Session(key["AccessKeyId"], key["SecretAccessKey"]).get_credentials()
    asked = AWSRequest("GET", plane.url + "/_kennel/decisions")
    SigV4Auth(keys, "kennel", "us-east-1").add_auth(asked)
    reply = URLLib3Session().send(asked.prepare())
    assert reply.status_code == 403
    assert "kennel:ListDecisions" in json.loads(reply.content)["message"]


def test_follow_ends_with_a_sentence_and_an_error_when_the_plane_is_gone(plane):
    command = [sys.executable, "-m", "kennel", "iam", "decisions", "--follow", "--json"]
    following = subprocess.Popen(
        command,
        env=clean_environment() | {"KENNEL_STATE": str(plane.state)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert following.stdout is not None
    following.stdout.readline()
    plane.kill()
    _, said = following.communicate(timeout=60)
    assert following.returncode == 1
    assert "The plane is gone" in said
    assert said.count("\n") == 1
