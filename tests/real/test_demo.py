"""The demo on real photos: what the project promises of it."""

from __future__ import annotations

import json
import os

from tests.conftest import PlaneFactory

PHOTOS = os.environ["KENNEL_DOGS"]


def test_the_demo_recognises_the_test_photos_of_133_breeds(
    plane_factory: PlaneFactory, tmp_path_factory
) -> None:
    folder = tmp_path_factory.mktemp("demo")
    report = folder / "report.json"
    done = plane_factory().command(
        *("demo", "--data", PHOTOS, "--output", str(folder), "--json", str(report)),
        seconds=900.0,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(report.read_text())
    print(f"{told['seconds']:.0f} s, {told['test_accuracy']:.1%} of the test photos")
    assert len(told["prediction"]["logits"]) == 133
    assert len(told["trials"]) == 6
    assert told["test_accuracy"] >= 0.78
