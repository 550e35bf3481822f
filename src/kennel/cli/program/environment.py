"""The environment of a program that runs against the plane."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from kennel.cli.connection import Connection
from kennel.client_environment import Keys, Reach, client_variables, without_aws_settings

__all__ = ["program_environment"]


def program_environment(
    inherited: Mapping[str, str], plane: Connection, state: Path, keys: Keys
) -> dict[str, str]:
    """What the person's shell has, but for whatever says where AWS is: that is the plane's."""
    reach = Reach.of(state, plane.url, plane.region)
    return {
        **without_aws_settings(inherited),
        **client_variables(reach, keys),
        "KENNEL_STATE": str(state),
    }
