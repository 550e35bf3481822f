"""import-linter holds the layers (`make lint`); this holds the contracts to cover everything."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CONTRACTS = {
    contract["id"]: contract
    for contract in tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"][
        "contracts"
    ]
}


def parts() -> set[str]:
    """The package's own modules and packages."""
    package = ROOT / "src" / "kennel"
    found = {path.stem for path in package.glob("*.py")} - {"__init__", "__main__"}
    found |= {path.parent.name for path in package.glob("*/*.py")}
    return {f"kennel.{name}" for name in found}


def test_every_part_has_its_place():
    layered = set(re.findall(r"kennel\.\w+", " ".join(CONTRACTS["layers"]["layers"])))
    apart = set(CONTRACTS["inside-other-processes"]["source_modules"])
    assert parts() <= layered | apart


def test_what_runs_inside_other_processes_is_kept_from_every_part():
    contract = CONTRACTS["inside-other-processes"]
    assert set(contract["forbidden_modules"]) | set(contract["source_modules"]) >= parts()
