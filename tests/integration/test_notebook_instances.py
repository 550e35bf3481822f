"""Notebook instances over the wire: AWS's rules, and a JupyterLab that is really there."""

from __future__ import annotations

import base64
import importlib.util
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import boto3
import pytest
import websocket
from botocore.exceptions import ClientError, WaiterError

from kennel.runtimes.notebook.ticket import URL_SECONDS, issue
from kennel.runtimes.overlay import Overlay
from tests.integration.instance_metadata import Metadata
from tests.integration.notebooks import Browser, Notebooks, script
from tests.planes import Plane, wait_until
from tests.runtimes.wheels import wheel

ON_CREATE = """#!/bin/bash
set -e
sudo -u ec2-user -i <<'EOF'
source activate pytorch_p310
python -c "import sys; print('created in', sys.prefix.rpartition('/')[2])"
echo first > /home/ec2-user/SageMaker/made-once.txt
EOF
"""
ON_START = """#!/bin/bash
set -e
echo start >> "$HOME/SageMaker/starts.txt"
aws sts get-caller-identity --query Arn --output text
"""


@pytest.fixture(scope="module")
def notebooks(plane) -> Notebooks:
    return Notebooks(plane)


@pytest.fixture(scope="module")
def own(tmp_path_factory) -> Overlay:
    """A Python environment with a module that no other has."""
    made = Overlay(str(tmp_path_factory.mktemp("own")))
    made.create()
    Path(made.packages, "only_mine.py").write_text("PLACE = __file__\n")
    return made


@pytest.fixture(scope="module")
def lab(plane, notebooks, own) -> str:
    """The name of an instance in service that all tests of this module share. Besides AWS's
    kernels it has `conda_mine`, of the environment `own`."""
    notebooks.sagemaker.create_notebook_instance_lifecycle_config(
        NotebookInstanceLifecycleConfigName="lab-scripts",
        OnCreate=script(ON_CREATE),
        OnStart=script(ON_START),
    )
    with kernels(plane, mine=own.python):
        notebooks.create(
            "lab", LifecycleConfigName="lab-scripts", Tags=[{"Key": "team", "Value": "dogs"}]
        )
        notebooks.wait("lab", "in_service")
    return "lab"


@contextmanager
def kernels(plane: Plane, **pythons: str) -> Iterator[None]:
    """The plane's settings name Pythons of kernels meanwhile."""
    settings = plane.state / "images.toml"
    lines = [f'conda_{name} = {{ python = "{python}" }}' for name, python in pythons.items()]
    settings.write_text("\n".join(["[kernels]", *lines]))
    try:
        yield
    finally:
        settings.unlink()


@pytest.fixture
def browser(notebooks: Notebooks, lab: str) -> Browser:
    return notebooks.open(lab)


def message_of(error) -> str:
    assert error.value.response["Error"]["Code"] == "ValidationException"
    return str(error.value.response["Error"]["Message"])


def test_an_instance_says_what_it_is(notebooks, lab, plane):
    said = notebooks.describe(lab)
    assert said["NotebookInstanceStatus"] == "InService"
    assert said["NotebookInstanceArn"].endswith(":notebook-instance/lab")
    assert said["RoleArn"] == notebooks.role
    assert said["NotebookInstanceLifecycleConfigName"] == "lab-scripts"
    assert said["VolumeSizeInGB"] == 5
    assert said["RootAccess"] == said["DirectInternetAccess"] == "Enabled"
    tags = notebooks.sagemaker.list_tags(ResourceArn=said["NotebookInstanceArn"])["Tags"]
    assert tags == [{"Key": "team", "Value": "dogs"}]


def test_a_presigned_url_opens_jupyterlab_with_awss_kernels(browser):
    found = browser.get("/api/kernelspecs")
    names = {name: spec["spec"]["display_name"] for name, spec in found["kernelspecs"].items()}
    assert names["conda_pytorch_p310"] == "conda_pytorch_p310"
    assert names["conda_python3"] == "conda_python3"
    assert found["default"] == "conda_python3"


def test_without_a_presigned_url_nothing_opens(notebooks, lab, browser):
    stranger = Browser(browser.origin)
    for path in ("/", "/lab", "/tree", "/login", "/api/contents", "/api/kernels", "/api/terminals"):
        status, _, body = stranger.open(path)
        assert status == 403, path
        assert b"jupyter-config-data" not in body
    for token in ("", "x", "x.y", "e30.", "token"):
        assert stranger.open(f"/?authToken={token}")[0] == 403
        assert stranger.open(f"/lab?token={token}")[0] == 403
    assert not [cookie for cookie in stranger.cookies if cookie.name.startswith("username")]


