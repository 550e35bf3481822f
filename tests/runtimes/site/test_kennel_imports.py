"""Before imports, in real interpreters with the site folder on their path."""

from __future__ import annotations

# What torchvision's own __init__ does that fails on a CPU build of PyTorch.
TORCHVISION = """
import torch
class Registered(RuntimeError): pass
torch.library.register_fake("torchvision::nms")(lambda dets, scores, iou: dets)
torch.library.register_fake("torchvision::qnms")(lambda dets, scores, iou: dets)
"""


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


def test_something_may_follow_the_first_import_of_a_submodule(python, tmp_path):
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "__init__.py").write_text("from package import inner")
    (tmp_path / "package" / "inner.py").write_text("VALUE = 1")
    code = """
from kennel_imports import after_import
after_import("package.inner", lambda module: print("after", module.VALUE))
import package
after_import("package.inner", lambda module: print("at once", module.VALUE))
"""
    assert python(code).stdout == "after 1\nat once 1\n"
