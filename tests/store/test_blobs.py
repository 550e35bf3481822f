from __future__ import annotations

import errno
import gc
import logging
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from kennel.store import BlobGone, BlobStore, Database, Piece, StorageFull, staging
from kennel.store import blobs as blobs_module
from tests.store.conftest import Blobs, owned


def test_a_blob_is_what_was_written(blobs: Blobs):
    writer = blobs.store.writer(["sha256"])
    for piece in (b"one", b"", b"two"):
        writer.write(piece)
    blob = writer.finish()
    assert blob.size == 6
    assert set(blob.digests) == {"md5", "crc64nvme", "sha256"}
    with blob.open() as slices:
        assert slices.read() == b"onetwo"


def test_a_writer_may_be_used_from_one_thread_after_another(blobs: Blobs):
    writer = blobs.store.writer()
    for number in range(20):
        with ThreadPoolExecutor(1) as pool:
            pool.submit(writer.write, bytes([number])).result()
    with blobs.store.open([Piece(writer.finish().blob_id, 5, 3)]) as slices:
        assert slices.read() == b"\x05\x06\x07"


def test_an_aborted_writer_leaves_nothing(blobs: Blobs):
    writer = blobs.store.writer()
    writer.write(b"x")
    writer.abort()
    writer.abort()
    assert blobs.files() == set()
    with pytest.raises(ValueError):
        writer.write(b"x")
    with pytest.raises(ValueError):
        writer.finish()


def test_a_forgotten_writer_leaves_nothing(blobs: Blobs):
    blobs.store.writer().write(b"x")
    gc.collect()
    assert blobs.files() == set()


def test_a_finished_writer_is_not_undone_by_an_abort(blobs: Blobs):
    writer = blobs.store.writer()
    blob = writer.finish()
    writer.abort()
    assert blobs.files() == {blob.blob_id}


def test_a_staged_blob_is_discarded_unless_it_was_kept(blobs: Blobs):
    kept, dropped = blobs.store.stage(b"kept"), blobs.store.stage(b"dropped")
    kept.keep()
    kept.discard()
    dropped.discard()
    dropped.discard()
    assert blobs.files() == {kept.blob_id}


def test_a_file_is_copied_in(blobs: Blobs, tmp_path: Path):
    source = tmp_path / "source"
    source.write_bytes(os.urandom(3_000_000))
    with blobs.store.stage(source).open() as slices:
        assert slices.read() == source.read_bytes()
    with pytest.raises(FileNotFoundError):
        blobs.store.stage(tmp_path / "missing")
    assert len(blobs.files()) == 1


def test_a_digest_that_was_not_asked_for_is_computed_from_the_file(blobs: Blobs):
    blob = blobs.store.stage(b"123456789")
    assert blob.digest("crc32").hex() == "cbf43926"


def test_a_removed_blob_can_not_be_opened(blobs: Blobs):
    blob = blobs.store.stage(b"x")
    blob.discard()
    with pytest.raises(BlobGone):
        blob.open()


def test_a_removed_blob_stays_while_somebody_reads_it(blobs: Blobs):
    blob = blobs.store.stage(b"x")
    first, second = blob.open(), blob.open()
    blobs.store.remove([blob.blob_id])
    with pytest.raises(BlobGone):
        blob.open()  # whoever comes now has read a row that is no more
    assert second.read() == b"x"
    second.close()
    second.close()
    assert first.read() == b"x"
    first.close()
    assert blobs.files() == set()


def test_a_reader_that_was_dropped_lets_go(blobs: Blobs):
    blob = blobs.store.stage(b"x")
    slices = blob.open()
    blobs.store.remove([blob.blob_id])
    assert blobs.files() == {blob.blob_id}
    del slices
    gc.collect()
    assert blobs.files() == set()


def test_letting_go_inside_the_store_does_not_hang(blobs: Blobs):
    """The garbage collector may do it on the very thread that holds the lock."""
    blob = blobs.store.stage(b"x")
    slices = blob.open()
    blobs.store.remove([blob.blob_id])
    with blobs.store._lock:
        slices.close()
    blobs.store.remove([])  # the next call catches up
    assert blobs.files() == set()


def test_readers_and_removers_never_meet_a_missing_file(blobs: Blobs):
    """Whoever opened a blob can read all of it; whoever comes too late is told so."""
    ids = [blobs.store.stage(bytes([number]) * 100).blob_id for number in range(100)]
    gone = []

    def read(start: int) -> None:
        for number in range(len(ids)):
            index = (start + number) % len(ids)
            try:
                slices = blobs.store.open([Piece(ids[index], 0, 100)])
            except BlobGone:
                gone.append(index)
                continue
            with slices:
                assert slices.read() == bytes([index]) * 100

    def remove() -> None:
        for blob_id in ids:
            blobs.store.remove([blob_id])

    with ThreadPoolExecutor(5) as pool:
        jobs = [pool.submit(read, start) for start in (0, 25, 50, 75)]
        jobs.append(pool.submit(remove))
        for job in jobs:
            job.result()
    assert blobs.files() == set()


