"""Runs at the start of every Python process of a job or an endpoint.

Python imports one `sitecustomize`, the first on the path. This one does its own small work and
then runs the one that it hides, so a machine's own keeps its effect.
"""

from __future__ import annotations

import os
import sys

__all__: list[str] = []


def _run_the_hidden_one() -> None:
    here = os.path.dirname(os.path.abspath(__file__))
    elsewhere = [entry for entry in sys.path if os.path.abspath(entry) != here]
    if not any(os.path.isfile(os.path.join(entry, "sitecustomize.py")) for entry in elsewhere):
        return  # without importing importlib, which takes longer than all of this
    from importlib.machinery import PathFinder
    from importlib.util import module_from_spec

    spec = PathFinder.find_spec("sitecustomize", elsewhere)
    if spec is None or spec.loader is None:
        return
    module = module_from_spec(spec)
    sys.modules["sitecustomize"] = module
    spec.loader.exec_module(module)


# The folder is taken as a package only by type checkers; at run time it is a path entry.
from kennel_imports import mend_imports  # type: ignore[import-not-found]  # noqa: E402

mend_imports()
_run_the_hidden_one()
