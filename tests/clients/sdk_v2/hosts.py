"""Training on several instances, as a notebook asks the SDK for it. Prints the jobs' logs and
seconds as `fit` does, and at last one JSON object: each job's description. For `kennel run`.
"""

import json
import pathlib

import sagemaker
from sagemaker.pytorch import PyTorch

here = pathlib.Path(__file__).parent
session = sagemaker.Session()
role = sagemaker.get_execution_role()


def trained(name, count, batch, instance_type="ml.m5.large", **how):
    estimator = PyTorch(
        entry_point="train_together.py",
        source_dir=str(here),
        role=role,
        framework_version="2.0.0",
        py_version="py310",
        instance_count=count,
        instance_type=instance_type,
        hyperparameters={"batch-size": batch},
        metric_definitions=[{"Name": "loss", "Regex": "final loss: ([0-9.]+);"}],
        base_job_name=name,
        sagemaker_session=session,
        **how,
    )
    print(f"=== {name}", flush=True)
    estimator.fit()
    print(flush=True)
    return estimator.latest_training_job.describe()


torchrun = {"torch_distributed": {"enabled": True}}
said = {
    "one": trained("one", 1, 8),
    "two": trained("two", 2, 4, "ml.g4dn.xlarge", distribution=torchrun),
    "ddp": trained("ddp", 2, 4, "ml.p3.16xlarge", distribution={"pytorchddp": {"enabled": True}}),
    "undistributed": trained("undistributed", 2, 4),
}
print(json.dumps(said, default=str))
