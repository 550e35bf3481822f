from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kennel.vision.cache import Cache, default_folder


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(str(tmp_path))


def entry(tmp_path: Path, name: str) -> Path:
    return tmp_path / "entries" / name


def test_what_was_written_is_read(cache):
    cache.write("a/b", b"features")
    assert cache.read("a/b") == b"features"
    assert cache.read("a/c") is None


def test_a_torn_or_altered_file_is_never_trusted(cache, tmp_path):
    cache.write("a", bytes(range(200)))
    path = entry(tmp_path, "a")
    whole = path.read_bytes()
    for broken in (
        b"",
        whole[:20],
        whole[:-1],
        whole + b"\0",
        whole[:100] + b"\xff" + whole[101:],
        b"X" + whole[1:],
    ):
        path.write_bytes(broken)
        assert cache.read("a") is None
    path.write_bytes(whole)
    assert cache.read("a") == bytes(range(200))


def test_a_writer_that_dies_leaves_the_old_entry(cache, tmp_path):
    cache.write("a", b"old")
    program = (
        "import os\n"
        "from kennel.vision import cache\n"
        "cache.os.replace = lambda *paths: os._exit(9)\n"
        f"cache.Cache({str(tmp_path)!r}).write('a', b'new')\n"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 9
    assert cache.read("a") == b"old"


def test_a_lock_is_held_by_one_and_ends_with_its_process(cache, tmp_path):
    program = (
        "import sys\n"
        "from kennel.vision.cache import Cache\n"
        f"with Cache({str(tmp_path)!r}).lock('a/b'):\n"
        "    print('held', flush=True)\n"
        "    sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with cache.lock("a/b", wait=False) as is_ours:
            assert not is_ours
        holder.kill()
        with cache.lock("a/b") as is_ours:
            assert is_ours


def test_the_least_recently_used_goes_first_and_what_this_run_used_stays(tmp_path):
    before = Cache(str(tmp_path))
    for number in range(4):
        before.write(str(number), b"x" * 1000)
        age = time.time() - 1000 + number
        os.utime(entry(tmp_path, str(number)), (age, age))
    cache = Cache(str(tmp_path), max_bytes=2500)
    assert cache.read("0") is not None
    cache.trim()
    assert [name for name in "0123" if cache.read(name)] == ["0", "3"]
    Cache(str(tmp_path), max_bytes=10**6).trim()
    assert cache.read("3") is not None


def test_a_disk_that_takes_no_more_is_said_and_is_no_failure(tmp_path, capsys):
    (tmp_path / "entries").write_text("a file where a folder should be")
    Cache(str(tmp_path)).write("a/b", b"x")
    assert "can't keep a/b" in capsys.readouterr().out


def test_the_plane_says_where(monkeypatch, tmp_path):
    monkeypatch.setenv("KENNEL_CACHE_DIR", str(tmp_path))
    assert default_folder() == str(tmp_path)
    monkeypatch.delenv("KENNEL_CACHE_DIR")
    assert str(os.getuid()) in default_folder()
