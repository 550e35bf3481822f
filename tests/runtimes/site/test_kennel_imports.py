"""Before imports, in real interpreters with the site folder on their path."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from kennel.runtimes import SITE_FOLDER

# What torchvision's own __init__ does that fails on a CPU build of PyTorch.
TORCHVISION = """
import torch
class Registered(RuntimeError): pass
torch.library.register_fake("torchvision::nms")(lambda dets, scores, iou: dets)
torch.library.register_fake("torchvision::qnms")(lambda dets, scores, iou: dets)
"""


@pytest.fixture
def python(tmp_path: Path):
    """Runs code with the site folder and then `tmp_path` first on the path."""

    def run(code: str, *, mended: bool = True) -> subprocess.CompletedProcess[str]:
        path = ([SITE_FOLDER] if mended else []) + [str(tmp_path)]
        environment = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(path)}
        return subprocess.run(
            [sys.executable, "-c", code], env=environment, capture_output=True, text=True
        )

    return run


def test_torchvision_imports_where_its_operators_do_not_load(python, tmp_path):
    (tmp_path / "torchvision").mkdir()
    (tmp_path / "torchvision" / "__init__.py").write_text(TORCHVISION)
    (tmp_path / "torchvision" / "_C.so").write_bytes(b"not for this build")
    failed = python("import torchvision", mended=False)
    assert "operator torchvision::nms does not exist" in failed.stderr
    done = python("import torchvision; print(torchvision.__spec__.loader)")
    assert done.returncode == 0, done.stderr
    assert "SourceFileLoader" in done.stdout


def test_operators_that_are_there_are_left_alone(python, tmp_path):
    (tmp_path / "torchvision.py").write_text("VALUE = 1")
    (tmp_path / "torch.py").write_text("raise ImportError('no torch here')")
    done = python("import torchvision; print(torchvision.VALUE)")
    assert done.stdout == "1\n"


def test_a_process_that_never_imports_torchvision_does_not_import_torch(python):
    done = python("import sys; print('torch' in sys.modules, len(sys.meta_path))")
    assert done.stdout.startswith("False"), done.stderr


def test_a_sitecustomize_that_is_hidden_runs_too(python, tmp_path):
    (tmp_path / "sitecustomize.py").write_text("print('the hidden one')")
    assert python("print('main')").stdout == "the hidden one\nmain\n"


def test_an_import_that_fails_may_be_tried_again(python, tmp_path):
    (tmp_path / "late.py").write_text("raise ImportError('not yet')")
    code = """
from kennel_imports import before_import
calls = []
before_import("late", lambda spec: calls.append(spec.name))
for _ in range(2):
    try:
        import late
    except ImportError as error:
        print(error)
print(calls)
"""
    assert python(code).stdout == "not yet\nnot yet\n['late']\n"
