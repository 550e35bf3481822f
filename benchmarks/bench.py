"""One run of the benchmarks: its folder, its planes, how long it may measure."""

from __future__ import annotations

import compileall
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import kennel
from benchmarks.signing import Signer
from kennel.cli.connection import Connection
from tests.planes import Plane

__all__ = ["Bench", "address_of", "open_bench", "signer_of"]


@dataclass(slots=True)
class Bench:
    """A quick run has fewer rounds and shorter slices. `moto` is a `moto_server` to stand beside
    the plane, if there is one. `data` holds train/ and valid/ with photos for the recipe; it draws
    some otherwise."""

    folder: Path
    quick: bool
    moto: Path | None
    data: Path | None

    def rounds(self, whole: int) -> int:
        """How often to measure."""
        return max(2, whole // 4) if self.quick else whole

    def count(self, whole: int) -> int:
        """How many of something to do."""
        return max(1, whole // 10) if self.quick else whole

    def seconds(self, whole: float) -> float:
        """How long a slice of load lasts."""
        return whole / 2.5 if self.quick else whole

    @contextmanager
    def plane(self, name: str, *options: str) -> Iterator[Plane]:
        """A plane of its own on an empty state folder, with these options, stopped afterwards."""
        plane = Plane(self.folder / name, *options).start()
        try:
            yield plane
        finally:
            plane.close()

    def say(self, text: str) -> None:
        """Progress, apart from the table."""
        print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


@contextmanager
def open_bench(quick: bool, moto: Path | None, data: Path | None) -> Iterator[Bench]:
    """A bench whose folder goes away with it. Kennel is compiled first, as an installed package
    is: some environments keep Python from writing bytecode, and every start would compile."""
    compileall.compile_dir(Path(kennel.__file__).parent, quiet=1)
    with tempfile.TemporaryDirectory(prefix="kennel-bench-") as folder:
        yield Bench(Path(folder), quick, moto, data)


def signer_of(connection: Connection) -> Signer:
    """Signs as the plane's root user."""
    return Signer(
        connection.url.removeprefix("http://"),
        connection.region,
        connection.access_key_id,
        connection.secret_access_key,
    )


def address_of(connection: Connection) -> tuple[str, int]:
    """Where raw requests go."""
    host, _, port = connection.url.removeprefix("http://").partition(":")
    return host, int(port)
