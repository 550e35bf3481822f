"""What every module of the package keeps to."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "src" / "kennel"
MODULES = sorted(PACKAGE.rglob("*.py"))
MODULE_LINES = 500
FUNCTION_LINES = 60
NAMES_THAT_SAY_NOTHING = {"utils", "util", "helpers", "helper", "manager", "misc", "common"}


@pytest.fixture(params=MODULES, ids=[str(path.relative_to(PACKAGE)) for path in MODULES])
def module(request) -> Path:
    path: Path = request.param
    return path


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def test_a_module_is_one_noun(module):
    assert len(module.read_text().splitlines()) <= MODULE_LINES
    assert module.stem not in NAMES_THAT_SAY_NOTHING


def test_a_function_fits_a_screen(module):
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            # Without its signature: an operation of AWS's may well have thirty parameters.
            lines = node.end_lineno - node.body[0].lineno + 1
            assert lines < FUNCTION_LINES, f"{node.name} has {lines} lines"


def test_a_module_says_what_it_is_and_what_of_it_is_public(module):
    parsed = tree(module)
    assert ast.get_docstring(parsed), "no docstring"
    if module.name == "__main__.py":
        return
    bound: set[str] = set()
    public: list[str] | None = None
    for node in parsed.body:
        bound |= names_bound_by(node)
        match node:
            case (
                ast.Assign(targets=[ast.Name("__all__")])
                | ast.AnnAssign(target=ast.Name("__all__"))
            ):
                assert node.value is not None
                public = ast.literal_eval(node.value)
    assert public is not None, "no __all__"
    assert set(public) <= bound, "__all__ names what is not there"
    assert len(set(public)) == len(public)


def names_bound_by(node: ast.stmt) -> set[str]:
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return {node.name}
        case ast.Import() | ast.ImportFrom():
            return {alias.asname or alias.name for alias in node.names}
        case ast.Assign():
            return {
                name.id
                for target in node.targets
                for name in ast.walk(target)
                if isinstance(name, ast.Name)
            }
        case ast.AnnAssign(target=ast.Name(name)):
            return {name}
        case ast.If() | ast.Try():
            return {
                name
                for child in ast.walk(node)
                if isinstance(child, ast.stmt) and child is not node
                for name in names_bound_by(child)
            }
    return set()


def test_no_test_is_skipped():
    marks = ("pytest.skip", "mark.skip", "mark.xfail", "importorskip", "unittest.skip")
    for path in (ROOT / "tests").rglob("*.py"):
        if path != Path(__file__):
            text = path.read_text()
            assert not [mark for mark in marks if mark in text], path
