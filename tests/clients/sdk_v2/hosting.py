"""Models, endpoints and predictors."""

import pathlib

import boto3
import numpy
import sagemaker
from botocore.exceptions import ClientError
from sagemaker.deserializers import (
    BytesDeserializer,
    CSVDeserializer,
    JSONDeserializer,
    JSONLinesDeserializer,
    NumpyDeserializer,
    StringDeserializer,
)
from sagemaker.huggingface import HuggingFaceModel
from sagemaker.model import Model
from sagemaker.predictor import Predictor
from sagemaker.pytorch import PyTorch, PyTorchModel
from sagemaker.s3 import S3Downloader
from sagemaker.serializers import (
    CSVSerializer,
    IdentitySerializer,
    JSONLinesSerializer,
    JSONSerializer,
    NumpySerializer,
)
from sagemaker.sklearn import SKLearnModel
from telling import bucket_with_numbers, tell

source = str(pathlib.Path(__file__).parent / "source")
session = sagemaker.Session()
role = sagemaker.get_execution_role()
bucket = bucket_with_numbers(session)
client = boto3.client("sagemaker")
pytorch = {"framework_version": "2.0", "py_version": "py310"}
said = {}


class NumberPredictor(Predictor):
    def __init__(self, endpoint_name, sagemaker_session):
        super().__init__(
            endpoint_name,
            sagemaker_session=sagemaker_session,
            serializer=JSONSerializer(),
            deserializer=JSONDeserializer(),
        )


estimator = PyTorch(
    entry_point="train.py",
    source_dir=source,
    role=role,
    instance_count=1,
    instance_type="ml.m5.large",
    **pytorch,
)
estimator.fit({"training": f"s3://{bucket}/data/"}, logs="None")

model = PyTorchModel(
    model_data=estimator.model_data,
    role=role,
    entry_point="inference.py",
    source_dir=source,
    predictor_cls=NumberPredictor,
    **pytorch,
)
doubling = PyTorchModel(
    model_data=estimator.model_data,
    role=role,
    entry_point="doubling.py",
    source_dir=source,
    **pytorch,
)
# Two endpoints come up while one is waited for.
twin = doubling.deploy(initial_instance_count=1, instance_type="ml.m5.large", wait=False)
direct = estimator.deploy(
    initial_instance_count=1,
    instance_type="ml.m5.large",
    entry_point="inference.py",
    source_dir=source,
    serializer=JSONSerializer(),
    deserializer=JSONDeserializer(),
    wait=False,
)
scripts = {
    "model_data": estimator.model_data,
    "role": role,
    "entry_point": "inference.py",
    "source_dir": source,
}
others = {
    "sklearn": SKLearnModel(**scripts, framework_version="1.2-1"),
    "huggingface": HuggingFaceModel(
        **scripts, transformers_version="4.28", pytorch_version="2.0", py_version="py310"
    ),
    "generic": Model(
        image_uri=sagemaker.image_uris.retrieve(
            "pytorch", "us-east-1", "2.0", "py310", "ml.m5.large", image_scope="inference"
        ),
        **scripts,
    ),
}
for other in others.values():
    other.deploy(initial_instance_count=1, instance_type="ml.m5.large", wait=False)
predictor = model.deploy(initial_instance_count=1, instance_type="ml.m5.large")
said["class"] = type(predictor).__name__
said["prediction"] = predictor.predict([1, 10])
said["repacked"] = sorted(S3Downloader.list(model.repacked_model_data.rsplit("/", 1)[0]))
said["model_data"] = client.describe_model(ModelName=model.name)["PrimaryContainer"]
for label, serializer, deserializer, value in (
    ("csv", CSVSerializer(), CSVDeserializer(), [1, 2]),
    ("jsonlines", JSONLinesSerializer(), JSONLinesDeserializer(), [[1], [2]]),
    ("identity", IdentitySerializer(), StringDeserializer(), b"\x01\x02"),
):
    other = Predictor(predictor.endpoint_name, session, serializer, deserializer)
    said[label] = other.predict(value)
try:
    predictor.predict("x", initial_args={"ContentType": "image/png"})
except ClientError as error:
    said["refused"] = [error.response["Error"]["Code"], error.response["OriginalStatusCode"]]

session.wait_for_endpoint(twin.endpoint_name, poll=1)
twin.serializer, twin.deserializer = NumpySerializer(), NumpyDeserializer()
said["numpy"] = twin.predict(numpy.array([[1.5, 2.5]])).tolist()
twin.serializer, twin.deserializer = CSVSerializer(), CSVDeserializer()
said["toolkit_csv"] = twin.predict([[1.5, 2.5], [3, 4]])
twin.serializer, twin.deserializer = JSONSerializer(), BytesDeserializer(accept="application/json")
said["toolkit_json"] = twin.predict([[4]]).decode()
session.wait_for_endpoint(direct.endpoint_name, poll=1)
said["direct"] = direct.predict([2])

said["others"] = {}
for label, other in others.items():
    name = other.endpoint_name
    session.wait_for_endpoint(name, poll=1)
    client_of_it = Predictor(name, session, JSONSerializer(), JSONDeserializer())
    said["others"][label] = client_of_it.predict([1, 10])
    client_of_it.delete_endpoint()

before = client.describe_endpoint(EndpointName=predictor.endpoint_name)["EndpointConfigName"]
predictor.update_endpoint(initial_instance_count=2, instance_type="ml.m5.xlarge")
after = client.describe_endpoint(EndpointName=predictor.endpoint_name)
config = client.describe_endpoint_config(EndpointConfigName=after["EndpointConfigName"])
said["updated"] = {
    "status": after["EndpointStatus"],
    "count": after["ProductionVariants"][0]["CurrentInstanceCount"],
    "type": config["ProductionVariants"][0]["InstanceType"],
    "another": after["EndpointConfigName"] != before,
    "prediction": predictor.predict([1, 10]),
}

predictor.delete_model()
predictor.delete_endpoint(delete_endpoint_config=True)
twin.delete_endpoint(delete_endpoint_config=False)
direct.delete_endpoint()
said["left"] = {
    "models": sorted(entry["ModelName"] for entry in client.list_models()["Models"]),
    "configs": [
        entry["EndpointConfigName"] for entry in client.list_endpoint_configs()["EndpointConfigs"]
    ],
}
said["names"] = {
    "model": model.name,
    "doubling": doubling.name,
    "before": before,
    "after": after["EndpointConfigName"],
    "twin": twin.endpoint_name,
    "direct": direct.endpoint_name,
}
tell(said)
