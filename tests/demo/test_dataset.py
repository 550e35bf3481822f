from __future__ import annotations

import shutil

import pytest

from kennel.cli.errors import UsageError
from kennel.demo.dataset import read
from tests.demo.photos import make_photos


def test_classes_are_the_training_folders_in_order_and_photos_have_their_paths_as_keys(tmp_path):
    data = read(make_photos(tmp_path / "dogs"))
    assert data.classes == ("001.Breed_1", "002.Breed_2", "003.Breed_3")
    assert len(data.pictures) == 18
    first = data.split("test")[0]
    assert first.key == "test/001.Breed_1/0.jpg"
    assert first.size == first.path.stat().st_size


def test_hidden_files_and_what_is_no_photo_are_left_out(tmp_path):
    root = make_photos(tmp_path / "dogs")
    (root / "train" / "001.Breed_1" / ".0.jpg").touch()
    (root / "train" / "001.Breed_1" / "notes.txt").touch()
    (root / "train" / ".cache").mkdir()
    (root / "train" / ".cache" / "0.jpg").touch()
    assert len(read(root).pictures) == 18


def test_a_folder_has_a_name_of_its_own(tmp_path):
    one, other = (read(make_photos(tmp_path / name)) for name in ("one", "other"))
    assert one.name != other.name
    assert one.name == read(tmp_path / "other" / ".." / "one").name


def test_what_is_no_data_set_is_refused_with_what_it_lacks(tmp_path):
    with pytest.raises(UsageError, match="no folder"):
        read(tmp_path / "nowhere")
    root = make_photos(tmp_path / "dogs")
    shutil.rmtree(root / "valid")
    shutil.rmtree(root / "test")
    with pytest.raises(UsageError, match="no folder valid and no test"):
        read(root)
    for split in ("valid", "test"):
        (root / split).mkdir()
    with pytest.raises(UsageError, match="valid holds no photos"):
        read(root)


def test_one_class_is_nothing_to_tell_apart(tmp_path):
    with pytest.raises(UsageError, match="two or more"):
        read(make_photos(tmp_path / "dogs", classes=1))
