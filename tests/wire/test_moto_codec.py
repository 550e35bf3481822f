"""The adapter to moto brings moto's codec and nothing else of it."""

from __future__ import annotations

import subprocess
import sys

_LOADED = """
import sys
import kennel.wire.moto_codec
print(*sorted({"boto3", "moto.core.models", "moto.core.responses", "requests"} & set(sys.modules)))
"""


def test_the_codec_comes_without_the_rest_of_moto():
    done = subprocess.run(
        [sys.executable, "-c", _LOADED], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == []
