"""Features of photos: each computed once, whoever asks first, and kept.

They are kept in shards, by the first bits of the photo's digest. A shard is the unit of work: jobs
that run side by side each take those that nobody else has taken, and then wait for the others'.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .cache import Cache
from .dataset import Photo
from .errors import PictureError
from .preparation import Preparation
from .session import Session
from .views import View, pixels

__all__ = ["FeatureStore", "Tally", "thread_count"]

_SHARDS = 64
_DIGEST = 32
_HEAD = struct.Struct("<II")  # photos, dimensions

_Rows = dict[bytes, NDArray[np.float16]]


@dataclass(slots=True)
class Tally:
    """Of one run: features computed here, and those that were there already."""

    computed: int = 0
    found: int = 0


class FeatureStore:
    """The features of one backbone. A photo that can't be decoded has a row of NaN."""

    def __init__(self, cache: Cache, preparation: Preparation, workers: int) -> None:
        self._cache = cache
        self._preparation = preparation
        self._workers = workers
        self._session: Session | None = None
        self._shards: dict[str, _Rows] = {}
        self._asked: set[tuple[str, bytes]] = set()
        self.tally = Tally()

    def features(self, photos: Sequence[Photo], view: View) -> NDArray[np.float32]:
        """(photos, dimensions), in their order; what is missing is computed and kept."""
        shards: dict[int, dict[bytes, str]] = {}
        for photo in photos:
            shards.setdefault(photo.digest[0] % _SHARDS, {})[photo.digest] = photo.path
        found: _Rows = {}
        with ThreadPoolExecutor(self._workers) as pool:

            def take(shard: int, wait: bool) -> bool:
                rows = self._rows(f"{view.name}/{shard:02x}", shards[shard], view, pool, wait)
                found.update(rows or {})
                return rows is not None

            for shard in [shard for shard in shards if not take(shard, False)]:
                take(shard, True)
        self._asked |= {(view.name, photo.digest) for photo in photos}
        self.tally.found = len(self._asked) - self.tally.computed
        if not photos:
            return np.empty((0, self._preparation.dimensions), np.float32)
        return np.stack([found[photo.digest] for photo in photos]).astype(np.float32)

    def _rows(
        self, name: str, wanted: dict[bytes, str], view: View, pool: ThreadPoolExecutor, wait: bool
    ) -> _Rows | None:
        """A shard's rows, at least those of the `wanted` files. None where another process has
        the shard in hand and `wait` is false."""
        entry = f"features/{self._preparation.key}/{name}"
        rows = self._shards.get(entry) or self._read(entry)
        missing = wanted.keys() - rows.keys()
        if missing:
            with self._cache.lock(entry, wait) as is_ours:
                if not is_ours:
                    return None
                rows = self._read(entry)  # another may have been quicker
                missing = wanted.keys() - rows.keys()
                if missing:
                    order = sorted(missing)
                    computed = pool.map(lambda digest: self._compute(wanted[digest], view), order)
                    rows = rows | dict(zip(order, computed, strict=True))
                    self._cache.write(entry, _packed(rows))
                    self.tally.computed += len(missing)
        self._shards[entry] = rows
        return rows

    def _compute(self, path: str, view: View) -> NDArray[np.float16]:
        try:
            with open(path, "rb") as file:
                image = pixels(file.read(), path, self._preparation.size, view)
        except PictureError:
            return np.full(self._preparation.dimensions, np.nan, np.float16)
        if self._session is None:
            # Two threads may both make one at the very first photo; either will do.
            self._session = Session(self._preparation.model)
        row: NDArray[np.float16] = self._session.features(image[np.newaxis])[0].astype(np.float16)
        return row

    def _read(self, entry: str) -> _Rows:
        content = self._cache.read(entry)
        return {} if content is None else _unpacked(content)


def thread_count(asked: int = 0) -> int:
    """How many threads compute features: as asked, else the share of this machine that the job
    was given (OMP_NUM_THREADS), else every core."""
    given = os.environ.get("OMP_NUM_THREADS", "")
    return asked or (int(given) if given.isdigit() and int(given) else 0) or _cores()


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _packed(rows: _Rows) -> bytes:
    values: Iterable[NDArray[np.float16]] = rows.values()
    matrix = np.stack(list(values))
    return _HEAD.pack(*matrix.shape) + b"".join(rows) + matrix.tobytes()


def _unpacked(content: bytes) -> _Rows:
    count, dimensions = _HEAD.unpack_from(content)
    start = _HEAD.size + count * _DIGEST
    matrix = np.frombuffer(content, np.float16, offset=start).reshape(count, dimensions)
    digests = (
        content[position : position + _DIGEST] for position in range(_HEAD.size, start, _DIGEST)
    )
    return dict(zip(digests, matrix, strict=True))