def test_a_foreign_host_origin_or_form_gets_nothing(browser):
    assert browser.open("/api/contents", Host="rebound.example:80")[0] == 403
    forged = {"Origin": "http://rebound.example"}
    assert browser.open("/api/kernels", {"name": "conda_python3"}, **forged)[0] in (403, 404)
    headers = {"X-XSRFToken": "guessed"}
    assert browser.open("/api/kernels", {"name": "conda_python3"}, **headers)[0] == 403


def test_a_cell_runs_as_the_instances_role_and_finds_its_name(plane, browser, notebooks, lab):
    code = """
import boto3, json, os
who = boto3.client("sts").get_caller_identity()["Arn"]
metadata = "/opt/ml/metadata/resource-metadata.json"
named = json.load(open(metadata)) if os.path.exists(metadata) else None
method = boto3.Session().get_credentials().method
print(json.dumps([who, named, method, os.getcwd(), os.environ["CONDA_DEFAULT_ENV"]]))
"""
    who, named, method, folder, environment = json.loads(browser.run(code))
    assert ":assumed-role/notebooks/SageMaker" in who
    assert method == "container-role"  # asked for again before they expire
    assert environment == "pytorch_p310"
    assert named == {
        "ResourceArn": notebooks.describe(lab)["NotebookInstanceArn"],
        "ResourceName": "lab",
    }
    assert folder == "/home/ec2-user/SageMaker"


def test_the_instances_metadata_is_there_for_sdks_and_for_nobody_else(plane, browser):
    code = """
import json, os
from botocore.credentials import InstanceMetadataProvider
from botocore.utils import InstanceMetadataFetcher, InstanceMetadataRegionFetcher
endpoint = os.environ["AWS_EC2_METADATA_SERVICE_ENDPOINT"]
config = {"ec2_metadata_service_endpoint": endpoint}
fetcher = InstanceMetadataFetcher(config=config, timeout=30)
keys = InstanceMetadataProvider(fetcher).load().get_frozen_credentials()
region = InstanceMetadataRegionFetcher(config=config, timeout=30).retrieve_region()
print(json.dumps([endpoint, region, *keys[:3]]))
"""
    endpoint, region, *keys = json.loads(browser.run(code))
    assert region == "us-east-1"
    names = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")
    given = dict(zip(names, keys, strict=True))
    sts = boto3.client("sts", endpoint_url=plane.url, region_name=region, **given)
    assert sts.get_caller_identity()["Arn"].endswith(":assumed-role/notebooks/SageMaker")

    metadata = Metadata(endpoint)
    assert metadata.token("60") == 200
    assert metadata.get("meta-data/instance-type") == (200, "t3.medium")
    assert metadata.get("meta-data/iam/security-credentials/") == (200, "notebooks")
    assert metadata.get("meta-data/no-such-thing")[0] == 404
    assert metadata.get("meta-data/instance-id", token=None)[0] == 200  # IMDSv1 is allowed here
    assert metadata.get("meta-data/instance-id", token="x")[0] == 401
    for seconds in ("", "0", "21601", "-1", "1e3", "\N{SUPERSCRIPT TWO}"):
        assert metadata.token(seconds) == 400
    assert metadata.token("60", **{"X-Forwarded-For": "192.0.2.1"}) == 403
    assert metadata.open("api/token", "GET")[0] == 405
    assert metadata.open("meta-data/", "POST")[0] == 405
    assert Metadata(endpoint[:-2] + "/").token("60") == 404  # not its secret


def test_what_a_notebook_installs_is_in_its_own_environment_alone(browser):
    built = "/tmp/only_there-1.0-py3-none-any.whl"
    content = wheel("only_there", "1.0", "PLACE = __file__")
    code = f"""
open({built!r}, "wb").write({content!r})
%pip install --quiet --no-index {built}
import only_there, torch, torchvision
print("at", only_there.PLACE)
"""
    where = browser.run(code).rpartition("at ")[2].strip()
    assert where.startswith("/home/ec2-user/anaconda3/envs/pytorch_p310/lib/")
    assert "ModuleNotFoundError" in browser.run("import only_there", "conda_python3")
    assert importlib.util.find_spec("only_there") is None


