from __future__ import annotations

import hashlib
import io
from pathlib import Path

import pytest
from PIL import Image

from kennel.vision.drawing import BREEDS, draw_dataset, draw_photo
from kennel.vision.pictures import decode


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*.jpg")
    }


def test_the_same_seed_draws_the_same_files_and_another_others(tmp_path):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        count = draw_dataset(
            tmp_path / name, breeds=2, train=2, valid=1, test=1, seed=seed, workers=1
        )
        assert count == 8
    a, b, c = (digests(tmp_path / name) for name in "abc")
    assert a == b
    assert a.keys() == c.keys()
    assert not set(a.values()) & set(c.values())


def test_the_tree_is_the_usual_one(tmp_path):
    told: list[tuple[int, int]] = []
    draw_dataset(
        tmp_path,
        breeds=2,
        train=2,
        valid=1,
        test=0,
        workers=1,
        progress=lambda done, total: told.append((done, total)),
    )
    folders = sorted(path.name for path in (tmp_path / "train").iterdir())
    assert folders == [breed.folder for breed in BREEDS[:2]]
    assert not (tmp_path / "test").exists()
    assert told == [(3, 6), (6, 6)]


def test_there_are_133_breeds_and_no_two_are_alike():
    assert len(BREEDS) == 133
    traits = {(b.build, b.legs, b.ears, b.muzzle, b.tail, b.fur, b.coat, b.marking) for b in BREEDS}
    assert len(traits) == 133
    assert [breed.folder[:4] for breed in BREEDS] == [f"{n:03d}." for n in range(1, 134)]


def test_some_files_are_as_odd_as_real_ones():
    modes, turned = set(), 0
    for number in range(150):
        image = Image.open(io.BytesIO(draw_photo(BREEDS[number % 133], str(number))))
        modes.add(image.mode)
        turned += 0x0112 in image.getexif()
        assert min(image.size) >= 224
        assert max(image.size) <= 320
    assert modes == {"RGB", "L", "CMYK"}
    assert turned


@pytest.mark.parametrize("breed", BREEDS[::9], ids=lambda breed: breed.folder)
def test_every_trait_can_be_drawn(breed):
    for seed in "abc":
        colours = decode(draw_photo(breed, seed), "x").getcolors(1 << 20)
        assert colours is not None
        assert len(colours) > 100


def test_more_breeds_than_there_are_is_refused(tmp_path):
    with pytest.raises(ValueError, match="There are 133 breeds"):
        draw_dataset(tmp_path, breeds=134)
