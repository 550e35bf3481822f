"""`kennel notebook`: a notebook against the plane, in the environment of `kennel run`."""

from __future__ import annotations

import json
import venv

import nbformat
import pytest


@pytest.fixture
def notebook(tmp_path):
    """Makes a notebook of code cells."""

    def make(*sources: str):
        made = nbformat.v4.new_notebook(
            metadata={"kernelspec": {"name": "conda_pytorch_p310", "display_name": "x"}}
        )
        made.cells = [nbformat.v4.new_code_cell(source) for source in sources]
        nbformat.write(made, tmp_path / "a.ipynb")
        return tmp_path / "a.ipynb"

    return make


def test_a_notebook_reaches_the_plane_as_an_execution_role(plane, notebook):
    path = notebook(
        "import boto3",
        "print(boto3.client('sts').get_caller_identity()['Arn'], bucket)",
    )
    ran = plane.command("notebook", str(path), "-p", "bucket=mine", "--json")
    assert ran.returncode == 0, ran.stderr
    said = json.loads(ran.stdout)
    assert said["status"] == "ok"
    last = nbformat.read(said["output"], as_version=4).cells[-1].outputs[0].text
    assert ":assumed-role/AmazonSageMaker-ExecutionRole-Local/" in last
    assert last.strip().endswith(" mine")


def test_a_cell_that_fails_is_exit_code_1_and_one_sentence(plane, notebook):
    ran = plane.command("notebook", str(notebook("import nothing_of_that_name")))
    assert ran.returncode == 1
    assert (
        "ModuleNotFoundError: No module named 'nothing_of_that_name'"
        in (ran.stderr.splitlines()[-1])
    )
    assert "Traceback (most recent call last):\n  File" not in ran.stderr


def test_a_notebook_that_is_not_there_is_exit_code_2(plane, tmp_path):
    ran = plane.command("notebook", str(tmp_path / "none.ipynb"))
    assert ran.returncode == 2
    assert "can't be read" in ran.stderr


def test_a_python_without_ipykernel_is_said_to_be_one(plane, notebook, tmp_path):
    notebook("1")
    bare = tmp_path / "bare"
    venv.create(bare, with_pip=False)
    run = plane.command(
        "notebook", "--python", str(bare / "bin" / "python"), str(tmp_path / "a.ipynb")
    )
    assert run.returncode == 2
    assert "has no ipykernel" in run.stderr
    assert "-m pip install ipykernel" in run.stderr
    assert "Traceback" not in run.stderr
    assert not (tmp_path / "a.executed.ipynb").exists()


def test_a_module_that_is_not_there_is_said_to_be_had_by_another_python(plane, notebook, tmp_path):
    notebook("import no_such_sdk")
    run = plane.command("notebook", str(tmp_path / "a.ipynb"))
    assert run.returncode == 1
    assert "No module named 'no_such_sdk'. --python PROGRAM runs the cells" in run.stderr