def test_lifecycle_scripts_run_as_on_aws_and_log(notebooks, lab, browser):
    wait_until(lambda: "created in" in notebooks.log(lab, "LifecycleConfigOnCreate"))
    assert "created in pytorch_p310" in notebooks.log(lab, "LifecycleConfigOnCreate")
    assert ":assumed-role/notebooks/SageMaker" in notebooks.log(lab, "LifecycleConfigOnStart")
    assert browser.get("/api/contents/made-once.txt")["content"] == "first\n"
    wait_until(lambda: "is running at" in notebooks.log(lab, "jupyter.log"))


def test_kennel_logs_prints_what_an_instance_said(notebooks, lab, plane):
    wait_until(lambda: "is running at" in notebooks.log(lab, "jupyter.log"))
    said = plane.command("logs", "notebook/lab").stdout
    assert "is running at" in said
    assert "created in pytorch_p310" in said


def test_no_log_and_no_command_line_holds_a_token(notebooks, lab, plane):
    url = notebooks.sagemaker.create_presigned_notebook_instance_url(NotebookInstanceName=lab)[
        "AuthorizedUrl"
    ]
    ticket = url.partition("authToken=")[2]
    assert Browser(url).open(url)[0] == 200
    wait_until(lambda: "authToken=[secret]" in notebooks.log(lab, "jupyter.log"))
    assert ticket not in notebooks.log(lab, "jupyter.log")
    assert ticket not in plane.output


def test_a_session_can_last_no_shorter_and_no_longer_than_aws_allows(notebooks, lab):
    for seconds in (1799, 43_201):
        with pytest.raises(ClientError):
            notebooks.sagemaker.create_presigned_notebook_instance_url(
                NotebookInstanceName=lab, SessionExpirationDurationInSeconds=seconds
            )
    browser = notebooks.open(lab, SessionExpirationDurationInSeconds=1800)
    [session] = [c for c in browser.cookies if c.name.startswith("username")]
    assert session.expires is not None
    assert 1700 < session.expires - time.time() <= 1800
    assert session.has_nonstandard_attr("HttpOnly")


def test_a_running_instance_can_be_neither_started_updated_nor_deleted(notebooks, lab):
    arn = notebooks.describe(lab)["NotebookInstanceArn"]
    client = notebooks.sagemaker
    for call, to in (
        (client.start_notebook_instance, "Pending"),
        (client.update_notebook_instance, "Updating"),
        (client.delete_notebook_instance, "Deleting"),
    ):
        with pytest.raises(ClientError) as error:
            call(NotebookInstanceName=lab)
        assert message_of(error) == (
            "Status (InService) not in ([Stopped, Failed]). "
            f"Unable to transition to ({to}) for Notebook Instance ({arn})."
        )


def test_stop_and_start_keep_its_files_and_forget_the_rest(notebooks, browser):
    notebooks.create("phoenix")
    notebooks.wait("phoenix", "in_service")
    first = notebooks.open("phoenix")
    first.run(
        "from pathlib import Path\n"
        "Path('kept.txt').write_text('kept')\n"
        "(Path.home() / 'lost.txt').write_text('lost')"
    )
    url = notebooks.describe("phoenix")["Url"]
    notebooks.sagemaker.stop_notebook_instance(NotebookInstanceName="phoenix")
    notebooks.wait("phoenix", "stopped")
    with pytest.raises(ClientError) as error:
        notebooks.open("phoenix")
    assert "Status (Stopped) not in ([InService])" in message_of(error)
    notebooks.sagemaker.update_notebook_instance(
        NotebookInstanceName="phoenix", InstanceType="ml.t3.large", VolumeSizeInGB=6
    )
    wait_until(lambda: notebooks.describe("phoenix")["NotebookInstanceStatus"] == "Stopped")
    notebooks.sagemaker.start_notebook_instance(NotebookInstanceName="phoenix")
    notebooks.wait("phoenix", "in_service")
    said = notebooks.describe("phoenix")
    assert (said["InstanceType"], said["VolumeSizeInGB"]) == ("ml.t3.large", 6)
    assert said["Url"] == url
    assert first.open("/api/contents")[0] == 403  # the session ended with the instance
    there = notebooks.open("phoenix").run(
        "from pathlib import Path\n"
        "print(Path('kept.txt').exists(), (Path.home() / 'lost.txt').exists())"
    )
    assert there.split() == ["True", "False"]
    notebooks.sagemaker.stop_notebook_instance(NotebookInstanceName="phoenix")
    notebooks.wait("phoenix", "stopped")
    notebooks.sagemaker.delete_notebook_instance(NotebookInstanceName="phoenix")
    notebooks.wait("phoenix", "deleted")
    with pytest.raises(ClientError) as error:
        notebooks.describe("phoenix")
    assert message_of(error) == "RecordNotFound"


