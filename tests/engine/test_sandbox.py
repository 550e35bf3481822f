"""What a process sees of the file system, and what the machine sees of that: nothing."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kennel.engine import Mount, StartError

# Nobody else's names: what is made here would be found here.
ABSENT = f"kennel-test-{os.getpid()}"
ML = f"/opt/{ABSENT}/ml"


@pytest.fixture(autouse=True)
def _the_machine_stays_as_it_was():
    def looks():
        mounts = Path("/proc/self/mountinfo").read_text()
        return mounts, sorted(os.listdir("/")), sorted(os.listdir("/opt"))

    before = looks()
    yield
    assert looks() == before
    assert not Path(f"/opt/{ABSENT}").exists()


def test_opt_ml_appears_inside_only_and_what_is_written_stays_in_its_source(
    engine, shell, tmp_path
):
    source = tmp_path / "ml"
    (source / "model").mkdir(parents=True)
    (source / "hello").write_text("hello\n")
    spec = shell(
        f"cat {ML}/hello; echo weights > {ML}/model/model.pth; ls /opt",
        mounts=(Mount(source, ML),),
    )
    assert engine.run(spec).wait().code == 0
    assert (source / "model" / "model.pth").read_text() == "weights\n"
    entries = sorted([*os.listdir("/opt"), ABSENT], key=os.fsencode)
    assert sorted(spec.log.read_text().split()[1:]) == sorted(entries)


def test_a_process_has_a_host_name_of_its_own_if_it_asks_for_one(engine, shell, tmp_path):
    before = os.uname().nodename
    mounts = (Mount(tmp_path, ML),)
    spec = shell("hostname", mounts=mounts, host_name="algo-2")
    assert engine.run(spec).wait().code == 0
    assert spec.log.read_text() == "algo-2\n"
    plain = shell("hostname", mounts=mounts)
    assert engine.run(plain).wait().code == 0
    assert plain.log.read_text().strip() == os.uname().nodename == before


def test_the_neighbours_of_a_made_target_are_still_there(engine, shell, tmp_path):
    outer = tmp_path / "outer"
    (outer / "folder").mkdir(parents=True)
    (outer / "folder" / "inner").write_text("inner\n")
    (outer / "file").write_text("file\n")
    (outer / "link").symlink_to("folder/inner")
    (outer / "dangling").symlink_to("nowhere")
    os.mkfifo(outer / "fifo")
    outer.chmod(0o751)
    line = "cd outer; cat folder/inner file link; readlink dangling; ls; stat -c %a .; test -p fifo"
    spec = shell(line, mounts=(Mount(Path("/etc"), str(outer / "made" / "deep")),))
    assert engine.run(spec).wait().code == 0
    wanted = "inner file inner nowhere dangling fifo file folder link made 751"
    assert spec.log.read_text().split() == wanted.split()
    assert not (outer / "made").exists()


def test_a_target_below_the_root_can_be_made_too(engine, shell, tmp_path):
    (tmp_path / "hello").write_text("hello\n")
    spec = shell(
        f"cat /{ABSENT}/ml/hello; pwd; cat {tmp_path}/hello; ls -A /; touch made",
        mounts=(Mount(tmp_path, f"/{ABSENT}/ml"), Mount(tmp_path, ML)),
    )
    assert engine.run(spec).wait().code == 0
    first, second, third, *entries = spec.log.read_text().splitlines()
    assert (first, second, third) == ("hello", str(tmp_path), "hello")
    assert set(entries) == {*os.listdir("/"), ABSENT}
    assert (tmp_path / "made").exists()


def test_a_read_only_mount_refuses_writes(engine, shell, tmp_path):
    source = tmp_path / "data"
    source.mkdir()
    (source / "a").write_text("a\n")
    spec = shell(
        f"cat {ML}/a; touch {ML}/b; echo x > {ML}/a; touch {source}/c",
        mounts=(Mount(source, ML, read_only=True),),
    )
    assert engine.run(spec).wait().code == 0
    assert spec.log.read_text().count("Read-only file system") == 2
    assert sorted(os.listdir(source)) == ["a", "c"]
    assert (source / "a").read_text() == "a\n"


def test_mounts_nest_in_any_order(engine, shell, tmp_path):
    for name in ("ml", "ml/data", "other"):
        (tmp_path / name).mkdir()
    (tmp_path / "other" / "x").write_text("x\n")
    spec = shell(
        f"cat {ML}/data/x; touch {ML}/y; touch {ML}/data/z; cat {ML}-2/x",
        mounts=(
            Mount(tmp_path / "other", f"{ML}/data", read_only=True),
            Mount(tmp_path / "ml", ML),
            Mount(tmp_path / "other", f"{ML}-2"),
        ),
    )
    engine.run(spec).wait()
    lines = spec.log.read_text().splitlines()
    assert lines[0] == lines[2] == "x"
    assert "Read-only" in lines[1]
    assert sorted(os.listdir(tmp_path / "ml")) == ["data", "y"]


def test_a_file_can_be_mounted_over_a_file_and_where_there_is_none(engine, shell, tmp_path):
    (tmp_path / "hosts").write_text("127.0.0.1 algo-1\n")
    hosts = Mount(tmp_path / "hosts", "/etc/hosts")
    made = Mount(tmp_path / "hosts", f"{ML}/input/hosts")
    spec = shell(f"cat /etc/hosts {ML}/input/hosts", mounts=(hosts, made))
    assert engine.run(spec).wait().code == 0
    assert spec.log.read_text() == "127.0.0.1 algo-1\n" * 2


def test_the_working_directory_may_lie_in_a_mount(engine, shell, tmp_path):
    spec = shell("pwd", mounts=(Mount(tmp_path, ML),), working_directory=Path(ML))
    engine.run(spec).wait()
    assert spec.log.read_text() == f"{ML}\n"


def test_the_process_keeps_its_user_unless_that_is_root(engine, shell):
    spec = shell("id -u; id -g")
    engine.run(spec).wait()
    uid, gid = (1000, 1000) if os.getuid() == 0 else (os.getuid(), os.getgid())
    assert spec.log.read_text() == f"{uid}\n{gid}\n"


@pytest.mark.parametrize(
    ("mounts", "sentence"),
    [
        ([("absent", ML)], "source .*absent of .* does not exist"),
        ([("file", "/etc")], "must both be folders or both files"),
        ([("folder", "/etc/hosts")], "must both be folders or both files"),
        ([("folder", "/etc/hosts/ml")], "is a file: no mount can lie in it"),
        ([("folder", ML), ("folder", f"{ML}/data")], "make it in the source"),
    ],
)
def test_a_mount_that_cannot_be_made_is_a_failed_start_that_says_why(
    engine, shell, tmp_path, mounts, sentence
):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    wanted = tuple(Mount(tmp_path / source, target) for source, target in mounts)
    with pytest.raises(StartError, match=sentence):
        engine.run(shell("exit 0", mounts=wanted))
    assert os.listdir(tmp_path / "folder") == []


def test_a_mount_that_covers_the_sources_of_others_hides_no_other_source(engine, shell, tmp_path):
    inside = tmp_path / "inside"
    inside.mkdir()
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "hello").write_text("hello\n")
    covering = Mount(inside, str(tmp_path))
    code = Mount(tmp_path / "code", f"/var/{ABSENT}")  # made after /tmp/…
    spec = shell(f"cat /var/{ABSENT}/hello; ls -a {tmp_path}", mounts=(code, covering))
    assert engine.run(spec).wait().code == 0
    assert spec.log.read_text().split() == ["hello", ".", ".."]
