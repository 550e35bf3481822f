"""The plane as a proxy: AWS's hosts end here, others are passed on, by real clients."""

from __future__ import annotations

import http.client
import http.server
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlsplit

import boto3
import pytest
import urllib3
from botocore.config import Config
from botocore.exceptions import ClientError
from cryptography import x509

from kennel.client_environment import Reach
from tests.integration.functions import Functions
from tests.integration.model_archives import Hosting
from tests.integration.training_jobs import Training
from tests.planes import Plane, clean_environment


@pytest.fixture(scope="module")
def reach(plane: Plane) -> Reach:
    return Reach.of(plane.state, plane.url, "us-east-1")


def captured(
    plane: Plane, reach: Reach, service: str, region: str = "us-east-1", **config: Any
) -> Any:
    """A client that goes to AWS's own host, by way of the proxy."""
    keys = plane.connection
    return boto3.client(
        service,
        region_name=region,
        aws_access_key_id=keys.access_key_id,
        aws_secret_access_key=keys.secret_access_key,
        verify=str(reach.ca_bundle),
        config=Config(proxies={"https": reach.url, "http": reach.url}, **config),
    )


@pytest.mark.parametrize(
    "variant", [{}, {"use_dualstack_endpoint": True}, {"use_fips_endpoint": True}]
)
def test_boto3_without_an_endpoint_reaches_the_plane(plane, reach, variant):
    identity = captured(plane, reach, "sts", **variant).get_caller_identity()
    assert identity["Arn"] == "arn:aws:iam::000000000000:root"


@pytest.mark.parametrize("style", ["virtual", "path"])
def test_s3_works_by_its_own_hosts_in_both_styles(plane, reach, style):
    s3 = captured(plane, reach, "s3", s3={"addressing_style": style})
    bucket = f"captured.{style}" if style == "path" else f"captured-{style}"
    s3.create_bucket(Bucket=bucket)
    body = b"x" * 3_000_000
    s3.put_object(Bucket=bucket, Key="a b/ü.bin", Body=body)
    assert s3.get_object(Bucket=bucket, Key="a b/ü.bin")["Body"].read() == body
    assert [entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket)["Contents"]] == [
        "a b/ü.bin"
    ]
    with pytest.raises(ClientError) as caught:
        s3.get_object(Bucket=bucket, Key="none")
    assert caught.value.response["Error"]["Code"] == "NoSuchKey"


def test_a_signature_holds_for_the_host_it_was_made_for(plane, reach):
    s3 = captured(plane, reach, "s3", s3={"addressing_style": "virtual"})
    s3.create_bucket(Bucket="captured-signature")
    url = s3.generate_presigned_url("list_objects_v2", {"Bucket": "captured-signature"})
    moved = url.replace("captured-signature.s3.", "another-bucket.s3.")
    assert fetch(reach, url).startswith("200 ")
    assert fetch(reach, moved).startswith("403 ")


@pytest.mark.parametrize(
    ("service", "method", "parameters"),
    [
        ("dynamodb", "list_tables", {}),
        ("sns", "list_topics", {}),
        ("route53", "list_hosted_zones", {}),
        ("batch", "describe_jobs", {"jobs": ["x"]}),
        ("s3control", "list_jobs", {"AccountId": "000000000000"}),
        ("bedrock-runtime", "invoke_model", {"modelId": "m", "body": b"{}"}),
    ],
)
def test_a_service_that_the_plane_does_not_run_is_refused_in_its_own_protocol(
    plane, reach, service, method, parameters
):
    client = captured(plane, reach, service)
    with pytest.raises(ClientError) as caught:
        getattr(client, method)(**parameters)
    assert caught.value.response["Error"]["Code"] == "NotImplemented"


def fetch(reach: Reach, url: str) -> str:
    """`STATUS BODY` of a URL, asked for through the proxy by urllib3; `000 …` if it failed."""
    context = ssl.create_default_context(cafile=str(reach.ca_bundle))
    with urllib3.ProxyManager(reach.url, ssl_context=context, retries=False) as proxy:
        try:
            reply = proxy.request("GET", url)
        except urllib3.exceptions.HTTPError as error:
            return f"000 {error}"
        return f"{reply.status} {reply.data.decode()}"