def test_a_script_that_fails_fails_the_instance_and_says_where_its_log_is(notebooks, plane):
    notebooks.sagemaker.create_notebook_instance_lifecycle_config(
        NotebookInstanceLifecycleConfigName="broken",
        OnCreate=script("echo about to fail; exit 3"),
    )
    notebooks.create("unlucky", LifecycleConfigName="broken")
    with pytest.raises(WaiterError):
        notebooks.wait("unlucky", "in_service")
    reason = notebooks.describe("unlucky")["FailureReason"]
    assert "notebook-instance-lifecycle-config/broken' for Notebook Instance 'arn:" in reason
    assert "exit status 3" in reason
    assert "unlucky/LifecycleConfigOnCreate" in reason
    wait_until(lambda: "about to fail" in notebooks.log("unlucky", "LifecycleConfigOnCreate"))
    [line] = [
        line
        for line in json.loads(plane.command("ps", "--json").stdout)
        if line["name"] == "unlucky"
    ]
    assert (line["kind"], line["status"], line["detail"]) == ("notebook", "Failed", reason)
    # A failed instance can be mended, started and deleted.
    notebooks.sagemaker.update_notebook_instance(
        NotebookInstanceName="unlucky", DisassociateLifecycleConfig=True
    )
    wait_until(lambda: notebooks.describe("unlucky")["NotebookInstanceStatus"] == "Stopped")
    assert "FailureReason" not in notebooks.describe("unlucky")
    notebooks.sagemaker.delete_notebook_instance(NotebookInstanceName="unlucky")
    notebooks.wait("unlucky", "deleted")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"NotebookInstanceName": "lab"}, "Cannot create a duplicate Notebook Instance (arn:"),
        ({"LifecycleConfigName": "nowhere"}, "lifecycle-config/nowhere' does not exist"),
        ({"RoleArn": "arn:aws:iam::000000000000:role/nobody"}, "Could not assume role"),
        ({"DirectInternetAccess": "Disabled"}, "only if a SubnetId is given"),
        ({"SecurityGroupIds": ["sg-1"]}, "SecurityGroupIds need a SubnetId"),
        ({"AcceleratorTypes": ["ml.eia1.medium"]}, "no longer"),
    ],
)
def test_what_aws_refuses_is_refused(notebooks, lab, changes, words):
    with pytest.raises(ClientError) as error:
        notebooks.create(**{"name": "refused"} | changes)
    assert words in message_of(error)


@pytest.mark.parametrize(
    "changes",
    [
        {"NotebookInstanceName": "two words"},
        {"NotebookInstanceName": "-dash"},
        {"NotebookInstanceName": "n" * 64},
        {"VolumeSizeInGB": 4},
        {"InstanceType": "ml.t1.micro"},
    ],
)
def test_what_awss_model_does_not_allow_is_refused(notebooks, changes):
    with pytest.raises(ClientError) as error:
        notebooks.create(**{"name": "refused"} | changes)
    assert error.value.response["Error"]["Code"] == "ValidationException"


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"DefaultCodeRepository": "https://github.com/x/y"}, "DefaultCodeRepository"),
        ({"AdditionalCodeRepositories": ["mine"]}, "AdditionalCodeRepositories"),
        (
            {"DirectInternetAccess": "Disabled", "SubnetId": "subnet-1"},
            "DirectInternetAccess",
        ),
    ],
)
def test_what_kennel_does_not_do_is_refused_by_name(notebooks, changes, named):
    with pytest.raises(ClientError) as error:
        notebooks.create("refused", **changes)
    assert error.value.response["Error"]["Code"] == "NotImplemented"
    assert named in error.value.response["Error"]["Message"]


