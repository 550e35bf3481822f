from __future__ import annotations

import errno
import io
import os
import tarfile
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kennel.runtimes.archive import ArchiveError, extract

Member = tuple[tarfile.TarInfo, bytes]


def file(name: str, content: bytes = b"x", mode: int = 0o644) -> Member:
    info = tarfile.TarInfo(name)
    info.size, info.mode = len(content), mode
    return info, content


def special(name: str, kind: bytes, target: str = "") -> Member:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info, b""


def link(name: str, target: str) -> Member:
    return special(name, tarfile.SYMTYPE, target)


@pytest.fixture
def pack(tmp_path: Path):
    def make(*members: Member, mode: str = "w:gz") -> str:
        path = tmp_path / "sourcedir.tar.gz"
        with tarfile.open(path, mode) as tar:  # type: ignore[call-overload]
            for info, content in members:
                tar.addfile(info, io.BytesIO(content))
        return str(path)

    return make


@pytest.fixture
def destination(tmp_path: Path) -> Path:
    return tmp_path / "out" / "code"


def test_files_folders_and_links_inside_are_unpacked(pack, destination):
    archive = pack(
        file("train.py", b"print()"),
        file("./lib/deep/a.py"),
        file("run.sh", mode=0o755),
        link("lib/train.py", "../train.py"),
        link("lib/current", "deep"),
        special("again.py", tarfile.LNKTYPE, "train.py"),
    )
    extract(archive, str(destination))
    assert (destination / "lib" / "train.py").read_bytes() == b"print()"
    assert (destination / "lib" / "current" / "a.py").read_bytes() == b"x"
    assert (destination / "again.py").read_bytes() == b"print()"
    assert os.access(destination / "run.sh", os.X_OK)


def test_a_plain_tar_is_unpacked_too_into_an_empty_folder(pack, destination):
    destination.mkdir(parents=True)
    extract(pack(file("a")), str(destination))
    assert (destination / "a").exists()
    with tarfile.open(destination.parent / "plain.tar", "w:") as tar:
        tar.addfile(file("b")[0], io.BytesIO(b"x"))
    extract(str(destination.parent / "plain.tar"), str(destination.parent / "plain"))
    assert (destination.parent / "plain" / "b").exists()


@pytest.mark.parametrize(
    "members",
    [
        [file("../evil")],
        [file("a/../../evil")],
        [file("a/../b")],
        [file("/etc/evil")],
        [link("out", "/etc")],
        [link("out", "..")],
        [link("a/out", "../../x")],
        [link("here", "."), link("out", "here/..")],
        [link("lib", "."), file("lib/evil")],
        [file("a/b"), link("a/c", "b"), file("./a//c/evil")],
        [special("out", tarfile.LNKTYPE, "../evil")],
        [special("out", tarfile.LNKTYPE, "/etc/passwd")],
        [link("a", "b"), special("out", tarfile.LNKTYPE, "./a")],
        [special("a", tarfile.LNKTYPE, "a")],
        [special("pipe", tarfile.FIFOTYPE)],
        [special("disk", tarfile.BLKTYPE)],
        [special("tty", tarfile.CHRTYPE)],
    ],
    ids=lambda members: " ".join(f"{m.name}>{m.linkname}" for m, _ in members),
)
def test_a_member_that_could_reach_outside_is_refused_and_nothing_stays(members, pack, destination):
    destination.parent.mkdir()
    with pytest.raises(ArchiveError, match=r"is refused: its member .* Make the archive"):
        extract(pack(file("good"), *members), str(destination))
    assert list(destination.parent.iterdir()) == []


