"""The page for newcomers runs as it stands."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tests.planes import Plane, clean_environment

PAGE = Path(__file__).resolve().parents[2] / "docs" / "your-own.md"


def test_the_newcomers_page_does_what_it_says(plane: Plane) -> None:
    (block,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    connection = plane.connection
    environment = clean_environment() | {
        "AWS_ENDPOINT_URL": plane.url,
        "AWS_REGION": connection.region,
        "AWS_DEFAULT_REGION": connection.region,
        "AWS_ACCESS_KEY_ID": connection.access_key_id,
        "AWS_SECRET_ACCESS_KEY": connection.secret_access_key,
    }
    done = subprocess.run(
        [sys.executable, "-c", block],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    first, last = done.stdout.splitlines()
    assert first.startswith("Completed")
    assert "'Value': 2.0" in first
    assert last == "[21.0, 22.0]"
