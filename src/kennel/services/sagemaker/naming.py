"""ARNs, names of log streams, and S3 URIs."""

from __future__ import annotations

import re
from dataclasses import dataclass

from kennel.errors import ValidationException

__all__ = ["LOG_GROUP_TRAINING", "S3Location", "s3_location", "training_job_arn"]

LOG_GROUP_TRAINING = "/aws/sagemaker/TrainingJobs"

# https://BUCKET.s3.REGION.amazonaws.com/KEY and https://s3.REGION.amazonaws.com/BUCKET/KEY
_VIRTUAL_HOST = re.compile(r"https://([^/]+)\.s3[.-][^/]*amazonaws\.com[^/]*(?:/(.*))?")
_PATH_STYLE = re.compile(r"https://s3[.-][^/]*amazonaws\.com[^/]*/([^/]+)(?:/(.*))?")
_S3 = re.compile(r"s3://([^/]+)(?:/(.*))?", re.DOTALL)


def training_job_arn(region: str, account_id: str, name: str) -> str:
    """SageMaker keeps the name's case [O: boto3 issue 4606; it used to lower it]."""
    return f"arn:aws:sagemaker:{region}:{account_id}:training-job/{name}"


@dataclass(frozen=True, slots=True)
class S3Location:
    """A bucket, and a key or a prefix of keys (empty for the whole bucket)."""

    bucket: str
    key: str

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.key}"

    def below(self, *names: str) -> S3Location:
        """The key that has these names behind this one, one slash between each."""
        return S3Location(self.bucket, "/".join([*filter(None, [self.key.rstrip("/")]), *names]))


def s3_location(uri: str) -> S3Location:
    """Reads `s3://bucket/key` or the https form of it. Raises ValidationException."""
    for pattern in (_S3, _VIRTUAL_HOST, _PATH_STYLE):
        if match := pattern.fullmatch(uri):
            return S3Location(match[1], match[2] or "")
    raise ValidationException(f"{uri} is not an S3 URI; write it as s3://bucket/prefix.")
