"""`kennel run`: any program against the plane, and none of it at AWS."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from tests.planes import Plane, clean_environment, wait_until

CALLER = "import boto3; print(boto3.client('sts').get_caller_identity()['Arn'])"
HOSTILE = {
    "AWS_PROFILE": "prod",
    "AWS_ACCESS_KEY_ID": "AKIAREAL",
    "AWS_SECRET_ACCESS_KEY": "real",
    "AWS_SESSION_TOKEN": "real",
    "AWS_ENDPOINT_URL": "https://aws.example.invalid",
    "AWS_ENDPOINT_URL_STS": "https://sts.us-east-1.amazonaws.com",
    "AWS_USE_FIPS_ENDPOINT": "true",
    "HTTPS_PROXY": "http://proxy.example.invalid:3128",
    "NO_PROXY": "*",
}


def kennel_run(
    plane: Plane, *arguments: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "kennel", "run", "--state", str(plane.state), *arguments]
    return subprocess.run(
        command,
        env=clean_environment() | environment,
        capture_output=True,
        text=True,
        timeout=120,
    )


def python(plane: Plane, code: str, *options: str, **environment: str) -> str:
    """What a Python program prints under `kennel run`."""
    run = kennel_run(plane, *options, "--", sys.executable, "-c", code, **environment)
    assert run.returncode == 0, run.stderr
    return run.stdout.strip()


@pytest.mark.parametrize("network", ["isolated", "host"])
def test_a_program_is_an_execution_role_whatever_the_shell_says(plane, network):
    arn = python(plane, CALLER, "--network", network, **HOSTILE)
    role = "AmazonSageMaker-ExecutionRole-Local"
    assert arn == f"arn:aws:sts::000000000000:assumed-role/{role}/SageMaker"
    found = plane.client("iam").get_role(RoleName=role)["Role"]
    assert found["Path"] == "/service-role/"  # where the SDK's get_execution_role() looks


def test_a_program_can_be_another_role_or_the_root_user(plane):
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "000000000000"}}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    plane.client("iam").create_role(
        RoleName="narrow", AssumeRolePolicyDocument=document, MaxSessionDuration=43200
    )
    assert python(plane, CALLER, "--role", "narrow").endswith(":assumed-role/narrow/SageMaker")
    assert python(plane, CALLER, "--role", "root") == "arn:aws:iam::000000000000:root"
    run = kennel_run(plane, "--role", "nobody", "--", "true")
    assert run.returncode == 1
    assert "NoSuchEntity" in run.stderr


def trusting(principal: dict[str, str]) -> str:
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def test_a_role_with_iam_s_defaults_is_taken_for_as_long_as_it_allows(plane):
    role = plane.client("iam").create_role(
        RoleName="an-hour", AssumeRolePolicyDocument=trusting({"AWS": "000000000000"})
    )["Role"]
    assert role["MaxSessionDuration"] == 3600
    for name in ("an-hour", role["Arn"]):
        assert python(plane, CALLER, "--role", name).endswith(":assumed-role/an-hour/SageMaker")


def test_a_role_that_nobody_here_may_assume_is_said_to_be_so(plane):
    plane.client("iam").create_role(
        RoleName="of-lambda",
        AssumeRolePolicyDocument=trusting({"Service": "lambda.amazonaws.com"}),
    )
    run = kennel_run(plane, "--role", "of-lambda", "--", "true")
    assert run.returncode == 1
    assert "The trust policy of of-lambda lets nobody of the account assume it" in run.stderr
    assert "arn:aws:iam::000000000000:root" in run.stderr


def test_a_python_finds_what_a_jobs_python_finds(plane):
    code = "import os, torchvision; print(os.environ['PYTHONPATH'], torchvision.__version__)"
    path, version = python(plane, code, PYTHONPATH="/mine").split()
    assert path.split(":")[-1] == "/mine"
    assert version.startswith("0.28")


def test_a_file_that_is_no_program_is_said_to_be_none(plane, tmp_path):
    (tmp_path / "page.html").write_text("<html>")
    run = kennel_run(plane, str(tmp_path / "page.html"))
    assert run.returncode == 2
    assert "page.html is not executable." in run.stderr


def test_a_client_that_names_aws_s_own_endpoint_is_served_by_the_plane(plane):
    code = """
