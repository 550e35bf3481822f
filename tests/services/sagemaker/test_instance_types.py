from __future__ import annotations

import botocore.session
import pytest

from kennel.services.sagemaker.instance_types import InstanceUse, instance_type, instance_types


@pytest.mark.parametrize(
    ("shape", "use"),
    [
        ("TrainingInstanceType", InstanceUse.TRAINING),
        ("ProductionVariantInstanceType", InstanceUse.HOSTING),
        ("ProcessingInstanceType", InstanceUse.PROCESSING),
        ("TransformInstanceType", InstanceUse.TRANSFORM),
        ("InstanceType", InstanceUse.NOTEBOOK),
    ],
)
def test_every_type_of_the_model_is_in_the_table(shape, use):
    model = botocore.session.get_session().get_service_model("sagemaker")
    offered = set(getattr(model.shape_for(shape), "enum"))  # noqa: B009 – only strings have it
    assert {name for name, row in instance_types().items() if use in row.uses} == offered


def test_a_type_has_what_its_ec2_namesake_has():
    row = instance_type("ml.g4dn.xlarge")
    assert (row.vcpus, row.memory, row.gpus, row.gpu) == (4, "16 GiB", 1, "T4")


def test_the_next_larger_type_stays_in_the_family_while_it_can():
    small = instance_type("ml.t3.medium").next_larger(InstanceUse.TRAINING)
    assert small is not None
    assert small.name == "ml.t3.large"


def test_the_largest_of_a_family_is_followed_by_a_general_purpose_type():
    larger = instance_type("ml.t3.2xlarge").next_larger(InstanceUse.TRAINING)
    assert larger is not None
    assert larger.name == "ml.m5.4xlarge"


def test_nothing_is_larger_than_the_largest():
    largest = max(instance_types().values(), key=lambda row: row.memory_mib)
    assert largest.next_larger(InstanceUse.TRAINING) is None
