import json


def test_status_shows_the_plane_and_its_two_times(plane):
    answer = plane.command("status")
    assert (answer.returncode, answer.stderr) == (0, "")
    shown = dict(line.split("  ", 1) for line in answer.stdout.splitlines())
    assert shown["url"].strip() == plane.url
    assert shown["state"].strip() == str(plane.state)
    assert shown["policy time"].strip().endswith("UTC, 1 s in a second")
    assert shown["launch delay"].strip() == "0 s of policy time"


def test_status_as_json_is_the_planes_own(plane):
    status = json.loads(plane.command("status", "--json").stdout)
    assert status["region"] == "us-east-1"
    assert status["clock"]["scale"] == 1.0


def test_keys_that_the_plane_does_not_take_are_told(plane, tmp_path):
    copy = tmp_path / "copy"
    copy.mkdir()
    (copy / "plane.json").write_bytes((plane.state / "plane.json").read_bytes())
    text = (plane.state / "credentials").read_text()
    secret = plane.connection.secret_access_key
    (copy / "credentials").write_text(text.replace(secret, "x" * len(secret)))
    answer = plane.command("status", "--state", str(copy))
    assert answer.returncode == 1
    assert "403" in answer.stderr


def test_a_folder_without_readable_keys_is_told(plane, tmp_path):
    (tmp_path / "plane.json").write_bytes((plane.state / "plane.json").read_bytes())
    answer = plane.command("status", "--state", str(tmp_path))
    assert answer.returncode == 1
    assert str(tmp_path / "credentials") in answer.stderr
