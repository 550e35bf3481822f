import os
import signal
import subprocess
import sys
import time
import uuid
from typing import Any

import pytest

from kennel.cli import logs
from kennel.cli.log_sources import find_sources
from kennel.cli.main import main
from tests.cli.stubs import stubbed_plane
from tests.planes import clean_environment, wait_until


@pytest.fixture
def log_group(client):
    """`log_group(group, stream, *lines)` writes lines a millisecond apart; the group is new."""
    made = client("logs")
    first = int(time.time() * 1000)

    def write(group, stream, *lines, at=0):
        for make, names in (
            (made.create_log_group, {"logGroupName": group}),
            (made.create_log_stream, {"logGroupName": group, "logStreamName": stream}),
        ):
            try:
                make(**names)
            except made.exceptions.ResourceAlreadyExistsException:
                pass
        events = [
            {"timestamp": first + at + number, "message": line} for number, line in enumerate(lines)
        ]
        made.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)

    return write


@pytest.fixture
def name():
    return f"thing-{uuid.uuid4().hex[:12]}"


@pytest.mark.parametrize(
    ("group", "prefix", "kind"),
    [
        ("/aws/lambda/{}", "", "function"),
        ("/aws/sagemaker/Endpoints/{}", "", "endpoint"),
        ("/aws/sagemaker/TrainingJobs", "{}/", "training-job"),
    ],
)
def test_the_log_of_a_thing_that_is_gone_can_still_be_read(
    plane, log_group, name, group, prefix, kind
):
    log_group(group.format(name), prefix.format(name) + "one", "first", "second")
    for resource in (name, f"{kind}/{name}"):
        answer = plane.command("logs", resource)
        assert (answer.returncode, answer.stdout) == (0, "first\nsecond\n"), answer.stderr


def test_a_log_group_can_be_named_itself(plane, log_group, name):
    log_group(f"/my/{name}", "s", "line")
    assert plane.command("logs", f"/my/{name}").stdout == "line\n"
    assert plane.command("logs", f"/no/{name}").returncode == 1


def test_lines_of_several_streams_come_in_order_of_time_with_their_stream(plane, log_group, name):
    log_group(f"/aws/lambda/{name}", "a", "1", "3", at=0)
    log_group(f"/aws/lambda/{name}", "b", "2", at=0)
    log_group(f"/aws/lambda/{name}", "b", "4", at=10)
    lines = plane.command("logs", name).stdout.splitlines()
    assert sorted(lines[:3]) == ["[a] 1", "[a] 3", "[b] 2"]
    assert lines.index("[a] 1") < lines.index("[a] 3") < lines.index("[b] 4")


def test_the_hosts_of_a_job_are_told_apart_without_the_jobs_name(plane, log_group, name):
    log_group("/aws/sagemaker/TrainingJobs", f"{name}/algo-1-1", "epoch 1", at=0)
    log_group("/aws/sagemaker/TrainingJobs", f"{name}/algo-2-1", "epoch 1", at=10)
    assert plane.command("logs", name).stdout == "[algo-1-1] epoch 1\n[algo-2-1] epoch 1\n"


def test_a_job_whose_name_begins_anothers_gets_its_own_log_only(plane, log_group, name):
    log_group("/aws/sagemaker/TrainingJobs", f"{name}/algo-1-1", "mine")
    log_group("/aws/sagemaker/TrainingJobs", f"{name}-2/algo-1-1", "not mine")
    assert plane.command("logs", name).stdout == "mine\n"


def test_timestamps_are_utc_to_the_millisecond(plane, log_group, name):
    log_group(f"/aws/lambda/{name}", "s", "line")
    stamp, line = plane.command("logs", "--timestamps", name).stdout.split()
    assert line == "line"
    assert len(stamp) == len("2026-01-02T03:04:05.678Z")
    assert stamp.startswith(time.strftime("%Y-", time.gmtime()))
    assert stamp.endswith("Z")


