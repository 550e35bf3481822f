"""Each dependency is declared, locked and accounted for."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]


def names(requirements: list[str]) -> set[str]:
    return {canonical(re.split(r"[\[<>=!~; ]", text)[0]) for text in requirements}


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def imported(folder: str) -> set[str]:
    """The distributions that the modules below a folder import, at the top or inside.

    What a module imports only if it is there, and what stands beside a module that is run as a
    script, is no dependency; nor is a package that one of ours stands in for.
    """
    modules: set[str] = set()
    for path in (ROOT / folder).rglob("*.py"):
        if path.parent.name in ("sdk_v2", "sdk_v3"):
            continue  # these run in environments of their own
        if "stand_ins" in path.parts:
            continue
        beside = {other.stem for other in path.parent.glob("*.py")}
        modules |= imports_of(ast.parse(path.read_text())) - beside
    known = packages_distributions()
    outside = modules - sys.stdlib_module_names - {"kennel", "tests", "scripts", "benchmarks"}
    return {canonical(name) for module in outside for name in known.get(module, [module])}


def imports_of(node: ast.AST) -> set[str]:
    if isinstance(node, ast.Import):
        return {alias.name.split(".")[0] for alias in node.names}
    if isinstance(node, ast.ImportFrom):
        return {node.module.split(".")[0]} if node.level == 0 and node.module else set()
    if isinstance(node, ast.Try) and any(is_import_error(one.type) for one in node.handlers):
        return set()
    return {name for child in ast.iter_child_nodes(node) for name in imports_of(child)}


def is_import_error(kind: ast.expr | None) -> bool:
    return isinstance(kind, ast.Name) and kind.id in ("ImportError", "ModuleNotFoundError")


def test_every_dependency_has_its_line_in_the_docs_and_no_line_is_left_over():
    page = (ROOT / "docs" / "dependencies.md").read_text()
    listed = [canonical(name) for name in re.findall(r"^\| `([^`]+)` \|", page, re.MULTILINE)]
    wanted = names(PROJECT["dependencies"] + [text for extra in EXTRAS.values() for text in extra])
    assert sorted(listed) == sorted(wanted)


def test_whatever_the_package_imports_is_declared():
    declared = names(
        PROJECT["dependencies"]
        + EXTRAS["ml"]
        + EXTRAS["demo"]
        + EXTRAS["notebook"]
        + EXTRAS["plan"]
        + EXTRAS["iam"]
    )
    assert imported("src") <= declared


def test_whatever_the_plane_depends_on_it_imports():
    assert names(PROJECT["dependencies"]) <= imported("src")


def test_whatever_the_tests_import_is_declared():
    declared = names(
        PROJECT["dependencies"]
        + EXTRAS["ml"]
        + EXTRAS["demo"]
        + EXTRAS["notebook"]
        + EXTRAS["plan"]
        + EXTRAS["iam"]
        + EXTRAS["test"]
    )
    assert imported("tests") <= declared


def test_the_lock_pins_every_dependency_but_those_of_a_step_of_their_own():
    lock = (ROOT / "requirements.lock").read_text()
    pins = dict(re.findall(r"^([^#=\s]+)==(\S+)$", lock, re.MULTILINE))
    wanted = names(PROJECT["dependencies"] + [text for extra in EXTRAS.values() for text in extra])
    assert wanted - set(pins) == {"torch", "torchvision"}
    assert set(pins) == {canonical(name) for name in pins}


def test_nothing_says_where_packages_were_had_from():
    for name in ("requirements.lock", "pyproject.toml", "Makefile"):
        text = (ROOT / name).read_text()
        assert not re.search(r"https?://|file:|find-links|trusted-host", text), name
