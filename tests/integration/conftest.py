"""Fixtures of the services' tests."""

from __future__ import annotations

import pytest

from tests.integration.functions import Functions
from tests.planes import Plane


@pytest.fixture(scope="module")
def functions(plane: Plane) -> Functions:
    """Functions on the plane that all tests share."""
    return Functions(plane)
