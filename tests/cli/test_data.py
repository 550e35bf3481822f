from __future__ import annotations

import io
import stat
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from kennel.cli.download import ARCHIVES, Archive, fetch, unpack
from kennel.cli.errors import CommandError


def packed(files: dict[str, bytes], modes: dict[str, int] | None = None) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            info = zipfile.ZipInfo(name)
            info.external_attr = (modes or {}).get(name, 0) << 16
            archive.writestr(info, content)
    return buffer.getvalue()


WHOLE = packed({"dogs/train/1.a/x.jpg": b"x" * 5000, "dogs/valid/1.a/y.jpg": b"y"})


class Web:
    """One file, by ranges; `cut` is after how many bytes a connection breaks off."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.cut: int | None = None
        self.ranges: list[str] = []
        web = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                web.ranges.append(self.headers["Range"])
                start = int(self.headers["Range"].removeprefix("bytes=").rstrip("-"))
                body = web.content[start:]
                self.send_response(206 if body else 416)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body[: web.cut])

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def archive(self) -> Archive:
        return Archive("dogs", f"http://127.0.0.1:{self.server.server_port}/d.zip", "dogs")


@pytest.fixture
def web() -> Iterator[Web]:
    one = Web(WHOLE)
    yield one
    one.server.shutdown()
    one.server.server_close()


def test_sample_draws_a_set(kennel, tmp_path):
    folder = tmp_path / "dogs"
    answer = kennel("data", "sample", str(folder), "--breeds", "2", "--train", "2", "--seed", "5")
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.startswith("20 pictures of 2 breeds are in ")
    assert len(list(folder.glob("train/*/*.jpg"))) == 4


@pytest.mark.parametrize(
    "options",
    [
        ("--breeds", "134"),
        ("--breeds", "1"),
        ("--train", "0"),
        ("--test", "many"),
        ("--seed", "-1"),
    ],
)
def test_numbers_that_can_not_be_are_refused(kennel, tmp_path, options):
    answer = kennel("data", "sample", str(tmp_path / "dogs"), f"{options[0]}={options[1]}")
    assert answer.returncode == 2
    assert options[0] in answer.stderr
    assert answer.stderr.count("\n") == 1


def test_a_folder_that_holds_something_is_left_alone(kennel, tmp_path):
    (tmp_path / "dogs").mkdir()
    (tmp_path / "dogs" / "mine").touch()
    for typed in (("sample",), ("fetch", "udacity-dogs")):
        answer = kennel("data", *typed, str(tmp_path / "dogs"))
        assert answer.returncode == 2
        assert "is not empty" in answer.stderr


def test_an_unknown_set_is_refused_by_name(kennel, tmp_path):
    answer = kennel("data", "fetch", "cats", str(tmp_path / "cats"))
    assert answer.returncode == 2
    assert "There is no set cats; there is udacity-dogs." in answer.stderr


def test_without_a_network_fetch_fails_with_one_sentence(tmp_path):
    nowhere = Archive("dogs", "http://127.0.0.1:1/d.zip", "dogs")
    with pytest.raises(CommandError, match=r"can't be downloaded from .*refused.*kennel data sam"):
        fetch(nowhere, tmp_path / "dogs")
    assert not (tmp_path / "dogs").exists()


def test_fetch_makes_the_folder(web, tmp_path):
    fetch(web.archive, tmp_path / "new" / "dogs")
    assert (tmp_path / "new" / "dogs" / "train" / "1.a" / "x.jpg").read_bytes() == b"x" * 5000
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["dogs"]


def test_a_download_that_broke_off_goes_on(web, tmp_path):
    web.cut = 1000
    with pytest.raises(CommandError, match="again"):
        fetch(web.archive, tmp_path / "dogs")
    web.cut = None
    fetch(web.archive, tmp_path / "dogs")
    assert web.ranges == ["bytes=0-", "bytes=1000-"]
    assert (tmp_path / "dogs" / "valid").is_dir()


def test_a_download_that_was_whole_already_is_only_unpacked(web, tmp_path):
    (tmp_path / "dogs.zip.part").write_bytes(WHOLE)
    fetch(web.archive, tmp_path / "dogs")
    assert (tmp_path / "dogs" / "valid").is_dir()


@pytest.mark.parametrize(
    "content",
    [
        packed({"dogs/../../out": b"x"}),
        packed({"/dogs/x": b"x"}),
        packed({"dogs/link": b"/etc"}, {"dogs/link": stat.S_IFLNK | 0o777}),
        packed({"cats/x": b"x"}),
        packed({"dogs/x": b"x" * 2000}),
        b"no zip",
        WHOLE[:-30],
    ],
    ids=["up", "absolute", "link", "other root", "too large", "no zip", "torn"],
)
def test_an_archive_that_is_not_what_it_should_be_leaves_nothing(tmp_path, content):
    file = tmp_path / "d.zip"
    file.write_bytes(content)
    archive = Archive("dogs", "", "dogs", max_bytes=1000)
    with pytest.raises(CommandError, match=r"refused|no whole zip"):
        unpack(file, archive, tmp_path / "in" / "dogs")
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["d.zip"]


def test_the_known_sets_have_whole_addresses():
    for archive in ARCHIVES.values():
        assert archive.url.startswith("https://")
