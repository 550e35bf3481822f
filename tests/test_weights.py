from __future__ import annotations

import hashlib
import io
import stat
from pathlib import Path

import pytest
import torch

from kennel.weights import NoWeights, WeightsFolder


def checkpoint(*, legacy: bool = False) -> bytes:
    buffer = io.BytesIO()
    torch.save({"w": torch.zeros(3)}, buffer, _use_new_zipfile_serialization=not legacy)
    return buffer.getvalue()


@pytest.fixture
def folder(tmp_path: Path) -> WeightsFolder:
    return WeightsFolder(tmp_path / "state")


def add(folder: WeightsFolder, name: str, content: bytes) -> None:
    folder.write(name, [content])
    folder.keep(name)


@pytest.mark.parametrize("legacy", [False, True])
def test_a_checkpoint_of_either_of_pytorchs_forms_is_kept(folder, legacy):
    content = checkpoint(legacy=legacy)
    name = f"tiny-{hashlib.sha256(content).hexdigest()[:8]}.pth"
    add(folder, name, content)
    [kept] = folder.files()
    assert (kept.name, kept.bytes) == (name, len(content))
    assert (folder.path / name).read_bytes() == content
    assert stat.S_IMODE((folder.path / name).stat().st_mode) == 0o444


def test_a_file_is_kept_again_in_the_place_of_the_old_one(folder):
    add(folder, "tiny.pth", checkpoint())
    add(folder, "tiny.pth", checkpoint(legacy=True))
    assert (folder.path / "tiny.pth").read_bytes() == checkpoint(legacy=True)


def test_safetensors_are_kept(folder):
    header = b'{"__metadata__":{}}'
    add(folder, "model.safetensors", len(header).to_bytes(8, "little") + header)
    assert [file.name for file in folder.files()] == ["model.safetensors"]


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("tiny-00000000.pth", checkpoint(), "promises a SHA-256 that begins with 00000000"),
        ("tiny.pth", checkpoint()[:-40], "not one that torch.save wrote, or not whole"),
        ("tiny.pth", b"<html>404</html>", "not one that torch.save wrote, or not whole"),
        ("tiny.pth", b"", "not one that torch.save wrote, or not whole"),
        ("tiny.safetensors", checkpoint(), "not a safetensors file"),
        ("tiny.safetensors", b"\xff" * 8 + b"{}", "not a safetensors file"),
    ],
)
def test_what_is_no_file_of_that_name_is_refused_and_not_left_behind(folder, name, content, why):
    with pytest.raises(NoWeights, match=why):
        add(folder, name, content)
    assert folder.files() == []
    assert list(folder.path.iterdir()) == []


@pytest.mark.parametrize("name", ["../x.pth", ".x.pth", "a/b.pth", "", "x", "x.txt", "a b.pth"])
def test_a_name_that_no_script_could_ask_for_is_refused(folder, name):
    with pytest.raises(NoWeights, match="is no name for weights"):
        folder.part(name)


def test_weights_are_removed_by_their_name(folder):
    add(folder, "tiny.pth", checkpoint())
    with pytest.raises(NoWeights, match=r"there are no weights 'other\.pth'"):
        folder.remove("other.pth")
    folder.remove("tiny.pth")
    assert folder.files() == []


def test_nothing_is_listed_where_nothing_was_ever_kept(folder):
    assert folder.files() == []
    assert not folder.path.exists()
