from __future__ import annotations

import pytest

from kennel.errors import ValidationException
from kennel.services.sagemaker.naming import S3Location, s3_location


@pytest.mark.parametrize(
    ("uri", "bucket", "key"),
    [
        ("s3://photos", "photos", ""),
        ("s3://photos/", "photos", ""),
        ("s3://photos/train/dogs/", "photos", "train/dogs/"),
        ("s3://photos/a//../b", "photos", "a//../b"),
        ("https://photos.s3.us-east-1.amazonaws.com/train", "photos", "train"),
        ("https://s3.eu-west-1.amazonaws.com/photos/train", "photos", "train"),
        ("https://s3.amazonaws.com/photos", "photos", ""),
    ],
)
def test_an_s3_uri_names_a_bucket_and_a_key(uri, bucket, key):
    assert s3_location(uri) == S3Location(bucket, key)


@pytest.mark.parametrize("uri", ["", "photos/train", "https://example.com/photos", "s3:///train"])
def test_anything_else_is_refused(uri):
    with pytest.raises(ValidationException, match="not an S3 URI"):
        s3_location(uri)


def test_below_puts_one_slash_between_names():
    assert str(S3Location("b", "").below("job", "output")) == "s3://b/job/output"
    assert str(S3Location("b", "p/").below("job")) == "s3://b/p/job"
