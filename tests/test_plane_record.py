import os
import subprocess
import sys

import pytest

from kennel.plane_record import PlaneRecord, process_start_time


def record_of(pid: int) -> PlaneRecord:
    return PlaneRecord(pid, process_start_time(pid) or -1, 1, "http://x", "us-east-1", "0")


def test_a_written_record_reads_back(tmp_path):
    record = record_of(os.getpid())
    record.write(tmp_path)
    assert PlaneRecord.read(tmp_path) == record
    assert [path.name for path in tmp_path.iterdir()] == ["plane.json"]


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"pid": 1}', '{"pid": 1, "more": 2}'])
def test_a_file_that_makes_no_sense_is_no_record(tmp_path, text):
    (tmp_path / "plane.json").write_text(text)
    assert PlaneRecord.read(tmp_path) is None


def test_no_file_is_no_record_and_removing_it_twice_is_fine(tmp_path):
    assert PlaneRecord.read(tmp_path) is None
    record_of(os.getpid()).write(tmp_path)
    PlaneRecord.remove(tmp_path)
    PlaneRecord.remove(tmp_path)
    assert PlaneRecord.read(tmp_path) is None


def test_a_process_is_alive_until_it_has_ended_even_before_its_parent_looks():
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    record = record_of(process.pid)
    assert record.is_alive()
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # a zombie now
    assert not record.is_alive()
    process.communicate()
    assert not record.is_alive()


def test_another_process_with_the_same_pid_is_not_the_plane():
    own = record_of(os.getpid())
    other = PlaneRecord(own.pid, own.start_time + 1, 1, "http://x", "us-east-1", "0")
    assert own.is_alive()
    assert not other.is_alive()
