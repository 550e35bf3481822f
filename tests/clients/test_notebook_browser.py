"""A notebook instance in a real browser: the example notebook, opened and run by hand.

Needs Chromium (`apt-get install chromium`, or CHROMIUM names the program).
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.integration.notebooks import Notebooks
from tests.planes import clean_environment

ROOT = Path(__file__).resolve().parents[2]
PYTHON = ROOT / ".venv-clients" / "bin" / "python"
SCRIPT = Path(__file__).parent / "sdk_v2" / "open_notebook.py"
NOTEBOOK = ROOT / "examples" / "dog-breeds" / "train_and_deploy.ipynb"


@pytest.fixture(scope="module")
def chromium() -> str:
    names = (os.environ.get("CHROMIUM", ""), "chromium", "chromium-browser", "google-chrome")
    found = next(filter(None, map(shutil.which, filter(None, names))), None)
    if found is None:
        pytest.fail("there is no Chromium: apt-get install chromium, or name it in CHROMIUM")
    return found


@pytest.fixture(scope="module")
def instance(plane) -> Notebooks:
    """An instance called `browser`, with the SDK in its kernel and the notebook in its folder."""
    settings = plane.state / "images.toml"
    settings.write_text(f'[kernels]\nconda_pytorch_p310 = {{ python = "{PYTHON}" }}\n')
    notebooks = Notebooks(plane)
    notebooks.create("browser")
    notebooks.wait("browser", "in_service")
    document = {"type": "notebook", "content": json.loads(NOTEBOOK.read_text())}
    status, _, body = notebooks.open("browser").open(
        f"/api/contents/{NOTEBOOK.name}", document, "PUT"
    )
    assert status == 201, body
    settings.unlink()
    return notebooks


def test_a_presigned_url_opens_the_notebook_and_its_cells_run_by_hand(
    instance: Notebooks, chromium: str, tmp_path: Path
):
    url = instance.sagemaker.create_presigned_notebook_instance_url(NotebookInstanceName="browser")[
        "AuthorizedUrl"
    ]
    picture = Path(os.environ.get("PICTURE") or tmp_path / "picture.png")
    cells = ["instance_type =", "import sagemaker", "sagemaker.get_execution_role()"]
    ran = subprocess.run(
        [str(PYTHON), str(SCRIPT), chromium, url, NOTEBOOK.name, str(picture), *cells],
        env=clean_environment() | {"HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert ran.returncode == 0, ran.stderr[-3000:]
    said = json.loads(ran.stdout)
    assert f"Role: {instance.role}" in said["printed"][2]
    assert "sagemaker-us-east-1-000000000000" in said["printed"][2]
    assert said["complaints"] == []
    assert picture.read_bytes().startswith(b"\x89PNG")