def test_lifecycle_configurations_are_kept_changed_listed_and_deleted(notebooks):
    client = notebooks.sagemaker
    arn = client.create_notebook_instance_lifecycle_config(
        NotebookInstanceLifecycleConfigName="kept",
        OnStart=script("echo one"),
        Tags=[{"Key": "k", "Value": "v"}],
    )["NotebookInstanceLifecycleConfigArn"]
    assert client.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "k", "Value": "v"}]
    with pytest.raises(ClientError) as error:
        client.create_notebook_instance_lifecycle_config(NotebookInstanceLifecycleConfigName="kept")
    assert "already exists" in message_of(error)
    client.update_notebook_instance_lifecycle_config(
        NotebookInstanceLifecycleConfigName="kept", OnCreate=script("echo two")
    )
    said = client.describe_notebook_instance_lifecycle_config(
        NotebookInstanceLifecycleConfigName="kept"
    )
    assert base64.b64decode(said["OnCreate"][0]["Content"]) == b"echo two"
    assert base64.b64decode(said["OnStart"][0]["Content"]) == b"echo one"
    listed = client.list_notebook_instance_lifecycle_configs(NameContains="kept")
    assert [
        c["NotebookInstanceLifecycleConfigName"] for c in listed["NotebookInstanceLifecycleConfigs"]
    ] == ["kept"]
    client.delete_notebook_instance_lifecycle_config(NotebookInstanceLifecycleConfigName="kept")
    with pytest.raises(ClientError) as error:
        client.describe_notebook_instance_lifecycle_config(
            NotebookInstanceLifecycleConfigName="kept"
        )
    assert message_of(error) == (
        f"Unable to describe Notebook Instance Lifecycle Config '{arn}'. "
        "(Details: Notebook Instance Lifecycle Config does not exist.)"
    )


@pytest.mark.parametrize("content", ["not base64!", "/w==", "AAAA", "A" * 16_388])
def test_a_script_must_be_base64_of_text_no_longer_than_aws_takes(notebooks, content):
    with pytest.raises(ClientError) as error:
        notebooks.sagemaker.create_notebook_instance_lifecycle_config(
            NotebookInstanceLifecycleConfigName="odd", OnStart=[{"Content": content}]
        )
    assert error.value.response["Error"]["Code"] == "ValidationException"


def test_a_kernel_may_have_a_python_of_ones_own(browser, own):
    """It is laid over that Python's environment, whose packages no other kernel has."""
    code = "import only_mine, sys; print(only_mine.PLACE, sys.prefix)"
    place, prefix = browser.run(code, "conda_mine").split()
    assert place == f"{own.packages}/only_mine.py"
    assert prefix == "/home/ec2-user/anaconda3/envs/mine"
    assert "ModuleNotFoundError" in browser.run(code, "conda_python3")


def test_a_kernel_that_can_not_be_fails_the_instance_with_what_to_do(plane, notebooks):
    with kernels(plane, mine="/nowhere/python"):
        notebooks.create("no-kernel")
        with pytest.raises(WaiterError):
            notebooks.wait("no-kernel", "in_service")
    assert "/nowhere/python" in notebooks.describe("no-kernel")["FailureReason"]


def test_a_jupyterlab_that_dies_is_started_again_and_sessions_go_on(browser):
    pid = browser.run("import os; print(os.getppid())").strip()
    code = f"import os, signal; os.kill({pid}, signal.SIGKILL)"
    with pytest.raises((OSError, websocket.WebSocketException)):
        browser.run(code)

    def again() -> bool:
        try:
            return bool(browser.open("/api/contents")[0] == 200)
        except OSError:
            return False

    wait_until(again)
    assert browser.run("import os; print(os.getppid())").strip() != pid


def test_a_url_can_be_used_for_five_minutes_and_a_session_ends(plane, notebooks, browser):
    secrets = (plane.state / "sagemaker" / "notebooks").glob("*/boot-*/secret")
    late = [issue(path.read_bytes(), time.time() - URL_SECONDS - 1, 1800) for path in secrets]
    stranger = Browser(browser.origin)
    for ticket in late:
        status, _, body = stranger.open(f"/?authToken={ticket}")
        assert status == 403
        assert b"expired" in body
    secrets = (plane.state / "sagemaker" / "notebooks").glob("*/boot-*/secret")
    for path in secrets:
        stranger.open(f"/?authToken={issue(path.read_bytes(), time.time(), 2)}")
    assert stranger.open("/api/contents")[0] == 200
    kept = {cookie.name: cookie.value for cookie in stranger.cookies}
    header = "; ".join(f"{name}={value}" for name, value in kept.items())
    # A browser forgets the cookie; one that does not gets nowhere with it either.
    wait_until(lambda: Browser(browser.origin).open("/api/contents", Cookie=header)[0] == 403)
