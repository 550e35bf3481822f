"""The examples are code for AWS: nothing in them knows of Kennel."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
FILES = sorted(path for path in EXAMPLES.rglob("*") if path.suffix in (".py", ".ipynb"))


def test_there_are_examples():
    assert {path.name for path in FILES} >= {
        "train_and_deploy.ipynb",
        "hpo.py",
        "infernce2.py",
        "ec2train1.py",
        "lamdafunction.py",
    }


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_the_code_runs_on_aws_as_it_stands(path):
    assert "kennel" not in path.read_text().lower()


@pytest.mark.parametrize(
    "path", [path for path in FILES if path.suffix == ".ipynb"], ids=lambda path: path.name
)
def test_a_notebook_is_kept_without_its_outputs(path):
    cells = json.loads(path.read_text())["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert not any(cell["outputs"] or cell["execution_count"] for cell in code)