def test_a_start_sweeps_what_nothing_refers_to(blobs: Blobs, caplog: pytest.LogCaptureFixture):
    kept = blobs.own(blobs.store.stage(b"kept"))
    blobs.store.stage(b"orphan")
    again = BlobStore(blobs.folder, blobs.database)
    again.references(owned)
    with caplog.at_level(logging.INFO):
        again.start()
    assert blobs.files() == {kept}
    assert "swept 1 file" in caplog.text


def test_a_start_tells_of_blobs_whose_file_is_lost(blobs: Blobs, caplog: pytest.LogCaptureFixture):
    kept = blobs.own(blobs.store.stage(b"kept"))
    blobs.store.path(kept).unlink()
    again = BlobStore(blobs.folder, blobs.database)
    again.references(owned)
    again.start()
    assert kept in caplog.text


def test_a_commit_syncs_each_changed_folder_once(blobs: Blobs, monkeypatch: pytest.MonkeyPatch):
    blobs.store.stage(b"makes the folder")
    blobs.database.write(lambda connection: None)
    synced: list[Path] = []
    monkeypatch.setattr(blobs_module, "sync_folder", synced.append)
    staged = [blobs.store.stage(b"x") for _ in range(10)]
    assert synced == []
    blobs.own(staged[0])
    folders = {blobs.store.path(blob.blob_id).parent for blob in staged}
    assert sorted(synced) == sorted(folders)
    assert len(folders) == 1
    synced.clear()
    blobs.own(staged[1])
    assert synced == []


def test_a_folder_that_did_not_sync_fails_the_commit_and_is_synced_again(
    blobs: Blobs, monkeypatch: pytest.MonkeyPatch
):
    blob = blobs.store.stage(b"x")
    failures = [OSError(errno.EIO, "input/output error")]

    def sync(folder: Path) -> None:
        if failures:
            raise failures.pop()

    monkeypatch.setattr(blobs_module, "sync_folder", sync)
    with pytest.raises(OSError, match="input/output"):
        blobs.own(blob)
    assert blobs.database.read(owned) == []
    blobs.own(blob)
    assert blobs.database.read(owned) == [blob.blob_id]


@pytest.mark.parametrize("call", ["write_all", "sync_file"])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_a_clean_error_and_leaves_nothing(
    blobs: Blobs, monkeypatch: pytest.MonkeyPatch, call, number
):
    def full(*arguments: object) -> None:
        raise OSError(number, os.strerror(number))

    writer = blobs.store.writer()
    writer.write(b"first")
    monkeypatch.setattr(staging, call, full)

    def go_on() -> None:
        writer.write(b"second")
        writer.finish()

    with pytest.raises(StorageFull) as caught:
        go_on()
    assert (caught.value.code, caught.value.status) == ("InternalFailure", 500)
    assert str(blobs.folder) in caught.value.message
    assert blobs.files() == set()


def test_another_error_of_the_disk_is_not_called_full(
    blobs: Blobs, monkeypatch: pytest.MonkeyPatch
):
    def broken(*arguments: object) -> None:
        raise OSError(errno.EIO, "input/output error")

    monkeypatch.setattr(staging, "write_all", broken)
    with pytest.raises(OSError, match="input/output"):
        blobs.store.stage(b"x")
    assert blobs.files() == set()


def test_some_space_is_left_for_deleting(tmp_path: Path):
    made = Blobs(tmp_path, reserve=1 << 60)
    made.store.start()
    with pytest.raises(StorageFull):
        made.store.stage(b"x")
    assert made.files() == set()
    made.database.stop()


def test_space_is_looked_at_again_while_a_large_blob_is_written(
    blobs: Blobs, monkeypatch: pytest.MonkeyPatch
):
    looks = []
    monkeypatch.setattr(blobs.store, "check_space", lambda: looks.append(1))
    writer = blobs.store.writer()
    for _ in range(40):
        writer.write(bytes(1 << 20))
    writer.abort()
    assert len(looks) == 3


def test_many_threads_may_stage_at_once(blobs: Blobs):
    def stage(number: int) -> str:
        return blobs.own(blobs.store.stage(b"%d" % number))

    with ThreadPoolExecutor(8) as pool:
        ids = list(pool.map(stage, range(600)))
    assert blobs.files() == set(ids)
    assert len({blob_id[:2] for blob_id in ids}) >= 2  # folders don't grow without end
    for number, blob_id in enumerate(ids):
        assert blobs.store.path(blob_id).read_bytes() == b"%d" % number


def test_constructing_a_store_does_no_work(tmp_path: Path):
    BlobStore(tmp_path / "blobs", Database(tmp_path / "kennel.db"))
    assert list(tmp_path.iterdir()) == []
    assert threading.active_count() >= 1
