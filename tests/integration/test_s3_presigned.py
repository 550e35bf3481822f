"""S3 by presigned URLs, as boto3 makes them and anyone with an HTTP client uses them."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
import urllib3
from botocore.config import Config

from tests.planes import Plane

KEY = "breeds/a b/ü+x.jpg"
STYLES = {
    "botocore's own choice": Config(),
    "version 4": Config(signature_version="s3v4"),
    "version 4, path": Config(signature_version="s3v4", s3={"addressing_style": "path"}),
}


@pytest.fixture(params=STYLES)
def s3(plane: Plane, request: pytest.FixtureRequest) -> Any:
    return plane.client("s3", STYLES[request.param])


@pytest.fixture
def where(s3: Any) -> dict[str, str]:
    bucket = f"presigned-{uuid.uuid4().hex[:12]}"
    s3.create_bucket(Bucket=bucket)
    return {"Bucket": bucket, "Key": KEY}


def ask(method: str, url: str, **options: Any) -> tuple[int, bytes]:
    with urllib3.PoolManager() as pool:
        reply = pool.request(method, url, retries=False, **options)
        return reply.status, reply.data


def test_a_url_gets_what_it_was_made_for(s3: Any, where: dict[str, str]) -> None:
    s3.put_object(**where, Body=b"photo")
    parameters = {**where, "ResponseContentType": "image/x-dog"}
    url = s3.generate_presigned_url("get_object", Params=parameters, ExpiresIn=60)
    assert ask("GET", url) == (200, b"photo")
    assert ask("GET", url, headers={"Range": "bytes=1-2"}) == (206, b"ho")
    status, body = ask("PUT", url, body=b"other")
    assert (status, b"SignatureDoesNotMatch" in body) == (403, True)
    url = s3.generate_presigned_url("head_object", Params=where, ExpiresIn=60)
    assert ask("HEAD", url) == (200, b"")


def test_a_url_puts_what_it_was_made_for(s3: Any, where: dict[str, str]) -> None:
    parameters = {**where, "ContentType": "image/jpeg"}
    url = s3.generate_presigned_url("put_object", Params=parameters, ExpiresIn=60)
    headers = {"Content-Type": "image/jpeg"}
    status, body = ask("PUT", url, body=b"photo", headers=headers)
    assert status == 200, body
    found = s3.get_object(**where)
    assert (found["ContentType"], found["Body"].read()) == ("image/jpeg", b"photo")
    status, body = ask("PUT", url, body=b"photo", headers={"Content-Type": "text/html"})
    assert (status, b"SignatureDoesNotMatch" in body) == (403, True)


def test_a_url_deletes_what_it_was_made_for(s3: Any, where: dict[str, str]) -> None:
    s3.put_object(**where, Body=b"photo")
    url = s3.generate_presigned_url("delete_object", Params=where, ExpiresIn=60)
    assert ask("DELETE", url) == (204, b"")
    assert ask("GET", s3.generate_presigned_url("get_object", Params=where))[0] == 404


def test_a_part_of_an_upload_is_put_by_a_url(s3: Any, where: dict[str, str]) -> None:
    upload = {**where, "UploadId": s3.create_multipart_upload(**where)["UploadId"]}
    url = s3.generate_presigned_url("upload_part", Params={**upload, "PartNumber": 1})
    status, body = ask("PUT", url, body=b"photo")
    assert status == 200, body
    [part] = s3.list_parts(**upload)["Parts"]
    made = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    s3.complete_multipart_upload(**upload, MultipartUpload=made)
    assert s3.get_object(**where)["Body"].read() == b"photo"


def post(form: dict[str, Any], data: bytes = b"photo", **changes: str) -> tuple[int, bytes]:
    fields = {**form["fields"], **changes, "file": ("a b.jpg", data, "image/jpeg")}
    return ask("POST", form["url"], fields=fields)


def test_a_form_uploads_what_its_policy_allows(s3: Any, where: dict[str, str]) -> None:
    form = s3.generate_presigned_post(
        where["Bucket"],
        "uploads/${filename}",
        Fields={"Content-Type": "image/jpeg", "x-amz-meta-breed": "akita"},
        Conditions=[
            ["starts-with", "$Content-Type", "image/"],
            {"x-amz-meta-breed": "akita"},
            ["content-length-range", 3, 10],
        ],
    )
    assert post(form) == (204, b"")
    found = s3.get_object(Bucket=where["Bucket"], Key="uploads/a b.jpg")
    assert (found["Body"].read(), found["ContentType"]) == (b"photo", "image/jpeg")
    assert found["Metadata"] == {"breed": "akita"}
    for data, changes, code in (
        (b"ph", {}, b"EntityTooSmall"),
        (b"photographs!", {}, b"EntityTooLarge"),
        (b"photo", {"Content-Type": "text/html"}, b"Policy Condition failed"),
        (b"photo", {"acl": "public-read"}, b"Extra input fields: acl"),
        (b"photo", {"policy": "e30="}, b"SignatureDoesNotMatch"),
    ):
        status, body = post(form, data, **changes)
        assert (status in (400, 403), code in body) == (True, True), body


def test_a_form_says_what_success_looks_like(s3: Any, where: dict[str, str]) -> None:
    asked = {"success_action_status": "201"}
    form = s3.generate_presigned_post(
        where["Bucket"], KEY, Fields=dict(asked), Conditions=[dict(asked)]
    )
    status, body = post(form)
    assert status == 201
    assert f"<Bucket>{where['Bucket']}</Bucket><Key>{KEY}</Key><ETag>".encode() in body
    asked = {"success_action_redirect": "http://localhost/done?page=2"}
    form = s3.generate_presigned_post(
        where["Bucket"], KEY, Fields=dict(asked), Conditions=[dict(asked)]
    )
    fields = {**form["fields"], "file": ("x", b"photo")}
    with urllib3.PoolManager() as pool:
        reply = pool.request("POST", form["url"], fields=fields, redirect=False)
    assert reply.status == 303
    assert reply.headers["Location"].startswith("http://localhost/done?page=2&bucket=presigned-")


def test_a_form_that_is_none_is_refused(s3: Any, where: dict[str, str]) -> None:
    form = s3.generate_presigned_post(where["Bucket"], KEY)
    status, body = ask("POST", form["url"], fields={**form["fields"]})
    assert (status, b"IncorrectNumberOfFilesInPostRequest" in body) == (400, True)
    status, body = ask("POST", form["url"], fields={"key": KEY, "file": ("x", b"photo")})
    assert (status, b"<Code>AccessDenied</Code>" in body) == (403, True)
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    status, body = ask("POST", form["url"], body=b"nonsense", headers=headers)
    assert (status, b"MalformedPOSTRequest" in body) == (400, True)
    tagged = s3.generate_presigned_post(
        where["Bucket"], KEY, Fields={"tagging": "<T/>"}, Conditions=[{"tagging": "<T/>"}]
    )
    status, body = post(tagged)
    assert (status, b"form field tagging" in body) == (501, True)
    old = s3.generate_presigned_post(where["Bucket"], KEY, ExpiresIn=-60)
    status, body = post(old)
    assert (status, b"Policy expired" in body) == (403, True)
