"""The pages that are made from the code are current, and no page points nowhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from scripts import commands_page, coverage_page

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def test_the_commands_page_is_current():
    assert commands_page.PAGE.read_text() == commands_page.page(), "run `make docs`"


def test_the_commands_page_lists_what_a_sub_command_takes():
    section = commands_page.page().partition("## `kennel data`")[2].partition("\n## ")[0]
    for argument in ("DIR", "--breeds N", "--train N", "--valid N", "--test N", "NAME"):
        assert f"- `{argument}`: " in section
    assert ": None" not in commands_page.page()
    assert "--background" not in commands_page.page()


def test_the_coverage_page_is_current():
    found = coverage_page.page(coverage_page.coverage())
    assert coverage_page.PAGE.read_text() == found, "run `make docs`"


@pytest.mark.parametrize("page", PAGES, ids=[path.name for path in PAGES])
def test_every_link_of_a_page_leads_somewhere(page):
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if target.startswith(("http://", "https://")):
            continue
        path, _, anchor = target.partition("#")
        file = page.parent / path if path else page
        assert file.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.+)$", file.read_text(), re.MULTILINE)
            assert anchor in {slug(heading) for heading in headings}, target


def slug(heading: str) -> str:
    """GitHub's anchor of a heading."""
    kept = re.sub(r"[^\w\- ]", "", heading.lower())
    return kept.replace(" ", "-")


def test_every_path_of_the_source_that_a_page_names_exists():
    for page in PAGES:
        for name in re.findall(
            r"`((?:src|tests|scripts|docs|benchmarks)/[\w./-]+)`", page.read_text()
        ):
            assert (ROOT / name).exists(), f"{page.name}: {name}"


def test_every_module_that_a_page_names_exists():
    for page in PAGES:
        for name in re.findall(r"`(kennel(?:\.\w+)+)`", page.read_text()):
            if name.startswith("kennel.") and name not in ("kennel.db", "kennel.toml"):
                path = ROOT / "src" / name.replace(".", "/")
                found = path.is_dir() or path.with_suffix(".py").exists()
                inside = path.parent.is_dir() or path.parent.with_suffix(".py").exists()
                assert found or inside, f"{page.name}: {name}"


def test_every_target_that_a_page_names_is_one_of_makes():
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    for page in PAGES:
        named = set(re.findall(r"`make ([a-z-]+)", page.read_text()))
        assert named <= targets, page.name
