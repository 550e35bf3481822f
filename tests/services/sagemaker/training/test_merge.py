from __future__ import annotations

import io
import tarfile
from pathlib import Path

from kennel.services.sagemaker.training.archive import write_archive
from kennel.services.sagemaker.training.merge import clashes, merged


def host(root: Path, name: str, *files: str) -> Path:
    """A folder with such files; each holds the host's name."""
    for file in files:
        path = root / name / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return root / name


def contents(*folders: Path) -> dict[str, str]:
    return {e.name: e.path.read_text() for e in merged(folders) if e.path.is_file()}


def test_the_files_of_all_hosts_come_together(tmp_path):
    one = host(tmp_path, "one", "a", "code/x")
    two = host(tmp_path, "two", "b", "code/y", "deep/er/z")
    assert contents(one, two) == {
        "a": "one", "b": "two", "code/x": "one", "code/y": "two", "deep/er/z": "two",
    }  # fmt: skip
    assert clashes([one, two]) == []


def test_of_files_of_one_name_the_first_hosts_counts_and_they_are_told(tmp_path):
    one = host(tmp_path, "one", "model.pth", "code/x")
    two = host(tmp_path, "two", "model.pth", "code/x", "own")
    assert contents(one, two) == {"model.pth": "one", "code/x": "one", "own": "two"}
    assert contents(two, one)["model.pth"] == "two"
    assert clashes([one, two]) == ["code/x", "model.pth"]


def test_a_file_in_the_way_of_a_folder_hides_it(tmp_path):
    one, two = host(tmp_path, "one", "thing"), host(tmp_path, "two", "thing/inside")
    assert contents(one, two) == {"thing": "one"}
    assert contents(two, one) == {"thing/inside": "two"}


def test_a_link_to_a_folder_is_never_followed(tmp_path):
    secret = host(tmp_path, "secret", "keys")
    one, two = host(tmp_path, "one", "a"), host(tmp_path, "two", "b")
    (one / "linked").symlink_to(secret)
    three = tmp_path / "three"
    three.symlink_to(secret)
    assert contents(one, two, three, tmp_path / "missing") == {"a": "one", "b": "two"}


def test_the_archive_is_of_all_hosts_with_the_links_that_stay_inside(tmp_path):
    one, two = host(tmp_path, "one", "a"), host(tmp_path, "two", "b")
    (two / "within").symlink_to("b")
    (two / "across").symlink_to("../one/a")
    pieces: list[bytes] = []
    write_archive([one, two], pieces.append)
    with tarfile.open(fileobj=io.BytesIO(b"".join(pieces)), mode="r:gz") as tar:
        assert tar.getnames() == ["a", "b", "within"]
