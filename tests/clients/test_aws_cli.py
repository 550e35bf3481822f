"""The AWS command line against a plane: what people type day by day, and every paginator and
waiter that it has for what Kennel runs. docs/by-hand.md has the rest."""

from __future__ import annotations

import hashlib
import json
import os
import time
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import jmespath
import pytest
from botocore import xform_name
from botocore.exceptions import WaiterError

from tests.aws_command import AwsCommand
from tests.conftest import PlaneFactory
from tests.integration.listings import LISTINGS, Listing
from tests.integration.stage import Stage, code_archive, training_request
from tests.integration.waits import WAITS

SIZE = 200 << 20
FAILED = 255  # the exit status of a call that the service refused


@pytest.fixture(scope="module")
def stage(module_plane_factory: PlaneFactory) -> Stage:
    return Stage(module_plane_factory())


@pytest.fixture
def aws(stage: Stage, tmp_path: Path) -> AwsCommand:
    return AwsCommand(stage.plane, tmp_path)


@pytest.fixture
def bucket(stage: Stage) -> str:
    """A new bucket's name."""
    name = stage.name("cli")
    stage.client("s3").create_bucket(Bucket=name)
    return name


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder of small files with names that need care."""
    root = tmp_path / "dogImages"
    for name in ("train/001.Affenpinscher/a b.jpg", "train/002.Akita/ü.jpg", "test/x+y.png"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(name.encode() * 50)
        # A sync goes by times, and S3's are whole seconds: what was put in the second in which it
        # was written counts as changed since.
        os.utime(root / name, (time.time() - 5,) * 2)
    return root


def keys(stage: Stage, bucket: str) -> list[str]:
    pages = stage.client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket)
    return [entry["Key"] for page in pages for entry in page.get("Contents", ())]


def contents(folder: Path) -> dict[Path, bytes]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder): path.read_bytes() for path in files}


def digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


# aws s3


def test_200_mb_go_up_in_parts_and_come_down_bit_for_bit(
    aws: AwsCommand, stage: Stage, tmp_path: Path
) -> None:
    bucket = stage.name("large")
    here, back = tmp_path / "here.bin", tmp_path / "back.bin"
    with here.open("wb") as file:
        for _ in range(SIZE >> 20):
            file.write(os.urandom(1 << 20))
    aws("s3", "mb", f"s3://{bucket}")
    aws("s3", "cp", str(here), f"s3://{bucket}/here.bin", "--only-show-errors")
    found = stage.client("s3").head_object(Bucket=bucket, Key="here.bin")
    assert found["ContentLength"] == SIZE
    assert found["ETag"].strip('"').endswith("-25")  # 25 parts of 8 MiB, the command's own size
    aws("s3", "cp", f"s3://{bucket}/here.bin", f"s3://{bucket}/copy.bin", "--only-show-errors")
    aws("s3", "cp", f"s3://{bucket}/copy.bin", str(back), "--only-show-errors")
    assert digest(back) == digest(here)
    aws("s3", "rb", f"s3://{bucket}", "--force")


def test_filters_say_which_files_of_a_tree_are_copied(
    aws: AwsCommand, stage: Stage, bucket: str, photos: Path
) -> None:
    said = aws("s3", "cp", str(photos), f"s3://{bucket}", "--recursive", "--dryrun")
    assert said.count("(dryrun) upload:") == 3
    assert keys(stage, bucket) == []
    aws("s3", "cp", str(photos), f"s3://{bucket}", "--recursive",
        "--exclude", "*", "--include", "*.jpg")  # fmt: skip
    assert keys(stage, bucket) == ["train/001.Affenpinscher/a b.jpg", "train/002.Akita/ü.jpg"]
    aws("s3", "rm", f"s3://{bucket}", "--recursive", "--exclude", "*ü*")
    assert keys(stage, bucket) == ["train/002.Akita/ü.jpg"]


def test_a_sync_brings_over_what_differs_and_deletes_what_is_gone(
    aws: AwsCommand, stage: Stage, bucket: str, photos: Path, tmp_path: Path
) -> None:
    aws("s3", "sync", str(photos), f"s3://{bucket}/data")
    assert aws("s3", "sync", str(photos), f"s3://{bucket}/data") == ""
    (photos / "test" / "x+y.png").unlink()
    (photos / "new.jpg").write_bytes(b"new")
    said = aws("s3", "sync", str(photos), f"s3://{bucket}/data", "--delete", "--no-progress")
    assert [line.split(":")[0] for line in sorted(said.strip().splitlines())] == [
        "delete",
        "upload",
    ]
    assert "data/new.jpg" in keys(stage, bucket)
    assert "data/test/x+y.png" not in keys(stage, bucket)
    back = tmp_path / "back"
    back.mkdir()
    (back / "stale").write_text("away with it")
    aws("s3", "sync", f"s3://{bucket}/data", str(back), "--delete", "--exact-timestamps")
    assert contents(back) == contents(photos)
    other = stage.name("cli")
    aws("s3", "mb", f"s3://{other}")
    aws("s3", "sync", f"s3://{bucket}", f"s3://{other}")
    assert keys(stage, other) == keys(stage, bucket)


def test_standard_input_and_output_are_files(aws: AwsCommand, stage: Stage, bucket: str) -> None:
    data = os.urandom(9 << 20)  # two parts
    aws("s3", "cp", "-", f"s3://{bucket}/piped", given=data)
    assert aws.run("s3", "cp", f"s3://{bucket}/piped", "-").stdout == data


def test_metadata_goes_along_and_can_be_replaced(
    aws: AwsCommand, stage: Stage, bucket: str
) -> None:
    (aws.folder / "note.txt").write_text("hello")
    aws("s3", "cp", "note.txt", f"s3://{bucket}/note", "--metadata", "breed=akita,age=3",
        "--content-type", "text/x-note", "--cache-control", "no-store")  # fmt: skip
    aws("s3", "cp", f"s3://{bucket}/note", f"s3://{bucket}/same")
    aws("s3", "cp", f"s3://{bucket}/note", f"s3://{bucket}/other",
        "--metadata-directive", "REPLACE", "--metadata", "breed=basenji")  # fmt: skip
    same = stage.client("s3").head_object(Bucket=bucket, Key="same")
    other = stage.client("s3").head_object(Bucket=bucket, Key="other")
    assert same["Metadata"] == {"breed": "akita", "age": "3"}
    assert (same["ContentType"], same["CacheControl"]) == ("text/x-note", "no-store")
    assert other["Metadata"] == {"breed": "basenji"}


def test_moving_leaves_nothing_behind(aws: AwsCommand, stage: Stage, bucket: str) -> None:
    (aws.folder / "a.txt").write_text("a")
    aws("s3", "mv", "a.txt", f"s3://{bucket}/a.txt")
    assert not (aws.folder / "a.txt").exists()
    aws("s3", "mv", f"s3://{bucket}/a.txt", f"s3://{bucket}/b.txt")
    assert keys(stage, bucket) == ["b.txt"]
    aws("s3", "mv", f"s3://{bucket}/", ".", "--recursive")
    assert (aws.folder / "b.txt").read_text() == "a"
    assert keys(stage, bucket) == []


def test_listings_add_up(aws: AwsCommand, bucket: str, photos: Path) -> None:
    aws("s3", "cp", str(photos), f"s3://{bucket}", "--recursive")
    assert aws("s3", "ls", f"s3://{bucket}").split() == ["PRE", "test/", "PRE", "train/"]
    said = aws("s3", "ls", f"s3://{bucket}/", "--recursive", "--summarize", "--human-readable")
    assert "Total Objects: 3" in said
    assert "KiB train/002.Akita/ü.jpg" in said
    status, error = aws.fails("s3", "ls", "s3://no-such-bucket-anywhere")
    assert status == FAILED
    assert "(NoSuchBucket) when calling the ListObjectsV2 operation" in error
    status, error = aws.fails("s3", "cp", f"s3://{bucket}/nothing", "nothing")
    assert (status, "(404) when calling the HeadObject operation" in error) == (1, True)


def test_a_presigned_url_needs_no_credentials(aws: AwsCommand, stage: Stage, bucket: str) -> None:
    stage.client("s3").put_object(Bucket=bucket, Key="a b/ü+x", Body=b"for all")
    url = aws("s3", "presign", f"s3://{bucket}/a b/ü+x", "--expires-in", "60").strip()
    with urlopen(url) as reply:
        assert reply.read() == b"for all"
    with pytest.raises(HTTPError) as refused:
        urlopen(url.replace("/a%20b/", "/another/"))
    refused.value.close()
    assert refused.value.code == 403


# aws s3api


def test_an_object_by_its_parts(aws: AwsCommand, stage: Stage, bucket: str) -> None:
    where = ("--bucket", bucket, "--key", "parts")
    (aws.folder / "one").write_bytes(b"1" * (5 << 20))
    (aws.folder / "two").write_bytes(b"2")
    upload = aws.json("s3api", "create-multipart-upload", *where)["UploadId"]
    listed = []
    for number, name in ((1, "one"), (2, "two")):
        part = aws.json("s3api", "upload-part", *where, "--upload-id", upload,
                        "--part-number", str(number), "--body", name)  # fmt: skip
        listed.append({"PartNumber": number, "ETag": part["ETag"]})
    aws("s3api", "complete-multipart-upload", *where, "--upload-id", upload,
        "--multipart-upload", json.dumps({"Parts": listed}))  # fmt: skip
    aws("s3api", "get-object", *where, "--range", "bytes=5242879-", "tail")
    assert (aws.folder / "tail").read_bytes() == b"12"
    assert aws("s3api", "head-object", *where, "--query", "ContentLength").strip() == "5242881"
    gone = aws.json("s3api", "delete-objects", "--bucket", bucket, "--delete",
                    "Objects=[{Key=parts},{Key=never-there}],Quiet=false")  # fmt: skip
    assert sorted(entry["Key"] for entry in gone["Deleted"]) == ["never-there", "parts"]
    status, error = aws.fails("s3api", "get-object", *where, "nothing")
    assert (status, "(NoSuchKey)" in error) == (FAILED, True)


# Services


def test_a_role_from_beginning_to_end(aws: AwsCommand) -> None:
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}}
    (aws.folder / "trust.json").write_text(
        json.dumps({"Version": "2012-10-17", "Statement": [{**trust, "Action": "sts:AssumeRole"}]})
    )
    name = ("--role-name", "cli-role")
    aws("iam", "create-role", *name, "--assume-role-policy-document", "file://trust.json",
        "--tags", "Key=team,Value=dogs")  # fmt: skip
    arn = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
    aws("iam", "attach-role-policy", *name, "--policy-arn", arn)
    table = aws("iam", "list-attached-role-policies", *name, "--output", "table")
    assert "ListAttachedRolePolicies" in table
    assert f"|  {arn}" in table
    named = aws("iam", "list-roles", "--query", "Roles[?RoleName=='cli-role'].RoleName",
                "--output", "text")  # fmt: skip
    assert named.strip() == "cli-role"
    assert aws("iam", "wait", "role-exists", *name) == ""
    status, error = aws.fails("iam", "delete-role", *name)
    assert (status, "(DeleteConflict)" in error) == (FAILED, True)
    aws("iam", "detach-role-policy", *name, "--policy-arn", arn)
    aws("iam", "delete-role", *name)
    status, error = aws.fails("iam", "get-role", *name)
    assert (status, "(NoSuchEntity)" in error) == (FAILED, True)


def test_a_function_from_beginning_to_end(aws: AwsCommand, stage: Stage) -> None:
    (aws.folder / "code.zip").write_bytes(code_archive())
    name = ("--function-name", "cli-function")
    aws("lambda", "create-function", *name, "--runtime", "python3.11", "--role", stage.role,
        "--handler", "main.handler", "--zip-file", "fileb://code.zip")  # fmt: skip
    aws("lambda", "wait", "function-active-v2", *name)
    reply = aws.json("lambda", "invoke", *name, "--payload", '{"url": "x"}', "--log-type", "Tail",
                     "reply.json")  # fmt: skip
    assert reply["StatusCode"] == 200
    assert json.loads((aws.folder / "reply.json").read_text()) == {"url": "x"}
    event = aws.json("lambda", "invoke", *name, "--invocation-type", "Event", "event.json")
    assert event["StatusCode"] == 202
    failing = code_archive("def handler(event, context):\n    return 1 / 0\n")
    (aws.folder / "code.zip").write_bytes(failing)
    aws("lambda", "update-function-code", *name, "--zip-file", "fileb://code.zip")
    aws("lambda", "wait", "function-updated-v2", *name)
    reply = aws.json("lambda", "invoke", *name, "reply.json")
    assert reply["FunctionError"] == "Unhandled"
    assert "ZeroDivisionError" in (aws.folder / "reply.json").read_text()
    group = ("--log-group-name", "/aws/lambda/cli-function")
    text = ("--output", "text")
    stream = aws("logs", "describe-log-streams", *group, "--order-by", "LastEventTime",
                 "--query", "logStreams[0].logStreamName", *text)  # fmt: skip
    events = aws("logs", "get-log-events", *group, "--log-stream-name", stream.strip(),
                 "--start-from-head", "--query", "events[].message", *text)  # fmt: skip
    assert "REPORT RequestId: " in events
    errors = aws.json("logs", "filter-log-events", *group, "--filter-pattern", "ZeroDivisionError")
    assert errors["events"]
    aws("lambda", "delete-function", *name)
    status, error = aws.fails("lambda", "get-function", *name)
    assert (status, "(ResourceNotFoundException)" in error) == (FAILED, True)


def test_a_metric_by_hand(aws: AwsCommand) -> None:
    now = int(time.time())
    aws("cloudwatch", "put-metric-data", "--namespace", "cli", "--metric-name", "loss",
        "--value", "0.5", "--dimensions", "Job=a")  # fmt: skip
    found = aws.json("cloudwatch", "get-metric-statistics", "--namespace", "cli",
                     "--metric-name", "loss", "--dimensions", "Name=Job,Value=a",
                     "--start-time", str(now - 600), "--end-time", str(now + 600),
                     "--period", "1200", "--statistics", "Sum")  # fmt: skip
    assert sum(point["Sum"] for point in found["Datapoints"]) == 0.5


def test_who_one_is_and_may_become(aws: AwsCommand, stage: Stage) -> None:
    me = aws("sts", "get-caller-identity", "--query", "Arn", "--output", "text").strip()
    assert me.endswith(":root")
    status, error = aws.fails("sts", "assume-role", "--role-arn", stage.role,
                              "--role-session-name", "cli")  # fmt: skip
    assert (status, "(AccessDenied)" in error) == (FAILED, True)


def test_a_training_job_by_a_request_in_a_file(aws: AwsCommand, stage: Stage) -> None:
    request = {"TrainingJobName": "cli-job", **training_request(stage)}
    (aws.folder / "job.json").write_text(json.dumps(request))
    aws("sagemaker", "create-training-job", "--cli-input-json", "file://job.json")
    name = ("--training-job-name", "cli-job")
    stage.client("sagemaker").get_waiter("training_job_completed_or_stopped").wait(
        TrainingJobName="cli-job", WaiterConfig={"Delay": 0.1, "MaxAttempts": 600}
    )
    aws("sagemaker", "wait", "training-job-completed-or-stopped", *name)
    status = aws("sagemaker", "describe-training-job", *name, "--query", "TrainingJobStatus")
    assert status.strip() == '"Completed"'


# What the command has for every list and every waiter of boto3's


def command_of(service: str) -> str:
    return "s3api" if service == "s3" else service


def as_json(parameters: Any) -> str:
    """For --cli-input-json."""
    return json.dumps(dict(parameters), default=datetime.isoformat)


@pytest.fixture(scope="module")
def made() -> dict[tuple[str, str], Listing]:
    return {}


@pytest.mark.parametrize("name", sorted(LISTINGS), ids=" ".join)
def test_a_list_is_walked_by_pages_and_by_tokens(
    aws: AwsCommand, stage: Stage, made: dict[tuple[str, str], Listing], name: tuple[str, str]
) -> None:
    service, operation = name
    listing = made.setdefault(name, LISTINGS[name](stage))
    model = stage.client(service).get_paginator(xform_name(operation))
    words = (command_of(service), xform_name(operation, "-"))
    command = (*words, "--cli-input-json", as_json(listing.parameters))
    size = ("--page-size", str(listing.page_size)) if model._limit_key else ()

    def shown(page: Any) -> list[Any]:
        return list(jmespath.search(expression, page) or ())

    expression, expected = next(iter(listing.items.items()))
    assert shown(aws.json(*command, *size)) == list(expected)
    if len(expected) > 1:
        first = aws.json(*command, *size, "--max-items", "1")
        rest = aws.json(*command, *size, "--starting-token", first["NextToken"])
        assert shown(first) + shown(rest) == list(expected)


@pytest.mark.parametrize("case", sorted(WAITS), ids=" ".join)
def test_a_waiter_ends_as_boto3s_does(
    aws: AwsCommand, stage: Stage, case: tuple[str, str, str]
) -> None:
    """The command's own pauses are half a minute and more, so boto3 waits first."""
    service, waiter, _ = case
    what = WAITS[case](stage)
    what.begin()
    failed = False
    try:
        (what.client or stage.client(service)).get_waiter(xform_name(waiter)).wait(
            **what.parameters, WaiterConfig={"Delay": 0.1, "MaxAttempts": 600}
        )
    except WaiterError:
        failed = True
    unsigned = ("--no-sign-request",) if what.client is not None else ()
    done = aws.run(
        command_of(service), "wait", xform_name(waiter, "-"),
        "--cli-input-json", as_json(what.parameters), *unsigned,
    )  # fmt: skip
    assert (done.returncode != 0) == failed, done.stderr.decode()
    assert not failed or b"terminal failure state" in done.stderr or b"An error" in done.stderr
