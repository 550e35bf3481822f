"""What a notebook instance may become, and why one failed."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from botocore.loaders import Loader

from kennel.engine import Exit
from kennel.runtimes.notebook.plan import Progress
from kennel.services.sagemaker.notebook.document import (
    IllegalMove,
    NotebookInstance,
    NotebookStatus,
    move,
)
from kennel.services.sagemaker.notebook.failure import hook_failure, process_failure

S = NotebookStatus
ARN = "arn:aws:sagemaker:us-east-1:000000000000"
ALLOWED = {
    (S.PENDING, S.IN_SERVICE),
    (S.PENDING, S.FAILED),
    (S.IN_SERVICE, S.STOPPING),
    (S.IN_SERVICE, S.PENDING),
    (S.IN_SERVICE, S.FAILED),
    (S.STOPPING, S.STOPPED),
    (S.STOPPED, S.PENDING),
    (S.STOPPED, S.UPDATING),
    (S.STOPPED, S.DELETING),
    (S.FAILED, S.PENDING),
    (S.FAILED, S.UPDATING),
    (S.FAILED, S.DELETING),
    (S.UPDATING, S.STOPPED),
}


def instance(**changes: Any) -> NotebookInstance:
    values: dict[str, Any] = {
        "name": "lab",
        "arn": f"{ARN}:notebook-instance/lab",
        "region": "us-east-1",
        "status": S.PENDING,
        "creation_time": 1.0,
        "last_modified_time": 1.0,
        "instance_type": "ml.t3.medium",
        "role_arn": "arn:aws:iam::000000000000:role/r",
        "folder": "f",
        "lifecycle_config": "scripts",
    }
    return NotebookInstance(**values | changes)


@pytest.mark.parametrize(("before", "after"), list(itertools.product(S, S)))
def test_a_status_follows_only_what_it_may(before, after):
    document = instance(status=before, failure_reason="once")
    if (before, after) in ALLOWED:
        move(document, after, 7.0)
        assert (document.status, document.last_modified_time) == (after, 7.0)
        assert document.failure_reason == ""
    else:
        with pytest.raises(IllegalMove):
            move(document, after, 7.0)
        assert document.status is before


def test_every_status_is_one_of_awss():
    model = Loader().load_service_model("sagemaker", "service-2")
    assert set(S) <= set(model["shapes"]["NotebookInstanceStatus"]["enum"])


def test_a_script_that_takes_too_long_fails_in_awss_words():
    reason = hook_failure(instance(), Progress(failed="OnStart"))
    assert reason.startswith(
        f"Notebook Instance Lifecycle Config '{ARN}:notebook-instance-lifecycle-config/scripts' "
        f"for Notebook Instance '{ARN}:notebook-instance/lab' took longer than 5 minutes. "
        "Please check your CloudWatch logs for more details"
    )
    assert reason.endswith("/aws/sagemaker/NotebookInstances, lab/LifecycleConfigOnStart.")


def test_an_instance_that_ran_out_of_memory_names_the_next_larger_type():
    reason = process_failure(instance(), Exit(code=137, out_of_memory=True))
    assert "ml.t3.medium has 4 GiB. Try ml.t3.large (8 GiB)." in reason


def test_a_jupyterlab_that_does_not_start_names_its_log():
    reason = hook_failure(instance(), Progress(failed="Jupyter", code=1))
    assert "lab/jupyter.log" in reason
