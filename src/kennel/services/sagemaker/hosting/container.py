"""The environment of an endpoint's processes."""

from __future__ import annotations

import os
from collections.abc import Mapping

__all__ = ["container_environment"]

# glibc's malloc gives large tensors back to the kernel after every inference and pays 19 % of an
# inference in page faults to get them again; these settings keep them.
_MALLOC = {
    "MALLOC_MMAP_THRESHOLD_": "268435456",
    "MALLOC_TRIM_THRESHOLD_": "536870912",
    "MALLOC_TOP_PAD_": "67108864",
}

# A child of a process that ran a parallel region hangs in its own; one thread an instance also
# keeps several instances from fighting for the cores.
_THREADS = dict.fromkeys(
    ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS"), "1"
)

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def container_environment(own: Mapping[str, str]) -> dict[str, str]:
    """What the process sees: nothing of the plane's own environment but its locale, then what a
    container of AWS's would have, then `own`."""
    return {
        "PATH": os.environ.get("PATH", _PATH),
        "LANG": os.environ.get("LANG", "C.UTF-8"),
        "PYTHONUNBUFFERED": "1",
        **_MALLOC,
        **_THREADS,
        **own,
    }
