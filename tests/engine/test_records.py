"""The files of a process."""

from __future__ import annotations

import json
import os

from hypothesis import given
from hypothesis import strategies as st

from kennel.engine import Exit
from kennel.engine.records import Ending, read_ending, read_record, write_ending
from kennel.engine.shim import durable


@given(st.text(alphabet=st.characters(blacklist_categories=())))
def test_quoted_text_is_json(text):
    assert json.loads(durable.quote(text)) == text
    assert durable.quote(text).isascii()


def test_an_ending_comes_back_as_it_was_written(tmp_path):
    ending = Ending(Exit(137, 9, out_of_memory=True, started=1.5, ended=2.25), 0.5, 1 << 40)
    write_ending(tmp_path, ending)
    assert read_ending(tmp_path) == ending
    assert os.listdir(tmp_path) == ["exit.json"]


def test_a_file_is_replaced_whole_whatever_it_was(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b" " * 512)
    durable.write(str(path), b"short")
    assert path.read_bytes() == b"short"
    durable.write(str(path), b"")
    assert path.read_bytes() == b""


def test_a_file_that_somebody_broke_counts_as_absent_and_is_named(tmp_path, caplog):
    (tmp_path / "process.json").write_text("{")
    (tmp_path / "exit.json").write_text("")
    assert read_record(tmp_path) is None
    assert read_ending(tmp_path) is None
    assert str(tmp_path / "process.json") in caplog.text


def test_a_log_can_only_be_read_by_its_owner(engine, shell):
    spec = shell("exit 0")
    engine.run(spec).wait()
    modes = {file.name: file.stat().st_mode & 0o777 for file in spec.folder.iterdir()}
    assert modes == {"process.json": 0o600, "exit.json": 0o600, "log": 0o600}