import boto3
from botocore.config import Config
sts = boto3.client("sts", endpoint_url="https://sts.eu-west-1.amazonaws.com")
print(sts.get_caller_identity()["Account"])
style = Config(s3={"addressing_style": "virtual"})
s3 = boto3.client("s3", endpoint_url="https://s3.us-west-2.amazonaws.com", config=style)
s3.create_bucket(Bucket="run-by-its-host")
s3.put_object(Bucket="run-by-its-host", Key="k", Body=b"12345")
print(s3.head_object(Bucket="run-by-its-host", Key="k")["ContentLength"])
"""
    assert python(plane, code, **HOSTILE).split() == ["000000000000", "5"]


def test_a_profile_of_the_persons_own_can_not_be_named(plane, tmp_path):
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "credentials").write_text("[prod]\naws_access_key_id = AKIAREAL\n")
    code = """
import boto3, botocore.exceptions
try:
    boto3.Session(profile_name="prod")
except botocore.exceptions.ProfileNotFound as error:
    print(error)
"""
    assert python(plane, code, HOME=str(tmp_path)) == "The config profile (prod) could not be found"


def test_the_proxy_is_the_only_way_out(plane):
    code = """
import socket
for address in (("198.51.100.1", 443), ("127.0.0.1", 1)):
    try:
        socket.create_connection(address, 5)
    except OSError as error:
        print(error.strerror)
