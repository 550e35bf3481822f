"""docs/by-hand.md does what it says: every command of it, in its order, on a plane of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.clients.by_hand import script, sections
from tests.planes import Plane, clean_environment


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """The folder that a reader who typed the page is left with, and what each block printed."""
    folder = tmp_path_factory.mktemp("by-hand")
    state = folder / "state"
    environment = clean_environment() | {
        "KENNEL_STATE": str(state),
        "KENNEL_PORT": "0",
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    try:
        done = subprocess.run(
            ["bash", "-c", script()],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=900,
        )
    finally:
        Plane(state).close()  # ends what a page that failed has left behind
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-6000:]
    return folder, sections(done.stdout)


def said(page, word: str) -> str:
    """The output of the block that printed a word."""
    (found,) = [str(output) for output in page[1] if word in output]
    return found


def test_the_search_lists_its_trials_best_first(page):
    listed = said(page, "ListTrainingJobsForHyperParameterTuningJob")
    assert listed.count("Completed") == 3


def test_the_training_tells_its_accuracy_and_its_log(page):
    output = said(page, "Testing Accuracy: ")
    assert '"Completed"' in output
    assert output.count("Testing Accuracy: ") == 2  # once by `kennel logs`, once by `aws logs`


def test_the_endpoint_names_a_breed(page):
    answer = json.loads((page[0] / "answer.json").read_text())
    assert answer["label"] in answer["labels"]
    assert len(answer["labels"]) == 3


def test_the_function_passes_the_numbers_on(page):
    reply = json.loads((page[0] / "reply.json").read_text())
    answer = json.loads((page[0] / "answer.json").read_text())
    (passed_on,), (answered,) = json.loads(reply["body"]), answer["logits"]
    assert passed_on == pytest.approx(answered, abs=1e-3)
    log = said(page, "REPORT RequestId")
    assert log.count("REPORT RequestId: ") == 2  # the tail of the call, and the log itself


def test_boto3_does_the_same(page):
    output = said(page, "numbers:")
    assert "Completed" in output
    assert "3 numbers: [[" in output
