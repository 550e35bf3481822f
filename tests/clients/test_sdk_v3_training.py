"""The SDK, version 3: ModelTrainer, which asks the policy simulator what its role may."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.clients.conftest import sdk_environment

HERE = Path(__file__).parent
PYTHON = HERE.parents[1] / ".venv-clients-3" / "bin" / "python"


def test_a_model_trainer_stages_its_code_where_its_role_may_write(plane, tmp_path):
    command = [str(PYTHON), "-u", str(HERE / "sdk_v3" / "model_trainer.py"), str(tmp_path)]
    done = subprocess.run(
        [sys.executable, "-m", "kennel", "run", "--", *command],
        cwd=tmp_path,
        env=sdk_environment(tmp_path) | {"KENNEL_STATE": str(plane.state)},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    said = json.loads((tmp_path / "said.json").read_text())
    assert (said["wide"]["status"], said["narrow"]["status"]) == ("Completed", "Completed")
    assert said["wide"]["code"].startswith(f"s3://{said['default']}/")
    assert said["narrow"]["code"].startswith("s3://own-bucket/out/")
