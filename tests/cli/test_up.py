import os
import signal
import socket

import boto3
import pytest

from kennel.cli.connection import connect
from kennel.plane_record import PlaneRecord
from tests.planes import Plane, wait_until


@pytest.fixture
def detached(kennel, tmp_path):
    """Starts a detached plane; it is stopped in the end."""
    state = tmp_path / "state"

    def start(*options, **variables):
        return kennel("up", "--detach", "--port", "0", *options, **variables)

    yield start
    kennel("down")
    Plane(state).close()


def test_detach_returns_when_the_plane_answers_and_says_how_to_go_on(detached, tmp_path):
    answer = detached()
    assert (answer.returncode, answer.stderr) == (0, "")
    record = PlaneRecord.read(tmp_path / "state")
    assert record is not None
    assert record.url in answer.stdout
    assert 'eval "$(kennel env)"' in answer.stdout
    assert connect(tmp_path / "state").get("/_kennel/status")[0] == 200


def test_a_detached_plane_outlives_the_shell_that_started_it(detached, tmp_path):
    detached()
    record = PlaneRecord.read(tmp_path / "state")
    assert record is not None
    assert os.getsid(record.pid) == record.pid
    assert os.readlink(f"/proc/{record.pid}/fd/1") == str(tmp_path / "state" / "plane.log")


def test_the_options_reach_the_plane(detached, kennel, tmp_path):
    answer = detached("--region", "eu-west-1", "--time-scale", "60")
    assert "eu-west-1" in answer.stdout
    status = kennel("status").stdout
    assert "eu-west-1" in status
    assert "60 s in a second" in status


def test_the_state_option_is_repeated_in_the_hint(kennel, tmp_path):
    state = tmp_path / "an other's"
    try:
        answer = kennel("up", "--detach", "--port", "0", "--state", str(state))
        assert f"kennel env --state '{tmp_path}/an other'\"'\"'s'" in answer.stdout
    finally:
        kennel("down", "--state", str(state))


@pytest.mark.parametrize("variables", [{}, {"KENNEL_STATE": "rel"}])
def test_the_hint_works_in_every_folder_however_the_state_was_named(
    kennel, tmp_path, monkeypatch, variables
):
    monkeypatch.chdir(tmp_path)
    option = [] if variables else ["--state", "rel"]
    try:
        answer = kennel("up", "--detach", "--port", "0", *option, **variables)
        assert f'eval "$(kennel env --state {tmp_path}/rel)"' in answer.stdout
    finally:
        kennel("down", "--state", str(tmp_path / "rel"))


def test_a_detached_planes_log_speaks_of_no_ctrl_c(detached, tmp_path):
    detached()
    assert "ready at" in (tmp_path / "state" / "plane.log").read_text()
    assert "Ctrl-C" not in (tmp_path / "state" / "plane.log").read_text()


def test_a_foreground_plane_says_when_it_is_ready_and_when_it_has_stopped(plane_factory):
    plane = plane_factory()
    wait_until(lambda: f"is ready at {plane.url}; Ctrl-C stops it." in plane.output)
    plane.stop()
    assert plane.output.endswith(f"The plane on {plane.state} has stopped.\n")


def test_the_state_folder_and_the_keys_in_it_are_private(detached, tmp_path):
    detached()
    state = tmp_path / "state"
    assert state.stat().st_mode & 0o777 == 0o700
    assert (state / "credentials").stat().st_mode & 0o777 == 0o600


def is_one_sentence(answer):
    return (
        answer.returncode == 2
        and answer.stdout == ""
        and answer.stderr.startswith("kennel: ")
        and answer.stderr.count("\n") == 1
    )


@pytest.mark.parametrize("detach", [[], ["--detach"]])
def test_a_second_plane_on_the_same_state_is_refused_with_the_firsts_url(
    plane_factory, kennel, detach
):
    first = plane_factory()
    answer = kennel("up", "--port", "0", "--state", str(first.state), *detach)
    assert is_one_sentence(answer), answer
    assert first.url in answer.stderr
    assert "kennel down" in answer.stderr
    assert first.client("sts").get_caller_identity()["Account"]


