"""An archive becomes files inside its destination, or nothing at all."""

from __future__ import annotations

import io
import os
import stat
import zipfile
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kennel.services.lambda_.archive import ArchiveRefused, inspect, unpack


def packed(path: Path, *members: tuple[str | zipfile.ZipInfo, str]) -> Path:
    with zipfile.ZipFile(path, "w") as file:
        for name, text in members:
            file.writestr(name, text)
    return path


def member(name: str, mode: int) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.create_system = 3
    info.external_attr = mode << 16
    return info


def test_files_folders_and_links_appear(tmp_path: Path) -> None:
    archive = packed(
        tmp_path / "a.zip",
        ("main.py", "x = 1"),
        ("package/", ""),
        ("package/deep/__init__.py", ""),
        (member("run.sh", stat.S_IFREG | 0o700), "#!/bin/sh"),
        (member("hidden", stat.S_IFREG | 0o200), "readable all the same"),
        (member("package/link", stat.S_IFLNK | 0o777), "../main.py"),
    )
    inspect(archive)
    unpack(archive, tmp_path / "out")
    out = tmp_path / "out"
    assert (out / "main.py").read_text() == "x = 1"
    assert (out / "package" / "deep" / "__init__.py").exists()
    assert (out / "package" / "link").read_text() == "x = 1"
    assert os.access(out / "run.sh", os.X_OK)
    assert (out / "hidden").stat().st_mode & 0o444 == 0o444


def test_the_last_of_two_members_with_one_name_counts(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="Duplicate name"):
        archive = packed(tmp_path / "a.zip", ("main.py", "old"), ("main.py", "new"))
    unpack(archive, tmp_path / "out")
    assert (tmp_path / "out" / "main.py").read_text() == "new"


def test_unpacking_again_replaces_what_was_there(tmp_path: Path) -> None:
    unpack(packed(tmp_path / "a.zip", ("old.py", "")), tmp_path / "out")
    unpack(packed(tmp_path / "b.zip", ("new.py", "")), tmp_path / "out")
    assert os.listdir(tmp_path / "out") == ["new.py"]


@pytest.mark.parametrize(
    ("members", "why"),
    [
        ([("../evil", "")], "'..'"),
        ([("a/../../evil", "")], "'..'"),
        ([("/etc/evil", "")], "absolute"),
        ([("a\\..\\evil", "")], "backslash"),
        ([(member("out", stat.S_IFLNK | 0o777), "/etc/passwd")], "outside"),
        ([(member("out", stat.S_IFLNK | 0o777), "../..")], "outside"),
        ([(member("d/out", stat.S_IFLNK | 0o777), "x/../../..")], "outside"),
        ([(member("d", stat.S_IFLNK | 0o777), "e"), ("d/file", "")], "behind a link"),
        ([("d/file", ""), (member("d", stat.S_IFLNK | 0o777), "e")], "behind a link"),
        ([(member("pipe", stat.S_IFIFO | 0o600), "")], "device or a pipe"),
        ([("a", ""), ("a/b", "")], "both a file and a folder"),
    ],
)
def test_whatever_reaches_outside_or_makes_no_sense_is_refused_whole(
    tmp_path: Path, members: list[tuple[str | zipfile.ZipInfo, str]], why: str
) -> None:
    archive = packed(tmp_path / "a.zip", *members)
    with pytest.raises(ArchiveRefused, match=why):
        unpack(archive, tmp_path / "out")
    assert sorted(os.listdir(tmp_path)) == ["a.zip"]


def test_an_empty_archive_and_one_that_is_none_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ArchiveRefused, match="non-empty"):
        inspect(packed(tmp_path / "a.zip"))
    (tmp_path / "b.zip").write_bytes(b"PK no")
    with pytest.raises(ArchiveRefused, match="Could not unzip"):
        inspect(tmp_path / "b.zip")


def test_what_unzips_to_250_mb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as file:
        for name in "abcd":
            file.writestr(name, b"\0" * 65_536_000)
    with pytest.raises(ArchiveRefused, match="smaller than 262144000 bytes"):
        inspect(tmp_path / "a.zip")


def test_an_encrypted_archive_is_refused(tmp_path: Path) -> None:
    archive = packed(tmp_path / "a.zip", ("main.py", "x"))
    data = bytearray(archive.read_bytes())
    data[data.find(b"PK\x01\x02") + 8] |= 1
    archive.write_bytes(data)
    with pytest.raises(ArchiveRefused, match="encrypted"):
        inspect(archive)


@given(position=st.integers(0, 10_000), value=st.integers(0, 255))
@example(position=630, value=0)  # a member without a name
def test_a_damaged_archive_is_unpacked_inside_or_refused(
    tmp_path_factory: pytest.TempPathFactory, position: int, value: int
) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("package/main.py", "x = 1\n" * 50)
        file.writestr(member("link", stat.S_IFLNK | 0o777), "package/main.py")
    data = bytearray(buffer.getvalue())
    data[position % len(data)] = value
    folder = tmp_path_factory.mktemp("damaged")
    (folder / "a.zip").write_bytes(data)
    try:
        unpack(folder / "a.zip", folder / "out")
    except ArchiveRefused:
        assert os.listdir(folder) == ["a.zip"]
        return
    assert sorted(os.listdir(folder)) == ["a.zip", "out"]
    for root, folders, files in os.walk(folder / "out"):
        for name in (*folders, *files):
            assert Path(root, name).resolve().is_relative_to(folder)
