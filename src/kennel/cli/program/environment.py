"""The environment of a program that runs against the plane."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from kennel.cli.connection import Connection
from kennel.client_environment import Keys, Reach, client_variables, without_aws_settings
from kennel.runtimes import SITE_FOLDER
from kennel.weights import WEIGHTS_DIR, WeightsFolder

__all__ = ["program_environment"]


def program_environment(
    inherited: Mapping[str, str], plane: Connection, state: Path, keys: Keys
) -> dict[str, str]:
    """What the person's shell has, but for whatever says where AWS is: that is the plane's.

    A Python finds there what a job's Python finds: a torchvision that imports on any PyTorch, and
    the weights that `kennel weights` keeps.
    """
    python_path = filter(None, (SITE_FOLDER, inherited.get("PYTHONPATH")))
    reach = Reach.of(state, plane.url, plane.region)
    return {
        **without_aws_settings(inherited),
        **client_variables(reach, keys),
        "KENNEL_STATE": str(state),
        "PYTHONPATH": os.pathsep.join(python_path),
        WEIGHTS_DIR: str(WeightsFolder(state).make()),
    }
