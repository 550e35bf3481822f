"""What people write by hand (`images.toml`, plans, traffic): read, or refused in a sentence."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from kennel.planner.errors import PlannerError
from kennel.planner.options import read_file
from kennel.planner.traffic import parse_traffic, traffic_from_table
from kennel.services.sagemaker.images import Images, UnknownImage
from tests.fuzz.target import Check, Target

__all__ = ["CONFIGURATIONS"]

_IMAGES = """\
[images]
"*/mine:[0-9]*" = { command = ["program", "--flag"] }
"b" = { python = "/nowhere/python" }
[kernels]
conda_mine = { python = "/nowhere/python" }
"""
_PLAN = """\
instances = "1..4"
service-time = ["60ms"]
objective = "p95<200ms"
[traffic]
kind = "burst"
base = "5/s"
height = "50/s"
length = "60s"
every = "10m"
"""
_TRAFFIC = (
    "constant:20/s",
    "daily:peak=50/s,trough=5/s,at=14:00",
    "burst:base=5/s,height=50/s,length=60s,every=10m",
    "even:5/s..50/s:10m,50/s:1h,50/s..5/s:10m",
    "daily:" + ",".join(f"{hour}/s" for hour in range(24)),
)
_TABLES = {
    "csv": "timestamp,count\n2026-01-01T00:00:00Z,5\n2026-01-01T00:01:00Z,7\n",
    "json": '{"Datapoints":[{"Timestamp":"2026-01-01T00:00:00Z","Sum":5.0},'
    '{"Timestamp":"2026-01-01T00:01:00Z","Sum":6.0}]}',
}


@cache
def _seeds() -> Sequence[bytes]:
    texts = [f"images\n{_IMAGES}", f"plan\n{_PLAN}"]
    texts += [f"traffic\n{text}" for text in _TRAFFIC]
    texts += [f"{kind}\n{text}" for kind, text in _TABLES.items()]
    return tuple(text.encode() for text in texts)


@contextmanager
def _opened() -> Iterator[Check]:
    with tempfile.TemporaryDirectory(prefix="fuzz-configurations-") as name:
        folder = Path(name)

        def check(data: bytes) -> None:
            kind, _, content = data.partition(b"\n")
            try:
                _read(folder, kind.decode("latin-1"), content)
            except (UnknownImage, PlannerError) as error:
                assert str(error)

        yield check


def _read(folder: Path, kind: str, content: bytes) -> None:
    if kind == "images":
        (folder / "images.toml").write_bytes(content)
        Images(folder, "000000000000").find("x.dkr.ecr.us-east-1.amazonaws.com/mine:1")
        Images(folder, "000000000000").kernels()
    elif kind == "plan":
        (folder / "plan.toml").write_bytes(content)
        _, traffic = read_file(folder / "plan.toml")
        if isinstance(traffic, dict) and "file" not in traffic:
            traffic_from_table(traffic, 60.0)
    elif kind in _TABLES:
        (folder / f"t.{kind}").write_bytes(content)
        parse_traffic(str(folder / f"t.{kind}"), 60.0)
    elif kind == "traffic":
        text = content.decode("utf-8", "replace")
        if "." not in text and "/" not in text.partition(":")[0]:  # else it names a file
            parse_traffic(text, 60.0)


CONFIGURATIONS = Target("configurations", _seeds, _opened)