def test_a_log_of_many_pages_is_printed_whole(plane, log_group, name):
    for batch in range(3):
        lines = [f"{batch}-{number}" for number in range(5000)]
        log_group(f"/aws/lambda/{name}", "s", *lines, at=batch * 5000)
    assert plane.command("logs", name).stdout.count("\n") == 15000


def test_follow_prints_what_comes_later_until_it_is_interrupted(plane, log_group, name, tmp_path):
    log_group(f"/aws/lambda/{name}", "s", "early")
    seen = tmp_path / "seen"
    with seen.open("w") as output:
        following = subprocess.Popen(
            [sys.executable, "-m", "kennel", "logs", "-f", name, "--state", str(plane.state)],
            stdout=output,
            stderr=subprocess.PIPE,
            env=clean_environment(),
        )
    try:
        wait_until(lambda: seen.read_text() == "early\n")
        log_group(f"/aws/lambda/{name}", "s", "late", at=1000)
        log_group(f"/aws/lambda/{name}", "another", "new stream", at=2000)
        wait_until(lambda: "new stream" in seen.read_text())
        assert seen.read_text() == "early\nlate\n[another] new stream\n" or (
            seen.read_text() == "early\n[s] late\n[another] new stream\n"
        )
        os.kill(following.pid, signal.SIGINT)
        assert following.wait(30) == 130
        assert following.stderr is not None
        assert following.stderr.read() == b""
    finally:
        following.kill()
        following.communicate()


def test_an_unknown_name_says_what_names_are_taken(plane, name):
    answer = plane.command("logs", name)
    assert answer.returncode == 1
    assert name in answer.stderr
    assert "kennel ps --all" in answer.stderr


def test_a_missing_thing_whose_kind_was_given_is_named_by_that_kind(plane, name):
    answer = plane.command("logs", f"endpoint/{name}")
    assert answer.returncode == 1
    assert answer.stderr.startswith(f"kennel: There is no endpoint named {name}, and no log of one")


def test_a_name_of_two_things_asks_which_one(monkeypatch, capsys):
    made = {"EndpointName": "dogs", "EndpointArn": "arn:" + "x" * 30, "EndpointStatus": "InService"}
    answers: dict[str, list[tuple[str, Any]]] = {
        "sagemaker": [
            ("describe_training_job", "ValidationException"),
            ("describe_hyper_parameter_tuning_job", "ResourceNotFound"),
            ("describe_endpoint", {**made, "CreationTime": 1, "LastModifiedTime": 1}),
            ("describe_notebook_instance", "ValidationException"),
        ],
        "lambda": [("get_function_configuration", {"FunctionName": "dogs"})],
    }
    monkeypatch.setattr(logs, "connect", lambda state: stubbed_plane(answers))
    assert main(["logs", "dogs"]) == 1
    error = capsys.readouterr().err
    assert "endpoint/dogs or function/dogs" in error


def test_a_tuning_jobs_log_is_the_log_of_its_trials():
    trial = {
        "TrainingJobName": "search-001",
        "TrainingJobArn": "arn",
        "CreationTime": 1,
        "TrainingJobStatus": "Completed",
        "TunedHyperParameters": {},
    }
    described = {
        "HyperParameterTuningJobName": "search",
        "HyperParameterTuningJobArn": "arn",
        "HyperParameterTuningJobConfig": {
            "Strategy": "Random",
            "ResourceLimits": {"MaxParallelTrainingJobs": 1},
        },
        "HyperParameterTuningJobStatus": "Completed",
        "CreationTime": 1,
        "TrainingJobStatusCounters": {},
        "ObjectiveStatusCounters": {},
    }
    trials = "list_training_jobs_for_hyper_parameter_tuning_job"
    plane = stubbed_plane(
        {
            "sagemaker": [
                ("describe_hyper_parameter_tuning_job", described),
                (trials, {"TrainingJobSummaries": [trial]}),
                ("describe_hyper_parameter_tuning_job", described),
            ]
        }
    )
    (source,) = find_sources(plane, "tuning-job/search")
    assert source.group == "/aws/sagemaker/TrainingJobs"
    assert source.prefixes() == ["search-001/"]
    assert source.has_ended()
