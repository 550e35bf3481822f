from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from kennel.client_environment import Reach
from kennel.services.sagemaker.images import Image
from kennel.services.sagemaker.training.environment import JobIdentity, job_environment
from kennel.services.sagemaker.training.folder import HostFolder
from kennel.services.sagemaker.training.meeting import Meeting
from kennel.services.sagemaker.training.spec import TrainingSpec, with_defaults
from tests.services.sagemaker.training.test_spec import REQUEST

JOB = JobIdentity(
    "dogs",
    "arn:aws:sagemaker:us-east-1:000000000000:training-job/dogs",
    "us-east-1",
    Reach("http://127.0.0.1:4566", "us-east-1", Path("/state/ca/bundle.pem")),
    {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:4566/_kennel/credentials/x"},
)


def environment(
    instance: str,
    *,
    mounted: bool = True,
    root: Path = Path("/state/dogs/algo-1"),
    job: JobIdentity = JOB,
    **own: str,
) -> dict[str, str]:
    resources = {"InstanceType": instance, "InstanceCount": 1}
    spec = TrainingSpec.read(
        with_defaults(REQUEST | {"ResourceConfig": resources, "Environment": own})
    )
    return job_environment(
        spec,
        Image(Path("/opt/env/bin/python")),
        HostFolder(root, "algo-1"),
        job,
        Meeting("127.90.1", 7780),
        threads=3,
        cache=Path("/state/cache/x"),
        imports=Path("/state/imports"),
        weights=Path("/state/weights"),
        mounted=mounted,
    )


@pytest.mark.parametrize(
    ("instance", "visible"),
    [("ml.m5.xlarge", ""), ("ml.g4dn.xlarge", "0"), ("ml.g4dn.12xlarge", "0,1,2,3")],
)
def test_a_job_sees_as_many_gpus_as_its_instance_type_has(instance, visible):
    assert environment(instance)["CUDA_VISIBLE_DEVICES"] == visible


def test_the_images_python_comes_first_in_the_path():
    assert environment("ml.m5.large")["PATH"].startswith("/opt/env/bin:")


def test_the_folder_is_named_where_it_can_t_be_mounted():
    assert "SAGEMAKER_BASE_DIR" not in environment("ml.m5.large")
    unmounted = environment("ml.m5.large", mounted=False)
    assert unmounted["SAGEMAKER_BASE_DIR"] == "/state/dogs/algo-1/ml"


def test_temporary_files_have_short_paths_for_multiprocessings_sockets():
    assert environment("ml.m5.large")["TMPDIR"] == "/opt/kennel/tmp"
    assert environment("ml.m5.large", mounted=False)["TMPDIR"] == "/state/dogs/algo-1/tmp"
    deep = Path("/state/sagemaker/training/a-name-as-long-as-the-sdk-makes-them/0123456789/algo-1")
    assert "TMPDIR" not in environment("ml.m5.large", mounted=False, root=deep)


def test_the_first_host_is_found_by_name_or_where_names_cant_be_looked_up_by_address():
    named, unnamed = (environment("ml.m5.large", mounted=mounted) for mounted in (True, False))
    assert (named["KENNEL_MASTER_ADDR"], named["KENNEL_MASTER_PORT"]) == ("algo-1", "7780")
    assert unnamed["KENNEL_MASTER_ADDR"] == "127.90.1.1"
    assert named["GLOO_SOCKET_IFNAME"] == "lo"
    assert named["no_proxy"] == named["NO_PROXY"] == "localhost,127.0.0.1,algo-1,127.90.1.1"


def test_a_job_that_reaches_nobody_has_no_keys_and_no_proxy():
    alone = environment("ml.m5.large", job=replace(JOB, credentials=None))
    assert alone["AWS_REGION"] == "us-east-1"
    assert alone["AWS_EC2_METADATA_DISABLED"] == "true"
    assert alone["AWS_SHARED_CREDENTIALS_FILE"] == "/dev/null"
    withheld = ("KEY", "TOKEN", "PROXY", "ENDPOINT_URL")
    assert not [name for name in alone if any(part in name.upper() for part in withheld)]


def test_the_requests_environment_overrides_all_but_the_jobs_name():
    seen = environment("ml.m5.large", OMP_NUM_THREADS="9", TRAINING_JOB_NAME="other")
    assert (seen["OMP_NUM_THREADS"], seen["MKL_NUM_THREADS"]) == ("9", "3")
    assert seen["TRAINING_JOB_NAME"] == "dogs"
