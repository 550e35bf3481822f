from __future__ import annotations

import copy
import re
from typing import Any

import pytest

from kennel.errors import NotImplementedByKennel, ValidationException
from kennel.services.sagemaker.errors import ResourceLimitExceeded
from kennel.services.sagemaker.naming import S3Location
from kennel.services.sagemaker.training.spec import MOST_HOSTS, TrainingSpec, with_defaults

REQUEST: dict[str, Any] = {
    "TrainingJobName": "dogs",
    "AlgorithmSpecification": {"TrainingImage": "kennel", "TrainingInputMode": "File"},
    "RoleArn": "arn:aws:iam::000000000000:role/trainer",
    "OutputDataConfig": {"S3OutputPath": "s3://out/models"},
    "ResourceConfig": {"InstanceType": "ml.m5.xlarge", "InstanceCount": 1},
}
CHANNEL: dict[str, Any] = {
    "ChannelName": "training",
    "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://in/photos"}},
}


def request(**changes: Any) -> dict[str, Any]:
    """`REQUEST` with members replaced; a dotted name changes a member of a structure."""
    changed = copy.deepcopy(REQUEST)
    for name, value in changes.items():
        outer, _, inner = name.partition("__")
        if inner:
            changed.setdefault(outer, {})[inner] = value
        else:
            changed[outer] = value
    return changed


def channel(**changes: Any) -> dict[str, Any]:
    return copy.deepcopy(CHANNEL) | changes


def source(**changes: Any) -> dict[str, Any]:
    return channel(DataSource={"S3DataSource": CHANNEL["DataSource"]["S3DataSource"] | changes})


def read(**changes: Any) -> TrainingSpec:
    return TrainingSpec.read(with_defaults(request(**changes)))


def test_awss_defaults_are_filled_in():
    filled = with_defaults(REQUEST)
    assert filled["StoppingCondition"] == {"MaxRuntimeInSeconds": 86_400}
    assert filled["ResourceConfig"]["VolumeSizeInGB"] == 30


def test_a_plain_request_is_read():
    spec = read(InputDataConfig=[channel(InputMode="FastFile")])
    assert spec.hosts == ("algo-1",)
    assert spec.instance.name == "ml.m5.xlarge"
    assert spec.output == S3Location("out", "models")
    assert spec.compress
    assert spec.checkpoints is None
    [found] = spec.channels
    assert (found.name, found.input_mode, found.manifest) == ("training", "FastFile", False)


def test_the_source_archive_is_read_as_the_sdk_quotes_it():
    quoted = {"sagemaker_submit_directory": '"s3://code/sourcedir.tar.gz"'}
    assert read(HyperParameters=quoted).source == S3Location("code", "sourcedir.tar.gz")
    inside = {"sagemaker_submit_directory": "/opt/ml/code"}
    assert read(HyperParameters=inside).source is None


def test_an_instance_types_own_storage_takes_the_place_of_a_volume():
    volume = {"InstanceCount": 1, "VolumeSizeInGB": 1}
    assert read(ResourceConfig=volume | {"InstanceType": "ml.m5.large"}).volume_bytes == 1 << 30
    nvme = read(ResourceConfig=volume | {"InstanceType": "ml.g4dn.xlarge"})
    assert nvme.volume_bytes > 100 << 30


def test_an_entry_point_and_its_arguments_are_one_command():
    spec = read(
        AlgorithmSpecification__ContainerEntrypoint=["/bin/bash"],
        AlgorithmSpecification__ContainerArguments=["-c", "true"],
    )
    assert spec.command == ("/bin/bash", "-c", "true")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"ResourceConfig": {}}, "must have an InstanceType"),
        ({"ResourceConfig__InstanceCount": 0}, "at least 1"),
        ({"ResourceConfig__InstanceType": "ml.x9.huge"}, "not an instance type"),
        ({"AlgorithmSpecification": {"TrainingInputMode": "File"}}, "must name a TrainingImage"),
        ({"StoppingCondition": {"MaxWaitTimeInSeconds": 9}}, "Invalid MaxWaitTimeInSeconds"),
        ({"StoppingCondition": {"MaxRuntimeInSeconds": 3_000_000}}, "28 days"),
        ({"OutputDataConfig": {"S3OutputPath": "/tmp"}}, "not an S3 URI"),
        ({"InputDataConfig": [channel(), channel()]}, "must be unique"),
        ({"InputDataConfig": [channel(ChannelName="..")]}, "can't be called"),
        ({"InputDataConfig": [channel(CompressionType="Gzip")]}, "Pipe input mode only"),
        ({"InputDataConfig": [channel(DataSource={})]}, "must have an S3DataSource"),
        (
            {
                "AlgorithmSpecification__MetricDefinitions": [
                    {"Name": "loss", "Regex": "loss: ([0-9"}
                ]
            },
            "metric loss is not a regular expression",
        ),
        (
            {"CheckpointConfig": {"S3Uri": "s3://c/x", "LocalPath": "/opt/ml/model/x"}},
            "collides with /opt/ml/model",
        ),
        ({"CheckpointConfig": {"S3Uri": "s3://c/x", "LocalPath": "/opt"}}, "collides"),
        ({"CheckpointConfig": {"S3Uri": "s3://c/x", "LocalPath": "here"}}, "absolute path"),
    ],
)
def test_what_aws_refuses_is_refused(changes, message):
    with pytest.raises(ValidationException, match=re.escape(message)):
        read(**changes)


def test_hosts_are_in_the_order_of_their_letters_as_on_aws():
    assert read().hosts == ("algo-1",)
    assert read(ResourceConfig__InstanceCount=11).hosts[:4] == (
        "algo-1", "algo-10", "algo-11", "algo-2",
    )  # fmt: skip


def test_more_hosts_than_there_may_be_are_refused_in_awss_words():
    with pytest.raises(
        ResourceLimitExceeded,
        match=r"limit 'ml\.m5\.xlarge for training job usage' is 20 Instances, with current util.*"
        "request delta of 21 Instances",
    ):
        read(ResourceConfig__InstanceCount=MOST_HOSTS + 1)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"ResourceConfig__InstanceGroups": [{}]}, "ResourceConfig.InstanceGroups"),
        ({"EnableManagedSpotTraining": True}, "EnableManagedSpotTraining"),
        ({"AlgorithmSpecification__TrainingInputMode": "Pipe"}, "Pipe"),
        ({"InputDataConfig": [source(S3DataType="AugmentedManifestFile")]}, "AugmentedManifest"),
        ({"InputDataConfig": [source(AttributeNames=["x"])]}, "S3DataSource.AttributeNames"),
        ({"InputDataConfig": [channel(RecordWrapperType="RecordIO")]}, "RecordIO"),
        (
            {"InputDataConfig": [channel(DataSource={"FileSystemDataSource": {"x": 1}})]},
            "DataSource.FileSystemDataSource",
        ),
    ],
)
def test_what_kennel_does_not_run_is_refused_by_name(changes, named):
    if named == "Pipe":
        changes["InputDataConfig"] = [channel()]
    with pytest.raises(NotImplementedByKennel, match=re.escape(named)):
        read(**changes)
