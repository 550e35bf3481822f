"""torch.hub with the weights that Kennel keeps."""

from __future__ import annotations

import functools
import importlib.util
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.error import URLError

import pytest
import torch

from kennel.runtimes.site.kennel_weights import WeightsUnavailable, offer_weights

NOWHERE = "http://127.0.0.1:1/models/tiny-0123abcd.pth"  # nothing listens on that port
NAME = "tiny-0123abcd.pth"


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def web(tmp_path: Path) -> Iterator[str]:
    """The URL of a server for the files in `tmp_path`/web."""
    (tmp_path / "web").mkdir()
    handler = functools.partial(Quiet, directory=str(tmp_path / "web"))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def hub(tmp_path: Path) -> Any:
    """A torch.hub of the test's own, with `tmp_path`/kept as what Kennel keeps."""
    spec = importlib.util.spec_from_file_location("hub", torch.hub.__file__)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.set_dir(str(tmp_path / "hub"))
    (tmp_path / "kept").mkdir()
    offer_weights(module, str(tmp_path / "kept"))
    return module


def save(path: Path, value: int) -> None:
    torch.save({"value": torch.tensor(value)}, path)


def test_every_process_has_it(python, tmp_path):
    save(tmp_path / NAME, 4)
    code = f"import torch; print(torch.hub.load_state_dict_from_url({NOWHERE!r})['value'].item())"
    done = python(code, KENNEL_WEIGHTS_DIR=str(tmp_path), TORCH_HOME=str(tmp_path / "home"))
    assert (done.returncode, done.stdout) == (0, "4\n"), done.stderr


def test_weights_that_are_kept_are_read_where_they_lie(hub, tmp_path):
    save(tmp_path / "kept" / NAME, 5)
    assert hub.load_state_dict_from_url(NOWHERE, check_hash=True)["value"] == 5
    assert hub.load_state_dict_from_url(url="http://x/y.pth", file_name=NAME)["value"] == 5
    assert not list((tmp_path / "hub").rglob("*.pth"))


def test_what_downloads_by_itself_gets_a_copy_of_its_own(hub, tmp_path):
    """As timm does."""
    save(tmp_path / "kept" / NAME, 6)
    target = tmp_path / "mine.pth"
    hub.download_url_to_file(NOWHERE, str(target), progress=False)
    assert torch.load(target)["value"] == 6
    assert not target.is_symlink()


def test_weights_in_the_scripts_own_cache_come_first(hub, tmp_path):
    save(tmp_path / "kept" / NAME, 5)
    cache = tmp_path / "hub" / "checkpoints"
    cache.mkdir(parents=True)
    save(cache / NAME, 7)
    assert hub.load_state_dict_from_url(NOWHERE)["value"] == 7


def test_weights_that_are_not_kept_are_downloaded_as_ever(hub, web, tmp_path):
    save(tmp_path / "web" / "tiny.pth", 8)
    assert hub.load_state_dict_from_url(f"{web}/tiny.pth", progress=False)["value"] == 8
    assert (tmp_path / "hub" / "checkpoints" / "tiny.pth").exists()
    assert not any((tmp_path / "kept").iterdir())


@pytest.mark.parametrize("load", [True, False])
def test_a_download_that_fails_says_which_file_and_what_to_do(hub, load, tmp_path):
    function = hub.load_state_dict_from_url if load else hub.download_url_to_file
    with pytest.raises(WeightsUnavailable) as failed:
        function(NOWHERE, *([] if load else [str(tmp_path / "x.pth")]))
    assert str(failed.value) == (
        "tiny-0123abcd.pth is not among the weights that Kennel keeps, and downloading it from "
        f"{NOWHERE} failed ([Errno 111] Connection refused). Where there is a network, run "
        f"`kennel weights add {NOWHERE}`; or bring the file here and run `kennel weights add "
        "tiny-0123abcd.pth`."
    )
    # What a script may expect of torch.hub itself.
    assert isinstance(failed.value, URLError)


def test_a_file_that_the_server_does_not_have_is_told_like_a_missing_network(hub, web):
    with pytest.raises(WeightsUnavailable, match=r"lost\.pth failed \(.*File not found"):
        hub.load_state_dict_from_url(f"{web}/lost.pth")


def test_a_folder_that_can_t_be_written_is_no_matter_of_weights(hub):
    with pytest.raises(FileNotFoundError):
        hub.download_url_to_file(NOWHERE, "/nowhere/at/all/x.pth")


def test_other_downloads_fail_in_their_own_words(hub, tmp_path):
    with pytest.raises(URLError) as failed:
        hub.download_url_to_file("http://127.0.0.1:1/main.zip", str(tmp_path / "x.zip"))
    assert not isinstance(failed.value, WeightsUnavailable)


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/.hidden.pth", "http://127.0.0.1:1/..%2Fx.pth"])
def test_only_names_in_the_folder_itself_are_looked_for(hub, tmp_path, url):
    save(tmp_path / "x.pth", 9)
    save(tmp_path / "kept" / ".hidden.pth", 9)
    with pytest.raises(WeightsUnavailable):
        hub.load_state_dict_from_url(url)
