import os
import subprocess
import sys

from kennel.plane_record import PlaneRecord, process_start_time
from tests.integration.training_jobs import Training


def test_down_returns_when_the_plane_has_gone(kennel, tmp_path):
    kennel("up", "--detach", "--port", "0")
    record = PlaneRecord.read(tmp_path / "state")
    assert record is not None
    answer = kennel("down")
    assert (answer.returncode, answer.stderr) == (0, "")
    assert not record.is_alive()
    assert PlaneRecord.read(tmp_path / "state") is None


def test_down_without_a_plane_is_no_error(kennel):
    answer = kennel("down")
    assert answer.returncode == 0
    assert "No plane is running" in answer.stdout


def test_a_stranger_that_got_the_planes_pid_is_left_alone(kennel, tmp_path):
    stranger = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        started = process_start_time(stranger.pid)
        assert started is not None
        state = tmp_path / "state"
        state.mkdir()
        PlaneRecord(stranger.pid, started - 1, 1, "http://x", "us-east-1", "0").write(state)
        assert "No plane is running" in kennel("down").stdout
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.communicate()


def test_what_was_stored_is_there_after_the_next_up(kennel, plane_factory):
    plane = plane_factory()
    s3 = plane.client("s3")
    s3.create_bucket(Bucket="kept")
    s3.put_object(Bucket="kept", Key="k", Body=b"bytes")
    assert kennel("down", "--state", str(plane.state)).returncode == 0
    assert plane.stop() == 0
    plane.start()
    assert s3.get_object(Bucket="kept", Key="k")["Body"].read() == b"bytes"
    assert os.path.exists(plane.state / "plane.json")


def test_down_says_which_training_jobs_go_on_and_the_next_plane_takes_them_up(
    kennel, plane_factory
):
    plane = plane_factory()
    training = Training(plane)
    training.create("long", "import time; time.sleep(3)")
    training.wait("long", "Training")
    answer = kennel("down", "--state", str(plane.state))
    assert "Still running: long." in answer.stdout
    plane.stop()
    plane.start()
    assert training.wait("long")["SecondaryStatus"] == "Completed"
