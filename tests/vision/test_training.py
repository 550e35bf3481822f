from __future__ import annotations

import csv
import json
import math
import re
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from tests.vision.conftest import BREEDS, TEST, TRAIN, VALID, run_training
from tests.vision.files import encoded, gradient

NUMBER = r"[0-9.]+"


def test_the_log_has_what_metric_expressions_look_for(trained):
    log = (trained / "log").read_text()
    epochs = re.findall(
        rf"^epoch=(\d+); train_loss={NUMBER}; train_accuracy={NUMBER}; "
        rf"validation_loss=({NUMBER}); validation_accuracy=({NUMBER});$",
        log,
        re.MULTILINE,
    )
    assert [int(number) for number, _, _ in epochs] == list(range(1, 7))
    (final,) = re.findall(r"final_validation_loss=([^;]+);", log)
    assert final == epochs[-1][1]
    assert len(re.findall(r"Testing Loss: ([0-9\.]+)", log)) == 1
    assert len(re.findall(r"Testing Accuracy: ([0-9\.]+)", log)) == 1
    assert "ImageNet" in log


def test_it_does_better_than_guessing(trained):
    metrics = json.loads((trained / "output" / "metrics.json").read_text())
    assert metrics["test"]["accuracy"] > 2 / BREEDS
    assert metrics["validation"]["loss"] < math.log(BREEDS)


def test_the_reports_agree_with_each_other(trained):
    folder = trained / "output"
    metrics = json.loads((folder / "metrics.json").read_text())
    confusion = json.loads((folder / "confusion.json").read_text())
    matrix = np.asarray(confusion["matrix"])
    assert confusion["split"] == "test"
    assert matrix.sum(1).tolist() == [TEST] * BREEDS
    assert matrix.trace() / matrix.sum() == pytest.approx(metrics["test"]["accuracy"])
    with open(folder / "confusion.csv", newline="") as file:
        rows = list(csv.reader(file))
    assert [[int(count) for count in row[1:]] for row in rows[1:]] == matrix.tolist()
    with open(folder / "classes.csv", newline="") as file:
        classes = list(csv.DictReader(file))
    assert [int(row["right"]) for row in classes] == matrix.diagonal().tolist()
    with open(folder / "history.csv", newline="") as file:
        assert len(list(csv.DictReader(file))) == len(metrics["history"]) == 6


def test_the_model_holds_all_that_serving_needs(trained):
    about = json.loads((trained / "model" / "model.json").read_text())
    assert len(about["labels"]) == len(about["classes"]) == BREEDS
    assert about["backbone"]["mean"] == [0.5, 0.5, 0.5]
    assert about["backbone"]["precision"] in ("int8", "fp32")
    assert (trained / "model" / "code" / "inference.py").exists()
    assert (trained / "model" / "code" / "vision" / "links.py").exists()


def test_features_are_computed_once(train, trained, photos):
    done = train(photos, "--epochs", "1", "--learning_rate", "0.05", "--batch_size", "8")
    assert done.returncode == 0, done.stderr
    every = BREEDS * (TRAIN + VALID + TEST)
    assert f"Features: 0 computed, {every:,} found" in done.stdout


def test_trials_side_by_side_share_the_work(photos, trained, cache_folder, tmp_path):
    cache = tmp_path / "cache"
    shutil.copytree(cache_folder / "entries" / "backbones", cache / "entries" / "backbones")

    def trial(number: int) -> subprocess.CompletedProcess[str]:
        folder = tmp_path / str(number)
        return run_training(folder, photos, cache, "--epochs", "1", "--precision", "int8")

    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(trial, range(2)))
    computed = 0
    for one in done:
        assert one.returncode == 0, one.stderr
        (count,) = re.findall(r"Features: ([\d,]+) computed", one.stdout)
        computed += int(count)
    assert computed == BREEDS * (TRAIN + VALID + TEST)


def test_trials_leave_the_test_photos_alone(train, trained, photos, tmp_path):
    done = train(photos, "--epochs", "1", "--test-split", "skip")
    assert done.returncode == 0, done.stderr
    assert "Testing" not in done.stdout
    assert "test" not in json.loads((tmp_path / "output" / "metrics.json").read_text())


def test_a_trial_that_diverges_is_shown_as_that(train, trained, photos, tmp_path):
    done = train(photos, "--epochs", "2", "--learning-rate", "1e30")
    assert done.returncode == 0, done.stderr
    (final,) = re.findall(r"final_validation_loss=([^;]+);", done.stdout)
    assert not math.isfinite(float(final))
    metrics = json.loads((tmp_path / "output" / "metrics.json").read_text())
    assert metrics["validation"]["loss"] is None


@pytest.fixture
def damaged(photos: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "damaged"
    shutil.copytree(photos, folder)
    path = min(folder.glob("train/*/*.jpg"))
    path.write_bytes(encoded(gradient(300, 300), "JPEG")[:3000])
    return folder


def test_a_torn_photo_is_skipped_and_counted(train, trained, damaged):
    done = train(damaged, "--epochs", "1", "--precision", "fp32")
    assert done.returncode == 0, done.stderr
    assert "skipped_images=1;" in done.stdout
    assert "can't be decoded" in done.stdout


def test_or_ends_the_job_with_its_name(train, trained, damaged, tmp_path):
    output = tmp_path / "opt"
    output.mkdir()
    environment = json.dumps({"output_dir": str(output)})
    done = train(
        damaged,
        *("--epochs", "1", "--precision", "fp32", "--on-bad-image", "fail"),
        SM_TRAINING_ENV=environment,
    )
    assert done.returncode == 1
    name = min(damaged.glob("train/*/*.jpg")).name
    assert name in done.stderr
    assert name in (output / "failure").read_text()
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--backbone", "resnet"), "There is no backbone 'resnet'"),
        (("--views", "9"), "There are 6 views"),
        (("--backbone", "timm/resnet18", "--backbone-weights", "/none"), "/none can't be read"),
    ],
)
def test_what_can_not_be_is_one_sentence(train, photos, arguments, said):
    done = train(photos, *arguments)
    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_views_multiply_the_training_photos(train, trained, photos):
    done = train(photos, "--epochs", "1", "--views", "2", "--precision", "int8")
    assert done.returncode == 0, done.stderr
    assert f"Features: {BREEDS * TRAIN:,} computed" in done.stdout
