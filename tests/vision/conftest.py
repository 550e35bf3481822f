"""A small drawn set and a model trained on it, made once, also among pytest-xdist's workers."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from kennel.vision.archive import write_source
from kennel.vision.cache import Cache
from kennel.vision.drawing import draw_dataset

BREEDS, TRAIN, VALID, TEST = 5, 8, 4, 4

Train = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all workers of the session share."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "vision"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def photos(workshop: Path) -> Path:
    folder = workshop / "photos"
    with Cache(str(workshop)).lock("photos"):
        if not folder.exists():
            draw_dataset(
                workshop / "drawing", breeds=BREEDS, train=TRAIN, valid=VALID, test=TEST, workers=1
            )
            (workshop / "drawing").rename(folder)
    return folder


@pytest.fixture(scope="session")
def cache_folder(workshop: Path) -> Path:
    """Holds the backbones, which take seconds to build."""
    return workshop / "cache"


@pytest.fixture
def train(tmp_path: Path, cache_folder: Path) -> Train:
    """`train(photos, "--epochs", "2")` runs train.py from an unpacked source archive, as a job
    does; the model is in tmp_path/model, the reports in tmp_path/output."""

    def run(data: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return run_training(tmp_path, data, cache_folder, *arguments, **variables)

    return run


def run_training(
    folder: Path, data: Path, cache: Path, *arguments: str, **variables: str
) -> subprocess.CompletedProcess[str]:
    source = folder / "source"
    write_source(str(source))
    environment = {
        "PATH": os.environ["PATH"],
        "SM_CHANNEL_TRAINING": str(data),
        "SM_MODEL_DIR": str(folder / "model"),
        "SM_OUTPUT_DATA_DIR": str(folder / "output"),
        "KENNEL_CACHE_DIR": str(cache),
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        **variables,
    }
    return subprocess.run(
        [sys.executable, "train.py", "--backbone", "efficientnet-lite0", *arguments],
        cwd=source,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="session")
def trained(workshop: Path, photos: Path, cache_folder: Path) -> Path:
    """A folder with `model`, `output` and `log` of a whole training."""
    folder = workshop / "trained"
    with Cache(str(workshop)).lock("trained"):
        if not (folder / "log").exists():
            folder.mkdir(exist_ok=True)
            done = run_training(folder, photos, cache_folder, "--epochs", "6")
            assert done.returncode == 0, done.stdout + done.stderr
            (folder / "log").write_text(done.stdout)
    return folder


@pytest.fixture(scope="session")
def photo(photos: Path) -> bytes:
    return min(photos.glob("test/*/*.jpg")).read_bytes()