def test_an_unsigned_request_to_any_other_host_of_aws_gets_an_error_that_names_it(reach):
    answer = fetch(reach, "https://abc.lambda-url.us-east-1.on.aws/x")
    assert answer.startswith("501 ")
    assert "Kennel runs no service whose host is abc.lambda-url.us-east-1.on.aws." in answer


def test_plain_http_to_a_host_of_aws_comes_to_the_plane_too(reach):
    assert "<Code>AccessDenied</Code>" in fetch(reach, "http://bucket.s3.amazonaws.com/key")


def test_an_aws_host_on_another_port_is_refused(reach):
    assert fetch(reach, "https://sts.us-east-1.amazonaws.com:8443/").startswith("000 ")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "169.254.169.254"])
def test_the_proxy_is_no_way_to_what_listens_on_this_machine_or_to_cloud_metadata(reach, host):
    answer = fetch(reach, f"http://{host}:9/latest/meta-data/")
    assert answer.startswith("403 ")
    assert "it is local to this machine" in answer


class _Site(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = f"{self.path} {self.headers['Host']}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: Any) -> None:
        pass


@pytest.fixture(scope="module")
def own_address() -> str:
    """An address of this machine that is not loopback: what stands for another host."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))  # sends nothing; only the route is looked up
        return str(probe.getsockname()[0])


@pytest.fixture(scope="module")
def site(own_address: str) -> Iterator[str]:
    server = http.server.ThreadingHTTPServer((own_address, 0), _Site)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"{own_address}:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_other_hosts_are_passed_on_untouched(reach, site):
    assert fetch(reach, f"http://{site}/a?b=c") == f"200 /a?b=c {site}"
    proxy = urlsplit(reach.url)
    connection = http.client.HTTPConnection(proxy.hostname or "", proxy.port)
    connection.set_tunnel(site)
    connection.request("GET", "/a?b=c")
    assert connection.getresponse().read().decode() == f"/a?b=c {site}"
    connection.close()


def test_a_host_that_does_not_exist_is_said_to_be_so(reach):
    answer = fetch(reach, "http://no-such-host.invalid/")
    assert answer.startswith("502 ")
    assert "no-such-host.invalid:80 can't be reached" in answer


def test_the_authority_vouches_for_aws_alone_and_its_key_is_private(plane, reach):
    folder = reach.ca_bundle.parent
    certificate = x509.load_pem_x509_certificate((folder / "ca.pem").read_bytes())
    constraints = certificate.extensions.get_extension_for_class(x509.NameConstraints)
    assert constraints.critical
    names = {entry.value for entry in constraints.value.permitted_subtrees or ()}
    assert "amazonaws.com" in names
    assert "example.org" not in names
    assert (folder / "ca.key").stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700


def test_a_restart_keeps_the_authority_and_mends_a_broken_one(plane_factory):
    plane = plane_factory()
    first = (plane.state / "ca" / "ca.pem").read_bytes()
    plane.stop()
    plane.start()
    assert (plane.state / "ca" / "ca.pem").read_bytes() == first
    plane.stop()
    (plane.state / "ca" / "ca.key").write_text("no key")
    plane.start()
    reach = Reach.of(plane.state, plane.url, "us-east-1")
    assert (plane.state / "ca" / "ca.pem").read_bytes() != first
    assert captured(plane, reach, "sts").get_caller_identity()["Account"] == "000000000000"


def test_the_bundle_holds_the_machines_certificates_and_certifi_s_and_ours(reach):
    context = ssl.create_default_context(cafile=str(reach.ca_bundle))
    subjects = {str(entry["subject"]) for entry in context.get_ca_certs()}
    assert any("Kennel" in subject for subject in subjects)
    assert len(subjects) > 100


def test_a_plane_stops_while_tunnels_are_open(plane_factory, site):
    plane = plane_factory()
    parts = urlsplit(plane.url)
    host, _, port = site.partition(":")
    with socket.create_connection((parts.hostname or "", parts.port or 0), 10) as tunnel:
        tunnel.sendall(f"CONNECT {host}:{port} HTTP/1.1\r\n\r\n".encode())
        assert tunnel.recv(100).startswith(b"HTTP/1.1 200 ")
        assert plane.stop() == 0


class _ProxySite(_Site):
    """An HTTP proxy that keeps what it was asked for and answers in place of every host."""

    asked: ClassVar[list[str]] = []

    def do_CONNECT(self) -> None:
        self.asked.append(f"{self.path} {self.headers.get('Proxy-Authorization')}")
        if self.path.startswith("refused"):
            self.send_error(407)
            return
        self.send_response(200)
        self.end_headers()
        self.close_connection = False


def test_a_machine_that_goes_out_by_a_proxy_is_respected(plane_factory, own_address, monkeypatch):
    server = http.server.ThreadingHTTPServer((own_address, 0), _ProxySite)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://user:p%40ss@{own_address}:{server.server_port}"
    monkeypatch.setenv("HTTP_PROXY", address)
    monkeypatch.setenv("http_proxy", address)
    plane = plane_factory()
    reach = Reach.of(plane.state, plane.url, "us-east-1")
    assert fetch(reach, "http://elsewhere.invalid/a").startswith("200 /a elsewhere.invalid")
    assert _ProxySite.asked[-1] == "elsewhere.invalid:80 Basic dXNlcjpwQHNz"
    assert "this machine's proxy" in fetch(reach, "http://refused.invalid/a")
    assert fetch(reach, "http://localhost/").startswith("403 ")
    assert captured(plane, reach, "sts").get_caller_identity()["Account"] == "000000000000"
    server.shutdown()
    server.server_close()


# What a job, an endpoint's instance and a function ask AWS by its own host.
ASK = """
import boto3
def whoami():
    sts = boto3.client("sts", endpoint_url="https://sts.eu-west-1.amazonaws.com")
    return sts.get_caller_identity()["Arn"]
"""


def test_a_training_job_that_goes_to_aws_s_own_host_comes_to_the_plane(plane):
    training = Training(plane)
    training.create("goes-to-aws", ASK + "print('I am', whoami())")
    assert training.wait("goes-to-aws")["TrainingJobStatus"] == "Completed"
    lines = training.lines("goes-to-aws")
    assert any(line.startswith("I am arn:aws:sts:") for line in lines)


def test_a_function_that_goes_to_aws_s_own_host_comes_to_the_plane(plane):
    functions = Functions(plane)
    functions.create(
        "goes-to-aws", ASK + "def handler(event, context): return whoami()", Timeout=30
    )
    arn = functions.invoke("goes-to-aws", {})["json"]
    assert arn == "arn:aws:sts::000000000000:assumed-role/functions/goes-to-aws"


def test_an_endpoint_that_goes_to_aws_s_own_host_comes_to_the_plane(plane):
    hosting = Hosting(plane)
    script = ASK + (
        "def model_fn(folder): return None\n"
        "def input_fn(body, kind): return None\n"
        "def predict_fn(data, model): return whoami()\n"
        "def output_fn(answer, accept): return answer\n"
    )
    hosting.deploy("goes-to-aws", script)
    hosting.wait("goes-to-aws")
    assert b":assumed-role/" in hosting.invoke("goes-to-aws")


def test_an_authority_that_can_not_be_made_is_a_sentence(tmp_path):
    state = tmp_path / "state"
    (state / "ca" / "ca.key").mkdir(parents=True)
    (state / "kennel.db").touch()
    command = [sys.executable, "-m", "kennel", "up", "--state", str(state), "--port", "0"]
    run = subprocess.run(
        command, env=clean_environment(), capture_output=True, text=True, timeout=60
    )
    assert run.returncode == 2
    assert "its certificate authority can't be made: " in run.stderr
    assert "Traceback" not in run.stderr


def test_a_plane_that_nobody_asks_for_an_aws_host_does_not_load_what_signs_certificates(
    plane_factory,
):
    """It costs 9 MB of the 100 that a plane may have."""
    plane = plane_factory()
    plane.client("sts").get_caller_identity()
    assert "cryptography" not in Path(f"/proc/{plane.pid}/maps").read_text()
    reach = Reach.of(plane.state, plane.url, "us-east-1")
    captured(plane, reach, "sts").get_caller_identity()
    assert "cryptography" in Path(f"/proc/{plane.pid}/maps").read_text()
