from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kennel.store import BlobSlices, Slice


@pytest.fixture
def pieces(tmp_path: Path) -> BlobSlices:
    (tmp_path / "a").write_bytes(b"0123456789")
    (tmp_path / "b").write_bytes(b"abcdefghij")
    return BlobSlices([Slice(tmp_path / "a", 2, 3), Slice(tmp_path / "b", 0, 10)])


def test_slices_are_read_as_one(pieces: BlobSlices):
    assert pieces.length == 13
    assert pieces.read() == b"234abcdefghij"
    assert list(pieces.chunks(4)) == [b"234", b"abcd", b"efgh", b"ij"]


def test_no_slices_are_no_bytes(tmp_path: Path):
    nothing = BlobSlices([])
    assert (nothing.length, nothing.read()) == (0, b"")
    nothing.copy_to(tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == b""


def test_slices_are_copied_to_a_file_of_its_own(pieces: BlobSlices, tmp_path: Path):
    target = tmp_path / "copy"
    target.write_bytes(b"longer than what replaces it")
    pieces.copy_to(target)
    assert target.read_bytes() == b"234abcdefghij"
    assert target.stat().st_nlink == 1
    assert target.stat().st_mode & 0o777 == 0o644


def test_a_whole_file_is_copied_never_linked(tmp_path: Path):
    source = tmp_path / "source"
    source.write_bytes(b"whole")
    BlobSlices([Slice(source, 0, 5)]).copy_to(tmp_path / "copy")
    (tmp_path / "copy").write_bytes(b"other")
    assert source.read_bytes() == b"whole"
    assert source.stat().st_nlink == 1


@pytest.mark.parametrize("number", [errno.EXDEV, errno.ENOSYS, errno.EOPNOTSUPP])
def test_a_file_system_that_copies_nothing_itself_is_copied_through_memory(
    pieces: BlobSlices, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number
):
    def refuse(*arguments: object) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "copy_file_range", refuse)
    pieces.copy_to(tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == b"234abcdefghij"


def test_a_copy_that_does_not_fit_leaves_no_file(
    pieces: BlobSlices, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def full(*arguments: object) -> int:
        raise OSError(errno.ENOSPC, "no space left")

    monkeypatch.setattr(os, "copy_file_range", full)
    with pytest.raises(OSError, match="no space"):
        pieces.copy_to(tmp_path / "copy")
    assert not (tmp_path / "copy").exists()


def test_a_file_that_is_too_short_is_an_error_not_a_short_answer(tmp_path: Path):
    (tmp_path / "a").write_bytes(b"012")
    broken = BlobSlices([Slice(tmp_path / "a", 1, 5)])
    with pytest.raises(OSError, match="ends at byte 3"):
        broken.read()
    with pytest.raises(OSError, match="too soon"):
        broken.copy_to(tmp_path / "copy")
    assert not (tmp_path / "copy").exists()


def test_closing_lets_go_once():
    released: list[int] = []
    pieces = BlobSlices([], lambda: released.append(1))
    with pieces:
        assert released == []
    pieces.close()
    del pieces
    assert released == [1]


@given(
    st.lists(st.tuples(st.binary(max_size=40), st.integers(0, 40), st.integers(0, 40)), max_size=5),
    st.integers(1, 50),
)
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_reading_copying_and_chunks_agree(tmp_path: Path, parts, size):
    wanted, pieces = b"", []
    for number, (data, start, end) in enumerate(parts):
        path = tmp_path / str(number)
        path.write_bytes(data)
        start = min(start, len(data))
        end = max(start, min(end, len(data)))
        wanted += data[start:end]
        pieces.append(Slice(path, start, end - start))
    slices = BlobSlices(pieces)
    slices.copy_to(tmp_path / "copy")
    assert slices.read() == b"".join(slices.chunks(size)) == wanted
    assert (tmp_path / "copy").read_bytes() == wanted
