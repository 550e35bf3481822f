from __future__ import annotations

import io
import os
import random
import subprocess
import tarfile
from pathlib import Path

from kennel.services.sagemaker.training.archive import write_archive
from kennel.services.sagemaker.training.notes import left_out_note
from kennel.services.sagemaker.training.upload import is_empty


def archive(folder: Path) -> bytes:
    pieces: list[bytes] = []
    write_archive([folder], pieces.append)
    return b"".join(pieces)


def fill(folder: Path) -> None:
    (folder / "code" / "deep").mkdir(parents=True)
    (folder / "model.pth").write_bytes(random.Random(3).randbytes(3_500_000))
    (folder / "code" / "inference.py").write_text("x = 1\n")
    (folder / "code" / "deep" / "ünï.txt").write_bytes(b"")
    (folder / "empty").mkdir()


def test_every_file_comes_out_as_it_went_in(tmp_path):
    fill(tmp_path / "model")
    with tarfile.open(fileobj=io.BytesIO(archive(tmp_path / "model")), mode="r:gz") as tar:
        tar.extractall(tmp_path / "out", filter="data")
    original = {p.relative_to(tmp_path / "model"): p for p in (tmp_path / "model").rglob("*")}
    copied = {p.relative_to(tmp_path / "out"): p for p in (tmp_path / "out").rglob("*")}
    assert original.keys() == copied.keys()
    for name, path in original.items():
        if path.is_file():
            assert path.read_bytes() == copied[name].read_bytes()


def test_gnu_tar_reads_it(tmp_path):
    fill(tmp_path / "model")
    (tmp_path / "model.tar.gz").write_bytes(archive(tmp_path / "model"))
    listed = subprocess.run(
        ["tar", "-tzf", tmp_path / "model.tar.gz"], capture_output=True, text=True, check=True
    )
    assert "model.pth" in listed.stdout.splitlines()


def test_the_same_files_give_the_same_bytes_whatever_order_they_were_made_in(tmp_path):
    for folder, names in (("one", "abc"), ("two", "cba")):
        (tmp_path / folder).mkdir()
        for name in names:
            (tmp_path / folder / name).write_text(name)
            os.utime(tmp_path / folder / name, (1, 1))
    assert archive(tmp_path / "one") == archive(tmp_path / "two")


def test_links_inside_are_kept_and_links_out_of_the_folder_and_pipes_are_left_out(tmp_path):
    folder = tmp_path / "model"
    folder.mkdir()
    (tmp_path / "secret").write_text("no")
    (folder / "weights").write_text("w")
    (folder / "latest").symlink_to("weights")
    (folder / "out").symlink_to("../secret")
    (folder / "absolute").symlink_to(folder / "weights")
    os.link(folder / "weights", folder / "weights-again")
    os.mkfifo(folder / "pipe")
    with tarfile.open(fileobj=io.BytesIO(archive(folder)), mode="r:gz") as tar:
        assert tar.getnames() == ["latest", "weights", "weights-again"]
        assert tar.getmember("latest").linkname == "weights"
        again = tar.extractfile("weights-again")
        assert again is not None
        assert again.read() == b"w"


def test_what_is_left_out_of_an_archive_is_told(tmp_path):
    (tmp_path / "out").symlink_to("/etc/passwd")
    (tmp_path / "in").symlink_to("weights")
    (tmp_path / "weights").write_text("w")
    os.mkfifo(tmp_path / "pipe")
    left_out = write_archive([tmp_path], lambda data: None)
    assert left_out == ["out", "pipe"]
    note = left_out_note(left_out, "s3://bucket/job/output")
    assert note.startswith("Left out of the artifacts at s3://bucket/job/output: out, pipe.")


def test_a_folder_that_is_a_link_to_another_has_nothing_to_upload(tmp_path):
    (tmp_path / "model").symlink_to("/etc")
    assert is_empty(tmp_path / "model")
    assert is_empty(tmp_path / "missing")
    assert not is_empty(tmp_path)


def test_an_empty_folder_is_a_valid_archive(tmp_path):
    with tarfile.open(fileobj=io.BytesIO(archive(tmp_path)), mode="r:gz") as tar:
        assert tar.getnames() == []
