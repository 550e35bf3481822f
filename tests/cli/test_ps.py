import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from kennel.cli import ps
from kennel.cli.main import main
from tests.cli.stubs import stubbed_plane

MADE = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
ARN = "arn:aws:sagemaker:us-east-1:000000000000:thing/with-a-name"

TRAINING = [
    (
        "list_training_jobs",
        {
            "TrainingJobSummaries": [
                {
                    "TrainingJobName": "dogs",
                    "TrainingJobArn": ARN,
                    "CreationTime": MADE,
                    "TrainingJobStatus": "InProgress",
                }
            ]
        },
    ),
    (
        "describe_training_job",
        {
            "TrainingJobName": "dogs",
            "TrainingJobArn": ARN,
            "ModelArtifacts": {"S3ModelArtifacts": "s3://b/k"},
            "TrainingJobStatus": "InProgress",
            "SecondaryStatus": "Downloading",
            "StoppingCondition": {},
            "CreationTime": MADE,
            "ResourceConfig": {
                "InstanceCount": 2,
                "InstanceType": "ml.m5.large",
                "VolumeSizeInGB": 1,
            },
        },
    ),
]
TUNING = (
    "list_hyper_parameter_tuning_jobs",
    {
        "HyperParameterTuningJobSummaries": [
            {
                "HyperParameterTuningJobName": "search",
                "HyperParameterTuningJobArn": ARN,
                "HyperParameterTuningJobStatus": "InProgress",
                "Strategy": "Bayesian",
                "CreationTime": MADE,
                "TrainingJobStatusCounters": {
                    "Completed": 2,
                    "InProgress": 1,
                    "NonRetryableError": 1,
                },
                "ObjectiveStatusCounters": {},
            }
        ]
    },
)
ENDPOINTS = [
    (
        "list_endpoints",
        {
            "Endpoints": [
                {
                    "EndpointName": "breeds",
                    "EndpointArn": ARN,
                    "CreationTime": MADE,
                    "LastModifiedTime": MADE,
                    "EndpointStatus": "Updating",
                }
            ]
        },
    ),
    (
        "describe_endpoint",
        {
            "EndpointName": "breeds",
            "EndpointArn": ARN,
            "EndpointStatus": "Updating",
            "CreationTime": MADE,
            "LastModifiedTime": MADE,
            "ProductionVariants": [
                {"VariantName": "a", "CurrentInstanceCount": 1, "DesiredInstanceCount": 3}
            ],
        },
    ),
]
FUNCTIONS = (
    "list_functions",
    {
        "Functions": [
            {
                "FunctionName": "ask",
                "Runtime": "python3.11",
                "MemorySize": 128,
                "State": "Active",
                "LastModified": "2026-01-02T03:04:05.000+0000",
            }
        ]
    },
)
NOTEBOOKS = (
    "list_notebook_instances",
    {
        "NotebookInstances": [
            {
                "NotebookInstanceName": "lab",
                "NotebookInstanceArn": ARN,
                "NotebookInstanceStatus": "InService",
                "InstanceType": "ml.t3.medium",
                "CreationTime": MADE,
            },
            {
                "NotebookInstanceName": "asleep",
                "NotebookInstanceArn": ARN,
                "NotebookInstanceStatus": "Stopped",
                "InstanceType": "ml.t3.medium",
                "CreationTime": MADE,
            },
        ]
    },
)
NONE: list[tuple[str, Any]] = [
    ("list_training_jobs", {"TrainingJobSummaries": []}),
    ("list_hyper_parameter_tuning_jobs", {"HyperParameterTuningJobSummaries": []}),
    ("list_endpoints", {"Endpoints": []}),
    ("list_notebook_instances", {"NotebookInstances": []}),
]


@pytest.fixture
def kennel_ps(monkeypatch, capsys):
    """Runs `kennel ps` in this process against a plane that answers from a script."""

    def run(answers, *options, policy_time=None):
        monkeypatch.setattr(ps, "connect", lambda state: stubbed_plane(answers, policy_time))
        assert main(["ps", *options]) == 0
        return capsys.readouterr().out

    return run


def test_everything_that_runs_is_a_line(kennel_ps):
    answers = {"sagemaker": [*TRAINING, TUNING, *ENDPOINTS, NOTEBOOKS], "lambda": [FUNCTIONS]}
    found = json.loads(kennel_ps(answers, "--json"))
    assert [(x["kind"], x["name"], x["status"], x["detail"]) for x in found] == [
        ("training-job", "dogs", "InProgress", "2 x ml.m5.large, Downloading"),
        ("tuning-job", "search", "InProgress", "2 trials completed, 1 running, 1 failed"),
        ("endpoint", "breeds", "Updating", "a: 1 of 3 instances"),
        ("function", "ask", "Active", "python3.11, 128 MB"),
        ("notebook", "lab", "InService", "ml.t3.medium"),
    ]
    assert {x["since"] for x in found} == {"2026-01-02T03:04:05+00:00"}


def test_the_table_lines_up(kennel_ps):
    answers = {"sagemaker": [*TRAINING, TUNING, *ENDPOINTS, NOTEBOOKS], "lambda": [FUNCTIONS]}
    lines = kennel_ps(answers).splitlines()
    assert lines[0].split() == ["KIND", "NAME", "STATUS", "AGE", "DETAIL"]
    column = lines[0].index("STATUS")
    assert [line[column - 2 : column] for line in lines] == ["  "] * 6
    assert all(line[column] != " " for line in lines)


def test_endpoints_and_notebooks_grow_old_in_policy_time(kennel_ps):
    answers = {"sagemaker": [*TRAINING, TUNING, *ENDPOINTS, NOTEBOOKS], "lambda": [FUNCTIONS]}
    lines = kennel_ps(answers, policy_time=MADE + timedelta(hours=5)).splitlines()
    old = {line.split()[0] for line in lines if " 5 h " in line}
    assert old == {"endpoint", "notebook"}


def test_a_plane_where_nothing_runs_says_so(kennel_ps):
    nothing = {"sagemaker": NONE, "lambda": [("list_functions", {"Functions": []})]}
    assert kennel_ps(nothing) == "Nothing is running.\n"
    nothing = {"sagemaker": NONE, "lambda": [("list_functions", {"Functions": []})]}
    assert json.loads(kennel_ps(nothing, "--json")) == []


def test_a_service_that_the_plane_does_not_run_has_nothing_running(kennel_ps):
    answers = {"sagemaker": NONE, "lambda": [("list_functions", "NotImplemented")]}
    assert kennel_ps(answers) == "Nothing is running.\n"


def test_an_error_of_awss_is_told_with_its_code(monkeypatch, capsys):
    answers = {"sagemaker": [("list_training_jobs", "AccessDeniedException")]}
    monkeypatch.setattr(ps, "connect", lambda state: stubbed_plane(answers))
    assert main(["ps"]) == 1
    assert capsys.readouterr().err == (
        "kennel: ListTrainingJobs failed: AccessDeniedException: said so\n"
    )


def test_help_says_what_the_age_of_a_function_is(kennel):
    answer = kennel("ps", "--help")
    assert "of a function, since its last change" in answer.stdout


def test_ps_asks_a_real_plane_what_runs(plane):
    answer = plane.command("ps", "--json")
    assert (answer.returncode, answer.stderr) == (0, "")
    assert isinstance(json.loads(answer.stdout), list)
