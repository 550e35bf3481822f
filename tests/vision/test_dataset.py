from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from kennel.vision.dataset import label_of, read
from kennel.vision.errors import DatasetError


def make(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    return folder


def test_classes_are_numbered_in_the_order_of_their_folders(tmp_path):
    data = read(make(tmp_path, "train/2.b/x.jpg", "train/1.a/y.PNG", "valid/2.b/z.jpeg").as_posix())
    assert (data.classes, data.labels) == (["1.a", "2.b"], ["a", "b"])
    assert [(Path(photo.path).name, photo.label) for photo in data.splits["train"]] == [
        ("y.PNG", 0),
        ("x.jpg", 1),
    ]
    assert data.splits["test"] == []


def test_a_photo_is_known_by_its_bytes(tmp_path):
    data = read(str(make(tmp_path, "train/a/x.jpg", "train/b/x.jpg", "valid/a/x.jpg")))
    assert data.splits["train"][0].digest == hashlib.sha256(b"train/a/x.jpg").digest()


def test_what_is_no_picture_or_hidden_is_passed_over(tmp_path):
    names = ["train/a/x.jpg", "train/b/x.jpg", "valid/a/x.jpg"]
    names += ["train/a/.x.jpg", "train/a/notes.txt", "train/.cache/x.jpg", "train/readme.jpg"]
    data = read(str(make(tmp_path, *names)))
    assert [len(data.splits[split]) for split in ("train", "valid")] == [2, 1]


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ([], "train holds no pictures"),
        (["train/a/x.jpg", "train/b/x.jpg"], "valid holds no pictures"),
        (["train/a/x.jpg", "valid/a/x.jpg"], "1 class"),
        (["train/a/x.jpg", "train/b/x.jpg", "valid/c/x.jpg"], "a class that train/ has not: c"),
    ],
)
def test_a_folder_that_is_no_set_is_explained(tmp_path, names, said):
    with pytest.raises(DatasetError, match=said):
        read(str(make(tmp_path, *names)))


@pytest.mark.parametrize(
    ("folder", "label"),
    [
        ("001.Affenpinscher", "Affenpinscher"),
        ("042.Cairn_terrier", "Cairn terrier"),
        ("cats", "cats"),
        ("7.", "7."),
    ],
)
def test_labels_are_the_folders_names_without_their_numbers(folder, label):
    assert label_of(folder) == label
