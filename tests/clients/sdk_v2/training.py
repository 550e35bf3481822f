"""Estimators: PyTorch with its log, then those of other frameworks side by side."""

import pathlib

import sagemaker
from sagemaker.debugger import (
    CollectionConfig,
    DebuggerHookConfig,
    FrameworkProfile,
    ProfilerConfig,
    ProfilerRule,
    Rule,
    TensorBoardOutputConfig,
    rule_configs,
)
from sagemaker.estimator import Estimator
from sagemaker.huggingface import HuggingFace
from sagemaker.inputs import TrainingInput
from sagemaker.pytorch import PyTorch
from sagemaker.sklearn import SKLearn
from telling import Output, bucket_with_numbers, tell

source = str(pathlib.Path(__file__).parent / "source")
session = sagemaker.Session()
role = sagemaker.get_execution_role()
bucket = bucket_with_numbers(session)
data = {"training": f"s3://{bucket}/data/"}
script = {"entry_point": "train.py", "source_dir": source, "role": role, "instance_count": 1}
pytorch = {"framework_version": "2.0", "py_version": "py310"}
definitions = [{"Name": "Test Loss", "Regex": "Testing Loss: ([0-9\\.]+)"}]
said = {}

# Side by side: those that nobody waits for, before the one whose log is read.
sharded = PyTorch(**script | {"instance_count": 2}, instance_type="ml.m5.large", **pytorch)
sharded.fit(
    {"training": TrainingInput(f"s3://{bucket}/data/", distribution="ShardedByS3Key")}, wait=False
)
others = {
    "old": PyTorch(
        **script, instance_type="ml.m5.large", framework_version="1.4.0", py_version="py3"
    ),
    "sklearn": SKLearn(**script, instance_type="ml.m5.large", framework_version="1.2-1"),
    "huggingface": HuggingFace(
        **script,
        instance_type="ml.g4dn.xlarge",  # its training images are for GPUs alone
        transformers_version="4.28",
        pytorch_version="2.0",
        py_version="py310",
    ),
    "generic": Estimator(
        image_uri=sagemaker.image_uris.retrieve(
            "pytorch", "us-east-1", "2.0", "py310", "ml.m5.large", image_scope="training"
        ),
        role=role,
        instance_count=1,
        instance_type="ml.m5.large",
        entry_point="train.py",
        source_dir=source,
        hyperparameters={"epochs": 1},
    ),
}
for estimator in others.values():
    estimator.fit(data, wait=False)

stopped = PyTorch(
    **script, instance_type="ml.m5.large", hyperparameters={"seconds": 600}, **pytorch
)
stopped.fit(data, wait=False)
stopped.latest_training_job.stop()  # soon, since only so many jobs run at once

watched = PyTorch(
    **script,
    instance_type="ml.m5.large",
    rules=[
        Rule.sagemaker(rule_configs.vanishing_gradient()),
        Rule.sagemaker(rule_configs.overfit()),
        ProfilerRule.sagemaker(rule_configs.ProfilerReport()),
    ],
    debugger_hook_config=DebuggerHookConfig(
        hook_parameters={"train.save_interval": "100"},
        collection_configs=[CollectionConfig("weights", {"save_interval": "5"})],
    ),
    tensorboard_output_config=TensorBoardOutputConfig(f"s3://{bucket}/board"),
    profiler_config=ProfilerConfig(
        system_monitor_interval_millis=500, framework_profile_params=FrameworkProfile(num_steps=10)
    ),
    keep_alive_period_in_seconds=600,
    enable_infra_check=True,
    framework_version="1.13.1",
    py_version="py39",
)
watched.fit(data, wait=False, experiment_config={"ExperimentName": "dogs", "RunName": "first"})

estimator = PyTorch(
    **script,
    instance_type="ml.m5.large",
    hyperparameters={"learning-rate": 0.1, "epochs": 2, "seconds": 15},
    metric_definitions=definitions,
    base_job_name="sdk",
    **pytorch,
)
status = "TrainingJobStatus"  # of the job at the time when its first line is printed here
first_line = ("Files [", lambda: estimator.latest_training_job.describe()[status])
with Output(first_line).kept() as output:
    estimator.fit(data)
said["log"] = output.getvalue()
said["status_at_first_line"] = output.watched
said["model_data"] = estimator.model_data
said["name"] = estimator.latest_training_job.name

attached = PyTorch.attach(estimator.latest_training_job.name)
said["attached"] = {
    "hyperparameters": attached.hyperparameters(),
    "model_data": attached.model_data,
    "instance_type": attached.instance_type,
    "version": attached.framework_version,
}
with Output().kept() as output:
    attached.logs()
said["log_again"] = output.getvalue()
frame = estimator.training_job_analytics.dataframe()
said["analytics"] = frame[["metric_name", "value"]].values.tolist()

stopped.latest_training_job.wait(logs="None")
said["stopped"] = stopped.latest_training_job.describe()["TrainingJobStatus"]

said["others"] = {}
for name, other in others.items():
    other.latest_training_job.wait(logs="None")
    seen = type(other).attach(other.latest_training_job.name)
    said["others"][name] = [other.model_data, seen.hyperparameters().get("epochs")]
with Output().kept() as output:
    sharded.logs()
said["sharded"] = output.getvalue()

seen = PyTorch.attach(watched.latest_training_job.name)
said["watched"] = {
    "described": watched.latest_training_job.describe(),
    "rules": watched.latest_training_job.rule_job_summary(),
    "tensors": watched.latest_job_debugger_artifacts_path(),
    "board": watched.latest_job_tensorboard_artifacts_path(),
    "profile": watched.latest_job_profiler_artifacts_path(),
    "model_data": seen.model_data,
    "name": watched.latest_training_job.name,
}
tell(said)
