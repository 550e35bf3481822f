"""What a notebook does with the SDK: train, tune, deploy, predict, clean up.

Runs in the SDK's own environment, with nothing of Kennel but the variables of `kennel env`. Prints
one JSON object. Arguments: bucket, role ARN.
"""

import json
import pathlib
import sys

import sagemaker
from sagemaker.deserializers import JSONDeserializer
from sagemaker.pytorch import PyTorch, PyTorchModel
from sagemaker.serializers import JSONSerializer
from sagemaker.tuner import ContinuousParameter, HyperparameterTuner

bucket, role = sys.argv[1:]
here = pathlib.Path(__file__).parent
session = sagemaker.Session(default_bucket=bucket)
data = session.upload_string_as_file_body("[1, 2, 3]", bucket, "data/numbers.json")
shared = {
    "role": role,
    "framework_version": "2.0",
    "py_version": "py310",
    "sagemaker_session": session,
}
estimator = PyTorch(
    entry_point="train.py",
    source_dir=str(here),
    instance_count=1,
    instance_type="ml.m5.large",
    hyperparameters={"learning-rate": 0.1, "epochs": 2},
    base_job_name="sdk",
    **shared,
)
definitions = [{"Name": "Test Loss", "Regex": "Testing Loss: ([0-9\\.]+)"}]
estimator.fit({"training": f"s3://{bucket}/data/"})
said = {"model_data": estimator.model_data}

tuner = HyperparameterTuner(
    PyTorch(
        entry_point="train.py",
        source_dir=str(here),
        instance_count=1,
        instance_type="ml.m5.large",
        hyperparameters={"epochs": 1},
        base_job_name="sdk-tuned",
        **shared,
    ),
    "Test Loss",
    {"learning-rate": ContinuousParameter(0.001, 0.1)},
    definitions,
    max_jobs=2,
    max_parallel_jobs=2,
    objective_type="Minimize",
)
tuner.fit({"training": f"s3://{bucket}/data/"})
said["best"] = tuner.best_training_job()
said["objectives"] = sorted(tuner.analytics().dataframe()["FinalObjectiveValue"])
said["best_hyperparameters"] = tuner.best_estimator().hyperparameters()

model = PyTorchModel(
    model_data=estimator.model_data,
    entry_point="inference.py",
    source_dir=str(here),
    **shared,
)
predictor = model.deploy(
    initial_instance_count=1,
    instance_type="ml.m5.large",
    serializer=JSONSerializer(),
    deserializer=JSONDeserializer(),
)
said["prediction"] = predictor.predict([1, 10])
predictor.delete_endpoint()
print()  # the SDK leaves its dots on an open line
print(json.dumps(said))