@pytest.mark.parametrize(
    "members",
    [
        [file("a"), special("a", tarfile.LNKTYPE, "a")],
        [file("a"), file("./a")],
        [link("a", "b"), file("a")],
        [file("a"), link("a", "b")],
        [file("a/b"), link("a", "a")],
        [file("a"), file("a/b")],
    ],
    ids=lambda members: " ".join(f"{m.name}>{m.linkname}" for m, _ in members),
)
def test_two_members_of_one_name_are_refused(members, pack, destination):
    with pytest.raises(ArchiveError, match="two of its members want to be a"):
        extract(pack(*members), str(destination))


def test_more_than_the_bound_is_refused(pack, destination):
    with pytest.raises(ArchiveError, match="more than 10 bytes"):
        extract(pack(file("a", b"123456"), file("b", b"123456")), str(destination), max_bytes=10)
    with pytest.raises(ArchiveError, match="or 1 files"):
        extract(pack(file("a"), file("b")), str(destination), max_members=1)
    assert not destination.exists()


def test_a_broken_archive_is_named_as_such(pack, destination):
    whole = Path(pack(*[file(f"f{i}", os.urandom(2000)) for i in range(20)]))
    for cut in (1, 3, len(whole.read_bytes()) // 2):
        whole.write_bytes(whole.read_bytes()[:cut] if cut > 3 else b"garbage"[:cut])
        with pytest.raises(ArchiveError, match=r"sourcedir.tar.gz can't be unpacked"):
            extract(str(whole), str(destination))
        assert not destination.exists()
        whole = Path(pack(*[file(f"f{i}", os.urandom(2000)) for i in range(20)]))


def test_a_header_that_says_it_is_huge_is_refused_before_it_is_read(tmp_path, destination):
    info = tarfile.TarInfo("././@LongLink")
    info.type, info.size = tarfile.GNUTYPE_LONGNAME, 8 << 30
    path = tmp_path / "bomb.tar"
    path.write_bytes(info.tobuf(tarfile.GNU_FORMAT) + bytes(10240))
    with pytest.raises(ArchiveError, match="a header of 8,589,934,592 bytes"):
        extract(str(path), str(destination))


def test_bits_that_change_who_a_program_runs_as_are_left_out(pack, destination):
    extract(pack(file("a", mode=0o6755), file("b", mode=0o7777)), str(destination))
    for name in ("a", "b"):
        assert (destination / name).stat().st_mode & 0o7777 == 0o755


PART = st.sampled_from(["a", "b", "c", "..", ".", ""])
PATH = st.lists(PART, min_size=1, max_size=4).map("/".join).filter(bool)


@given(st.lists(st.tuples(st.sampled_from(["file", "link", "hard"]), PATH, PATH), max_size=6))
@example([("file", "a", "a"), ("link", "b", "b//a")])
def test_whatever_an_archive_holds_nothing_outside_changes(tmp_path_factory, recipe):
    root = tmp_path_factory.mktemp("archive")
    (root / "x" / "y").mkdir(parents=True)
    path = root / "a.tar"
    with tarfile.open(path, "w:") as tar:
        for kind, name, target in recipe:
            if kind == "file":
                tar.addfile(file(name, b"evil")[0], io.BytesIO(b"evil"))
            else:
                flag = tarfile.SYMTYPE if kind == "link" else tarfile.LNKTYPE
                tar.addfile(special(name, flag, target)[0])
    try:
        extract(str(path), str(root / "x" / "y" / "out"))
    except ArchiveError:
        pass
    assert sorted(p.name for p in root.iterdir()) == ["a.tar", "x"]
    assert [p.name for p in (root / "x").iterdir()] == ["y"]
    inside = root / "x" / "y" / "out"
    assert {p.name for p in (root / "x" / "y").iterdir()} <= {"out"}
    for folder, folders, files in os.walk(inside):
        for name in folders + files:
            try:
                os.stat(os.path.join(folder, name))
            except OSError as error:
                if error.errno == errno.ELOOP:
                    continue  # a link in a circle leads nowhere
            real = os.path.realpath(os.path.join(folder, name))
            assert os.path.commonpath([real, str(inside)]) == str(inside)