@pytest.mark.parametrize("detach", [[], ["--detach"]])
def test_a_plane_is_refused_by_the_lock_even_where_no_record_tells_of_the_first(
    plane_factory, kennel, detach
):
    first = plane_factory()
    PlaneRecord.remove(first.state)
    answer = kennel("up", "--port", "0", "--state", str(first.state), *detach)
    assert is_one_sentence(answer), answer
    assert str(first.state) in answer.stderr


@pytest.mark.parametrize("detach", [[], ["--detach"]])
def test_a_taken_port_is_named_and_leaves_its_owner_alone(kennel, detach):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        answer = kennel("up", "--port", port, *detach)
    assert is_one_sentence(answer), answer
    assert port in answer.stderr
    assert "--port" in answer.stderr


@pytest.mark.parametrize("detach", [[], ["--detach"]])
def test_a_state_folder_that_can_not_be_made_is_named(kennel, tmp_path, detach):
    (tmp_path / "file").write_text("")
    answer = kennel("up", "--port", "0", "--state", str(tmp_path / "file" / "state"), *detach)
    assert is_one_sentence(answer), answer
    assert str(tmp_path / "file" / "state") in answer.stderr


def test_a_record_left_by_a_killed_plane_does_not_keep_the_next_from_starting(plane_factory):
    plane = plane_factory()
    before = plane.client("sts").get_caller_identity()["Arn"]
    plane.kill()
    assert PlaneRecord.read(plane.state) is not None
    plane.start()
    assert plane.client("sts").get_caller_identity()["Arn"] == before


def test_two_planes_run_side_by_side(plane_factory):
    one, other = plane_factory(), plane_factory("--region", "eu-west-1")
    one.client("s3").create_bucket(Bucket="only-here")
    assert other.client("s3").list_buckets()["Buckets"] == []
    assert one.connection.secret_access_key != other.connection.secret_access_key


def test_a_plane_that_is_killed_while_it_starts_is_told_with_its_last_words(kennel, tmp_path):
    state = tmp_path / "state"
    state.mkdir()
    (state / "kennel.db").write_text("this is no database " * 100)
    answer = kennel("up", "--detach", "--port", "0")
    assert answer.returncode in (1, 2)
    assert "database" in answer.stderr
    assert "Traceback (most recent call last)" not in answer.stdout


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_foreground_plane_stops_in_order_when_it_is_asked_to(plane_factory, number):
    plane = plane_factory()
    os.kill(plane.pid, number)
    assert plane.wait() == 0
    assert PlaneRecord.read(plane.state) is None


def test_a_default_client_works_on_what_env_prints(plane_factory, monkeypatch):
    plane = plane_factory()
    for line in plane.command("env").stdout.splitlines():
        if line.startswith("export "):
            name, _, value = line.removeprefix("export ").partition("=")
            monkeypatch.setenv(name, value.strip("'"))
    # A session of its own: the default one keeps the keys that it found first.
    sts = boto3.Session().client("sts")
    assert sts.get_caller_identity()["Arn"].endswith(":root")


def test_any_free_port_is_the_one_that_the_last_plane_had(detached, kennel, tmp_path):
    detached()
    before = PlaneRecord.read(tmp_path / "state")
    kennel("down")
    detached()
    after = PlaneRecord.read(tmp_path / "state")
    assert before is not None
    assert after is not None
    assert after.port == before.port


def test_a_folder_of_somebody_elses_is_left_alone(kennel, tmp_path):
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "thesis.tex").write_text("years of work")
    answer = kennel("up", "--port", "0")
    assert answer.returncode == 2
    assert "thesis.tex" in answer.stderr
    assert [path.name for path in (tmp_path / "state").iterdir()] == ["thesis.tex"]
