"""Debugger, Profiler and what else a training job is told that changes nothing here, by boto3."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.integration.training_jobs import Training
from tests.planes import Plane

SAVE = "import os\nopen(os.environ['SM_MODEL_DIR'] + '/w', 'w').write('weights')\n"
IMAGE = "503895931360.dkr.ecr.us-east-1.amazonaws.com/sagemaker-debugger-rules:latest"


@pytest.fixture(scope="module")
def training(plane: Plane) -> Training:
    return Training(plane)


def configurations(bucket: str) -> dict[str, Any]:
    return {
        "DebugHookConfig": {
            "S3OutputPath": f"s3://{bucket}/debug",
            "LocalPath": "/opt/ml/output/tensors",
            "HookParameters": {"train.save_interval": "100"},
            "CollectionConfigurations": [
                {"CollectionName": "weights", "CollectionParameters": {"save_interval": "5"}}
            ],
        },
        "DebugRuleConfigurations": [
            {
                "RuleConfigurationName": "Overfit",
                "RuleEvaluatorImage": IMAGE,
                "RuleParameters": {"rule_to_invoke": "Overfit", "patience": "2"},
            }
        ],
        "TensorBoardOutputConfig": {"S3OutputPath": f"s3://{bucket}/board", "LocalPath": "/tmp/b"},
        "ProfilerConfig": {
            "S3OutputPath": f"s3://{bucket}/profile",
            "ProfilingParameters": {"DetailedProfilingConfig": '{"StartStep": 1}'},
        },
        "ProfilerRuleConfigurations": [
            {
                "RuleConfigurationName": "ProfilerReport",
                "RuleEvaluatorImage": IMAGE,
                "RuleParameters": {"rule_to_invoke": "ProfilerReport"},
                "VolumeSizeInGB": 5,
            }
        ],
        "ExperimentConfig": {"ExperimentName": "dogs", "RunName": "first"},
        "InfraCheckConfig": {"EnableInfraCheck": True},
        "RemoteDebugConfig": {"EnableRemoteDebug": False},
    }


@pytest.fixture(scope="module")
def watched(training: Training) -> dict[str, Any]:
    training.create(
        "wire-watched",
        SAVE,
        **configurations(training.bucket),
        SessionChainingConfig={"EnableSessionTagChaining": False},
    )
    training.wait("wire-watched", "Completed")
    return training.describe("wire-watched")


def test_the_configurations_come_back_as_they_were_sent_with_awss_defaults(
    watched: dict[str, Any], training: Training
) -> None:
    sent = configurations(training.bucket)
    sent["DebugRuleConfigurations"][0]["VolumeSizeInGB"] = 0
    sent["ProfilerConfig"]["ProfilingIntervalInMilliseconds"] = 500
    assert {name: watched[name] for name in sent} == sent


def test_no_rule_is_said_to_have_found_anything_or_nothing(watched: dict[str, Any]) -> None:
    for member, name in (
        ("DebugRuleEvaluationStatuses", "Overfit"),
        ("ProfilerRuleEvaluationStatuses", "ProfilerReport"),
    ):
        [status] = watched[member]
        assert status["RuleConfigurationName"] == name
        assert status["RuleEvaluationStatus"] == "Error"
        assert status["StatusDetails"] == "Kennel does not evaluate rules."
    assert watched["ProfilingStatus"] == "Disabled"


@pytest.mark.parametrize(
    "member",
    [
        "DebugHookConfig",
        "DebugRuleConfigurations",
        "TensorBoardOutputConfig",
        "ProfilerConfig",
        "ProfilerRuleConfigurations",
        "ExperimentConfig",
        "InfraCheckConfig",
    ],
)
def test_the_log_says_what_has_no_effect(
    watched: dict[str, Any], training: Training, member: str
) -> None:
    said = f"[kennel] {member} has no effect on this job: "
    assert any(line.startswith(said) for line in training.lines("wire-watched"))


def test_what_the_sdk_sends_with_every_job_is_not_remarked_on(training: Training) -> None:
    training.create(
        "wire-unwatched",
        SAVE,
        DebugHookConfig={"S3OutputPath": "s3://b/", "CollectionConfigurations": []},
        ProfilerConfig={"S3OutputPath": "s3://b/", "DisableProfiler": False},
        InfraCheckConfig={"EnableInfraCheck": False},
    )
    job = training.wait("wire-unwatched", "Completed")
    assert "DebugRuleEvaluationStatuses" not in job
    assert not [line for line in training.lines("wire-unwatched") if "no effect" in line]


@pytest.mark.parametrize(
    ("member", "value", "code", "named"),
    [
        (
            "RemoteDebugConfig",
            {"EnableRemoteDebug": True},
            "NotImplemented",
            "RemoteDebugConfig.EnableRemoteDebug",
        ),
        (
            "SessionChainingConfig",
            {"EnableSessionTagChaining": True},
            "NotImplemented",
            "SessionChainingConfig.EnableSessionTagChaining",
        ),
        (
            "ProfilerConfig",
            {"ProfilingIntervalInMilliseconds": 300},
            "ValidationException",
            "one of 100, 200, 500, 1000, 5000, 60000, not 300",
        ),
    ],
)
def test_what_would_change_something_is_refused_by_its_name(
    training: Training, member: str, value: dict[str, Any], code: str, named: str
) -> None:
    with pytest.raises(ClientError, match=named) as caught:
        training.create("wire-refused", SAVE, **{member: value})
    assert caught.value.response["Error"]["Code"] == code
