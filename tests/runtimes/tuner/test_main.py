"""The search process as the plane runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[3] / "src"
SPACE = [{"name": "n", "kind": "integer", "low": 1, "high": 9, "scale": "linear"}]
REQUEST = {"strategy": "Random", "seed": 1, "number": 1, "budget": 3, "maximize": True}


def answers(*lines: str) -> list[dict[str, object]]:
    done = subprocess.run(
        [sys.executable, "-m", "kennel.runtimes.tuner"],
        input="".join(line + "\n" for line in lines),
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(SOURCE), "PATH": os.environ["PATH"]},
        timeout=60,
    )
    assert done.returncode == 0
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_each_line_is_answered_and_the_end_of_the_input_ends_it() -> None:
    request = json.dumps(REQUEST | {"space": SPACE, "trials": []})
    first, second = answers(request, request)
    assert first == second
    assert first["parameters"]


def test_a_line_that_makes_no_sense_spoils_no_other() -> None:
    request = json.dumps(REQUEST | {"space": SPACE, "trials": []})
    bad, unknown, good = answers("{", json.dumps({**json.loads(request), "strategy": "?"}), request)
    assert "JSONDecodeError" in str(bad["error"])
    assert "KeyError" in str(unknown["error"])
    assert good["parameters"]


def test_random_and_grid_searches_do_not_pay_for_optuna() -> None:
    script = (
        "import json, sys\n"
        "from kennel.runtimes.tuner import propose\n"
        f"propose(json.loads({json.dumps(json.dumps(REQUEST | {'space': SPACE, 'trials': []}))}))\n"
        "print('optuna' in sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(SOURCE)},
        timeout=60,
    )
    assert done.stdout == "False\n"
