"""Fills the disk of a plane: Python runs this at start where its folder is on PYTHONPATH.

While the file named by FULL_DISK_FLAG exists, a blob's write puts half of its bytes on the disk and
then fails as on a full one.
"""

from __future__ import annotations

import errno
import os

_flag = os.environ.get("FULL_DISK_FLAG", "")

if _flag:
    from kennel.store import staging

    _write_all = staging.write_all

    def _full(descriptor: int, data: bytes) -> None:
        if os.path.exists(_flag):
            os.write(descriptor, data[: len(data) // 2])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        _write_all(descriptor, data)

    staging.write_all = _full
