"""What the training job wrote beside the model: output.tar.gz, read by member."""

from __future__ import annotations

import io
import json
import tarfile
from dataclasses import dataclass
from typing import Any

__all__ = ["Confusions", "confusions", "fetch", "metrics"]


@dataclass(frozen=True, slots=True)
class Confusions:
    """`matrix[i][j]` test photos of `labels[i]` were taken for `labels[j]`."""

    labels: list[str]
    matrix: list[list[int]]

    def worst(self, number: int) -> list[tuple[str, str, int]]:
        """The most confused pairs: true label, what it was taken for, how many photos."""
        pairs = [
            (self.labels[row], self.labels[column], count)
            for row, line in enumerate(self.matrix)
            for column, count in enumerate(line)
            if row != column and count
        ]
        return sorted(pairs, key=lambda pair: (-pair[2], pair[0], pair[1]))[:number]


def fetch(s3: Any, bucket: str, key: str) -> dict[str, bytes]:
    """The files of an archive in S3, by their names."""
    data = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:gz") as archive:
        files = {member.name: archive.extractfile(member) for member in archive if member.isreg()}
        return {
            name.removeprefix("./"): file.read() for name, file in files.items() if file is not None
        }


def confusions(files: dict[str, bytes]) -> Confusions:
    """The confusion matrix of the test split."""
    found = json.loads(files["confusion.json"])
    return Confusions(found["labels"], found["matrix"])


def metrics(files: dict[str, bytes]) -> dict[str, Any]:
    """The scores and settings that the job wrote down."""
    found: dict[str, Any] = json.loads(files["metrics.json"])
    return found
