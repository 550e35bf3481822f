"""How many threads the numerical libraries of a process may use.

Several processes share this machine's cores, and torch with two OpenMP threads beside another
busy process falls to a fraction of its speed, so a process gets one unless it was told otherwise.
The variables are read once, when the libraries are loaded.
"""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["THREAD_VARIABLES", "thread_variables"]

THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


def thread_variables(environment: Mapping[str, str]) -> dict[str, str]:
    """The thread variables for a child: its own where set, else OpenMP's, else one."""
    common = environment.get("OMP_NUM_THREADS") or "1"
    return {name: environment.get(name) or common for name in THREAD_VARIABLES}