"""
    assert python(plane, code) == "Network is unreachable\nConnection refused"


def test_what_listens_on_this_machine_alone_is_reached_with_the_machines_network(plane):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        code = (
            f"import socket; socket.create_connection(('127.0.0.1', {listener.getsockname()[1]}))"
        )
        assert kennel_run(plane, "--", sys.executable, "-c", code).returncode == 1
        assert (
            kennel_run(plane, "--network", "host", "--", sys.executable, "-c", code).returncode == 0
        )


@pytest.mark.parametrize(
    ("program", "code"),
    [(["sh", "-c", "exit 7"], 7), (["sh", "-c", "kill -9 $$"], 137), (["true"], 0)],
)
def test_the_exit_code_is_the_programs(plane, program, code):
    run = kennel_run(plane, *program)
    assert (run.returncode, run.stderr) == (code, "")


def test_standard_input_and_output_are_the_programs(plane):
    command = [sys.executable, "-m", "kennel", "run", "--state", str(plane.state), "--", "cat"]
    run = subprocess.run(
        command, input=b"x" * 1_000_000, env=clean_environment(), capture_output=True, timeout=60
    )
    assert (run.returncode, run.stdout) == (0, b"x" * 1_000_000)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "There is nothing to run."),
        (["--"], "There is nothing to run."),
        (["no-such-program"], "There is no program no-such-program."),
        (["--publish", "no", "true"], "'no' is not a port, nor OUTSIDE:INSIDE"),
        (["--publish", "70000", "true"], "'70000' is not a port, nor OUTSIDE:INSIDE"),
    ],
)
def test_what_can_not_be_run_is_said_in_a_sentence(plane, arguments, sentence):
    run = kennel_run(plane, *arguments)
    assert run.returncode == 2
    assert sentence in run.stderr
    assert "Traceback" not in run.stderr


def test_a_program_needs_a_plane(tmp_path):
    command = [sys.executable, "-m", "kennel", "run", "--state", str(tmp_path), "true"]
    run = subprocess.run(command, env=clean_environment(), capture_output=True, text=True)
    assert run.returncode == 1
    assert "No plane is running" in run.stderr


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


@pytest.fixture
def server(plane: Plane, tmp_path: Path):
    """A web server under `kennel run`, published: its process and its URL out here."""
    port = free_port()
    (tmp_path / "page").write_text("from inside")
    command = [sys.executable, "-m", "kennel", "run", "--state", str(plane.state)]
    command += ["--publish", f"{port}:8000", "--", sys.executable, "-m", "http.server", "8000"]
    command += ["--bind", "127.0.0.1"]
    process = subprocess.Popen(
        command, env=clean_environment(), cwd=tmp_path, stderr=subprocess.DEVNULL
    )
    yield process, f"http://127.0.0.1:{port}/page"
    process.kill()
    process.wait()


def page(url: str) -> str:
    try:
        with urllib.request.urlopen(url, timeout=5) as reply:
            return str(reply.read().decode())
    except OSError:
        return ""


def test_a_published_port_is_reached_from_this_machine_and_sigterm_reaches_the_program(server):
    process, url = server
    assert wait_until(lambda: page(url)) == "from inside"
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 128 + signal.SIGTERM


def test_a_program_ends_with_the_command_that_runs_it(plane, tmp_path):
    mark = tmp_path / "pid"
    command = [sys.executable, "-m", "kennel", "run", "--state", str(plane.state), "--"]
    command += ["sh", "-c", f"echo $$ > {mark}; exec sleep 600"]
    process = subprocess.Popen(command, env=clean_environment())
    pid = int(wait_until(lambda: mark.exists() and mark.read_text().strip()))
    process.kill()
    process.wait()
    wait_until(lambda: not Path(f"/proc/{pid}").exists(), 30, "the program has ended")


def test_a_taken_port_can_not_be_published(plane):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        run = kennel_run(plane, "--publish", str(taken.getsockname()[1]), "true")
    assert run.returncode == 2
    assert "can't be published" in run.stderr


def test_a_machine_without_namespaces_is_said_to_be_one_and_the_program_runs(plane):
    """A user namespace in which no network namespace may be made stands for such a machine."""
    limit = 'echo 0 > /proc/sys/user/max_net_namespaces && exec "$@"'
    command = ["unshare", "--user", "--map-root-user", "sh", "-c", limit, "sh"]
    command += [sys.executable, "-m", "kennel", "run", "--state", str(plane.state), "--"]
    command += [sys.executable, "-c", CALLER]
    run = subprocess.run(
        command, env=clean_environment(), capture_output=True, text=True, timeout=60
    )
    assert run.returncode == 0, run.stderr
    assert "assumed-role" in run.stdout
    assert run.stderr == (
        "kennel: this machine gives no network namespace (No space left on device), so a program "
        "that ignores its proxy settings could still reach AWS.\n"
    )


def test_a_large_body_passes_through_whole(plane):
    code = """
import boto3, hashlib, os
body = os.urandom(30_000_000)
s3 = boto3.client("s3")
s3.create_bucket(Bucket="run-large")
s3.put_object(Bucket="run-large", Key="k", Body=body)
back = s3.get_object(Bucket="run-large", Key="k")["Body"].read()
print(hashlib.sha256(back).digest() == hashlib.sha256(body).digest())
"""
    assert python(plane, code) == "True"


def test_the_shells_other_variables_are_kept(plane):
    code = "import os; print(os.environ['MINE'], os.environ['KENNEL_STATE'])"
    assert python(plane, code, MINE="kept") == f"kept {plane.state}"
    assert os.environ.get("MINE") is None


def test_who_may_not_make_a_network_takes_a_user_namespace_too(plane):
    """Without CAP_SYS_ADMIN, as an ordinary user has it."""
    code = "import socket; socket.create_connection(('198.51.100.1', 443), 5)"
    command = ["setpriv", "--bounding-set=-sys_admin", "--inh-caps=-sys_admin"]
    command += [sys.executable, "-m", "kennel", "run", "--state", str(plane.state), "--"]
    command += [sys.executable, "-c", f"{CALLER}; {code}"]
    run = subprocess.run(
        command, env=clean_environment(), capture_output=True, text=True, timeout=60
    )
    assert "assumed-role" in run.stdout
    assert "Network is unreachable" in run.stderr
    assert "namespace" not in run.stderr
