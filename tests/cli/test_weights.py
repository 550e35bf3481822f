"""`kennel weights`, without a plane."""

from __future__ import annotations

import functools
import hashlib
import json
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import torch


@pytest.fixture
def web(tmp_path: Path) -> Iterator[str]:
    handler = functools.partial(SimpleHTTPRequestHandler, directory=str(tmp_path / "web"))
    (tmp_path / "web").mkdir()
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    """A file named as torch.hub names its files."""
    path = tmp_path / "saved.pth"
    torch.save({"w": torch.zeros(3)}, path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return path.rename(tmp_path / f"tiny-{digest[:8]}.pth")


def test_a_file_is_kept_listed_and_removed(kennel, checkpoint):
    added = kennel("weights", "add", str(checkpoint))
    assert (added.returncode, added.stdout) == (0, f"{checkpoint.name} is kept (0.0 MB).\n")
    [kept] = json.loads(kennel("weights", "list", "--json").stdout)
    assert (kept["name"], kept["bytes"]) == (checkpoint.name, checkpoint.stat().st_size)
    assert kept["added"].endswith("+00:00")
    assert checkpoint.name in kennel("weights", "list").stdout
    removed = kennel("weights", "remove", checkpoint.name)
    assert (removed.returncode, removed.stdout) == (0, f"{checkpoint.name} is removed.\n")
    assert kennel("weights", "list").stdout.startswith("No weights are kept.")
    assert kennel("weights", "list", "--json").stdout == "[]\n"


def test_a_url_is_downloaded_and_may_get_another_name(kennel, checkpoint, web, tmp_path):
    checkpoint.rename(tmp_path / "web" / "file.bin")
    added = kennel("weights", "add", f"{web}/file.bin?x=1", "--name", checkpoint.name)
    assert added.returncode == 0, added.stderr
    assert (tmp_path / "state" / "weights" / checkpoint.name).is_file()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("add", "lost.pth"), "There is no file lost.pth."),
        (("add", "."), ". is no file."),
        (("add", "{broken}"), "broken.pth can't be kept"),
        (("add", "{file}", "--name", "other-00000000.pth"), "promises a SHA-256"),
        (("add", "{file}", "--name", "../../x.pth"), "is no name for weights"),
        (("remove", "lost.pth"), "there are no weights 'lost.pth'"),
    ],
)
def test_what_can_t_be_is_one_sentence(kennel, checkpoint, tmp_path, arguments, sentence):
    broken = tmp_path / "broken.pth"
    broken.write_bytes(b"<html>")
    typed = [one.format(file=checkpoint, broken=broken) for one in arguments]
    answer = kennel("weights", *typed)
    assert (answer.returncode, answer.stdout) == (2, "")
    assert sentence in answer.stderr
    assert answer.stderr.count("\n") == 1


def test_a_server_that_can_t_be_reached_is_one_sentence(kennel):
    answer = kennel("weights", "add", "http://127.0.0.1:1/resnet50-0676ba61.pth")
    assert answer.returncode == 1
    assert answer.stderr.startswith(
        "kennel: resnet50-0676ba61.pth can't be downloaded from http://127.0.0.1:1/"
    )
    assert answer.stderr.count("\n") == 1


def test_a_models_name_stands_for_the_weights_that_scripts_load(kennel):
    # There is no way to torchvision's server here; the sentence says which file it wanted.
    blocked = {"https_proxy": "http://127.0.0.1:1"}
    asked = kennel("weights", "add", "resnet50", **blocked)
    assert asked.returncode == 1
    assert "resnet50-0676ba61.pth can't be downloaded from https://" in asked.stderr
    asked = kennel("weights", "add", "resnet50:DEFAULT", **blocked)
    assert "resnet50-11ad3fa6.pth" in asked.stderr


@pytest.mark.parametrize(
    ("model", "sentence"),
    [
        ("resnet51", "resnet51 is no file, no URL and no model of torchvision's."),
        ("resnet50:V9", "resnet50 has IMAGENET1K_V1, IMAGENET1K_V2"),
    ],
)
def test_a_model_that_torchvision_does_not_have_is_one_sentence(kennel, model, sentence):
    answer = kennel("weights", "add", model, https_proxy="http://127.0.0.1:1")
    assert answer.returncode == 2
    assert sentence in answer.stderr
