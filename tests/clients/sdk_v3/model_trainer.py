"""ModelTrainer of the third SDK, as a role that may everything and as one that may little."""

import json
import pathlib
import sys

import boto3
from sagemaker.core.helper.session_helper import Session, get_execution_role
from sagemaker.core.training.configs import Compute, OutputDataConfig, SourceCode
from sagemaker.train.model_trainer import ModelTrainer

folder = pathlib.Path(sys.argv[1])
(folder / "source").mkdir()
(folder / "source" / "train.py").write_text("print('trained')\n")
image = (
    "763104351884.dkr.ecr.us-east-1.amazonaws.com/"
    "pytorch-training:2.3.0-cpu-py311-ubuntu20.04-sagemaker"
)


def train(name: str, role: str, bucket: str) -> dict:
    trainer = ModelTrainer(
        sagemaker_session=Session(),
        role=role,
        base_job_name=name,
        training_image=image,
        source_code=SourceCode(source_dir=str(folder / "source"), entry_script="train.py"),
        compute=Compute(instance_type="ml.m5.large", instance_count=1),
        output_data_config=OutputDataConfig(s3_output_path=f"s3://{bucket}/out"),
    )
    trainer.train(wait=True, logs=False)
    jobs = boto3.client("sagemaker").list_training_jobs(NameContains=name)
    (job,) = jobs["TrainingJobSummaries"]
    described = boto3.client("sagemaker").describe_training_job(
        TrainingJobName=job["TrainingJobName"]
    )
    channels = {one["ChannelName"]: one["DataSource"] for one in described["InputDataConfig"]}
    return {
        "status": described["TrainingJobStatus"],
        "code": channels["code"]["S3DataSource"]["S3Uri"],
    }


def narrow_role() -> str:
    iam = boto3.client("iam")
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "sagemaker.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    allow = {
        "Effect": "Allow",
        "Action": "*",
        "NotResource": f"arn:aws:s3:::{Session().default_bucket()}/*",
    }
    documents = [
        json.dumps({"Version": "2012-10-17", "Statement": [one]}) for one in (trust, allow)
    ]
    role = iam.create_role(RoleName="narrow", AssumeRolePolicyDocument=documents[0])["Role"]
    iam.put_role_policy(RoleName="narrow", PolicyName="own", PolicyDocument=documents[1])
    return role["Arn"]


boto3.client("s3").create_bucket(Bucket="own-bucket")
default = Session().default_bucket()
said = {
    "default": default,
    "wide": train("wide", get_execution_role(Session()), default),
    "narrow": train("narrow", narrow_role(), "own-bucket"),
}
(folder / "said.json").write_text(json.dumps(said))
